// dev.handheld.NativeValue to and from hh_value.
#pragma once

#include <string>
#include <vector>

#include "jni_support.hpp"

namespace hh::jni {

/** Looks up the fields of NativeValue, once. False, with a Java exception pending, if one is missing. */
bool value_init(JNIEnv *env);

/** A value on its way in. Owns copies of all that `view` points to, except image planes, which are Java's buffers. */
class ValueIn {
public:
    ValueIn(JNIEnv *env, jobject value);
    ValueIn(const ValueIn &) = delete;
    ValueIn &operator=(const ValueIn &) = delete;

    hh_value view = HH_VALUE_INIT;

private:
    void read_image(JNIEnv *env, jobject value);
    void read_shape(JNIEnv *env, jobject value);

    std::string name_, bytes_;
    std::vector<float> floats_;
};

/** Sets the field `run` only. */
void set_run(JNIEnv *env, jobject value, hh_run run);

/** Copies a value of the core into the fields. */
void fill(JNIEnv *env, jobject value, const hh_value &from);

}  // namespace hh::jni
