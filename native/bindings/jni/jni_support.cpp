#include "jni_support.hpp"

namespace hh::jni {
namespace {

jclass failure_class = nullptr;
jmethodID failure_constructor = nullptr;

}  // namespace

bool support_init(JNIEnv *env) {
    const jclass local = env->FindClass("dev/handheld/HandheldException");
    if (local == nullptr) return false;
    failure_class = static_cast<jclass>(env->NewGlobalRef(local));
    env->DeleteLocalRef(local);
    if (failure_class == nullptr) return false;
    failure_constructor = env->GetMethodID(failure_class, "<init>", "(I[B[B)V");
    return failure_constructor != nullptr;
}

void raise(JNIEnv *env, hh_status code, std::string_view message, std::string_view log) noexcept {
    if (env->ExceptionCheck() == JNI_TRUE) return;  // the first one tells more
    try {
        const jbyteArray message_bytes = bytes_of(env, message.data(), message.size());
        const jbyteArray log_bytes = bytes_of(env, log.data(), log.size());
        const jobject failure =
            env->NewObject(failure_class, failure_constructor, static_cast<jint>(code), message_bytes, log_bytes);
        check(env);
        env->Throw(static_cast<jthrowable>(failure));
    } catch (const Pending &) {
        // The Java heap is full: its OutOfMemoryError is pending instead.
    }
}

jint outcome(JNIEnv *env, hh_status status, const hh_error &error) {
    if (status < HH_INVALID_ARGUMENT) return static_cast<jint>(status);
    raise(env, status, error.message[0] != '\0' ? error.message : hh_status_sentence(status), error.log);
    throw Pending{};
}

std::optional<std::string> text_of(JNIEnv *env, jbyteArray array) {
    if (array == nullptr) return std::nullopt;
    const jsize size = env->GetArrayLength(array);
    std::string text(static_cast<std::size_t>(size), '\0');
    env->GetByteArrayRegion(array, 0, size, reinterpret_cast<jbyte *>(text.data()));
    check(env);
    return text;
}

jbyteArray bytes_of(JNIEnv *env, const void *data, std::size_t size) {
    const jbyteArray array = env->NewByteArray(static_cast<jsize>(size));
    if (array == nullptr) throw Pending{};
    env->SetByteArrayRegion(array, 0, static_cast<jsize>(size), static_cast<const jbyte *>(data));
    check(env);
    return array;
}

}  // namespace hh::jni
