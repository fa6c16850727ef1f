// dev.handheld.NativeTask: one row of the table for each external function, one C call in each body.
#include <cstring>
#include <iterator>
#include <vector>

#include "native_value.hpp"

namespace hh::jni {
namespace {

hh_task *task_at(jlong address) { return reinterpret_cast<hh_task *>(static_cast<intptr_t>(address)); }

jbyteArray version(JNIEnv *env, jclass) {
    return guarded(env, [&] { return bytes_of(env, hh_version(), std::strlen(hh_version())); });
}

jbyteArray build_info(JNIEnv *env, jclass) {
    return guarded(env, [&] { return bytes_of(env, hh_build_info(), std::strlen(hh_build_info())); });
}

// The files of an open, with the texts that their C structs point to.
class Files {
public:
    Files(JNIEnv *env, jobjectArray roles, jobjectArray paths, jintArray fds, jlongArray offsets, jlongArray lengths) {
        const jsize count = env->GetArrayLength(roles);
        texts_.reserve(2 * static_cast<std::size_t>(count));
        for (jsize i = 0; i < count; ++i) {
            hh_file file = HH_FILE_INIT;
            file.role = keep(env, roles, i);
            file.path = keep(env, paths, i);
            env->GetIntArrayRegion(fds, i, 1, &file.fd);
            env->GetLongArrayRegion(offsets, i, 1, reinterpret_cast<jlong *>(&file.offset));
            env->GetLongArrayRegion(lengths, i, 1, reinterpret_cast<jlong *>(&file.length));
            check(env);
            files_.push_back(file);
        }
    }

    [[nodiscard]] const hh_file *data() const { return files_.empty() ? nullptr : files_.data(); }
    [[nodiscard]] std::size_t size() const { return files_.size(); }

private:
    const char *keep(JNIEnv *env, jobjectArray array, jsize index) {
        const auto element = static_cast<jbyteArray>(env->GetObjectArrayElement(array, index));
        check(env);
        auto text = text_of(env, element);
        env->DeleteLocalRef(element);
        if (!text) return nullptr;
        texts_.push_back(std::move(*text));  // reserved: earlier pointers stay good
        return texts_.back().c_str();
    }

