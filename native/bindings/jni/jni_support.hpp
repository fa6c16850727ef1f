// What every function of the JNI binding needs: bytes across, failures as exceptions.
#pragma once

#include <jni.h>

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "handheld.h"

namespace hh::jni {

/** Thrown when a Java exception is pending; the native function only has to return. Never leaves the binding. */
struct Pending {};

/** Looks up the classes and fields below, once. False, with a Java exception pending, if one is missing. */
bool support_init(JNIEnv *env);

/** Throws Pending if the last JNI call left an exception, for example for want of memory. */
inline void check(JNIEnv *env) {
    if (env->ExceptionCheck() == JNI_TRUE) throw Pending{};
}

/** Leaves a dev.handheld.HandheldException pending. */
void raise(JNIEnv *env, hh_status code, std::string_view message, std::string_view log) noexcept;

/** Gives a status below 100 back; throws Pending for any other, with the exception made from `error`. */
jint outcome(JNIEnv *env, hh_status status, const hh_error &error);

/** The bytes of an array; nothing for null. NULs are kept, so c_str() is only right where none can be. */
std::optional<std::string> text_of(JNIEnv *env, jbyteArray array);

/** A new array. */
jbyteArray bytes_of(JNIEnv *env, const void *data, std::size_t size);

/** Calls `body`; whatever goes wrong in it becomes a Java exception, and the result is then 0. */
template <typename Body>
auto guarded(JNIEnv *env, Body body) noexcept -> decltype(body()) {
    using Result = decltype(body());
    try {
        return body();
    } catch (const Pending &) {
        // The exception is set already.
    } catch (const std::bad_alloc &) {
        raise(env, HH_OUT_OF_MEMORY, hh_status_sentence(HH_OUT_OF_MEMORY), {});
    } catch (const std::exception &failure) {
        raise(env, HH_INTERNAL, failure.what(), {});
    } catch (...) {
        raise(env, HH_INTERNAL, hh_status_sentence(HH_INTERNAL), {});
    }
    return Result();
}

}  // namespace hh::jni