    std::vector<std::string> texts_;
    std::vector<hh_file> files_;
};

jlong open(JNIEnv *env, jclass, jbyteArray manifest_path, jbyteArray manifest_json, jobjectArray roles,
           jobjectArray paths, jintArray fds, jlongArray offsets, jlongArray lengths, jbyteArray options_json) {
    return guarded(env, [&]() -> jlong {
        const auto path = text_of(env, manifest_path), json = text_of(env, manifest_json);
        const auto overrides = text_of(env, options_json);
        const Files files(env, roles, paths, fds, offsets, lengths);
        hh_task_options options = HH_TASK_OPTIONS_INIT;
        options.manifest_path = path ? path->c_str() : nullptr;
        options.manifest_json = json ? json->c_str() : nullptr;
        options.files = files.data();
        options.file_count = files.size();
        options.options_json = overrides ? overrides->c_str() : nullptr;
        hh_error error = HH_ERROR_INIT;
        hh_task *task = nullptr;
        outcome(env, hh_task_open(&options, &task, &error), error);
        return static_cast<jlong>(reinterpret_cast<intptr_t>(task));
    });
}

jint load(JNIEnv *env, jclass, jlong task) {
    return guarded(env, [&] {
        hh_error error = HH_ERROR_INIT;
        const hh_status status = hh_task_load(task_at(task), &error);
        return outcome(env, status, error);
    });
}

jfloat progress(JNIEnv *, jclass, jlong task) { return hh_task_progress(task_at(task)); }

void configure(JNIEnv *env, jclass, jlong task, jbyteArray json) {
    guarded(env, [&] {
        hh_error error = HH_ERROR_INIT;
        const hh_status status = hh_task_configure(task_at(task), text_of(env, json).value().c_str(), &error);
        outcome(env, status, error);
    });
}

jint send(JNIEnv *env, jclass, jlong task, jobject value) {
    return guarded(env, [&] {
        const ValueIn in(env, value);
        hh_error error = HH_ERROR_INIT;
        hh_run run = 0;
        const hh_status status = hh_task_send(task_at(task), &in.view, &run, &error);
        set_run(env, value, run);
        return outcome(env, status, error);
    });
}

// The run is set also when an exception follows: the caller must know whose error it is.
jint give(JNIEnv *env, jobject value, const hh_value &out, hh_status status, const hh_error &error) {
    set_run(env, value, out.run);
    if (status == HH_OK) fill(env, value, out);
    return outcome(env, status, error);
}

jint receive(JNIEnv *env, jclass, jlong task, jobject value) {
    return guarded(env, [&] {
        hh_error error = HH_ERROR_INIT;
        hh_value out = HH_VALUE_INIT;
        const hh_status status = hh_task_receive(task_at(task), &out, &error);
        return give(env, value, out, status, error);
    });
}

void cancel(JNIEnv *, jclass, jlong task, jlong run) { hh_task_cancel(task_at(task), static_cast<hh_run>(run)); }

void reset(JNIEnv *env, jclass, jlong task) {
    guarded(env, [&] {
        hh_error error = HH_ERROR_INIT;
        const hh_status status = hh_task_reset(task_at(task), &error);
        outcome(env, status, error);
    });
}

// hh_task_info and hh_task_report: no hh_error, and the text is borrowed, so it is copied at once.
jbyteArray json_of(JNIEnv *env, jlong task, hh_status (*function)(hh_task *, hh_value *)) {
    return guarded(env, [&] {
        const hh_error no_details = HH_ERROR_INIT;
        hh_value json = HH_VALUE_INIT;
        outcome(env, function(task_at(task), &json), no_details);
        return bytes_of(env, json.data, json.size);
    });
}

jbyteArray info(JNIEnv *env, jclass, jlong task) { return json_of(env, task, hh_task_info); }

jbyteArray report(JNIEnv *env, jclass, jlong task) { return json_of(env, task, hh_task_report); }

jint trace(JNIEnv *env, jclass, jlong task, jobject value) {
    return guarded(env, [&] {
        hh_error error = HH_ERROR_INIT;
        hh_value out = HH_VALUE_INIT;
        const hh_status status = hh_task_trace(task_at(task), &out, &error);
        return give(env, value, out, status, error);
    });
}

void close(JNIEnv *, jclass, jlong task) { hh_task_close(task_at(task)); }

template <typename Function>
JNINativeMethod row(const char *name, const char *signature, Function *function) {
    return {const_cast<char *>(name), const_cast<char *>(signature), reinterpret_cast<void *>(function)};
}

bool register_functions(JNIEnv *env) {
    const JNINativeMethod table[] = {
        row("version", "()[B", version),
        row("buildInfo", "()[B", build_info),
        row("open", "([B[B[[B[[B[I[J[J[B)J", open),
        row("load", "(J)I", load),
        row("progress", "(J)F", progress),
        row("configure", "(J[B)V", configure),
        row("send", "(JLdev/handheld/NativeValue;)I", send),
        row("receive", "(JLdev/handheld/NativeValue;)I", receive),
        row("cancel", "(JJ)V", cancel),
        row("reset", "(J)V", reset),
        row("info", "(J)[B", info),
        row("report", "(J)[B", report),
        row("trace", "(JLdev/handheld/NativeValue;)I", trace),
        row("close", "(J)V", close),
    };
    const jclass type = env->FindClass("dev/handheld/NativeTask");
    if (type == nullptr) return false;
    const bool registered = env->RegisterNatives(type, table, static_cast<jint>(std::size(table))) == JNI_OK;
    env->DeleteLocalRef(type);
    return registered;
}

}  // namespace
}  // namespace hh::jni

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *) {
    JNIEnv *env = nullptr;
    if (vm->GetEnv(reinterpret_cast<void **>(&env), JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
    // A missing class or field leaves its own exception pending, which System.loadLibrary throws.
    if (!hh::jni::support_init(env) || !hh::jni::value_init(env) || !hh::jni::register_functions(env)) return JNI_ERR;
    return JNI_VERSION_1_6;
}
