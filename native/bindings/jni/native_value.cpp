#include "native_value.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace hh::jni {
namespace {

// One list of the fields: their handles, names and types cannot come apart.
#define HH_VALUE_FIELDS(FIELD)               \
    FIELD(kind, "I")                         \
    FIELD(name, "[B")                        \
    FIELD(run, "J")                          \
    FIELD(bytes, "[B")                       \
    FIELD(floats, "[F")                      \
    FIELD(planes, "[Ljava/nio/ByteBuffer;")  \
    FIELD(rate, "I")                         \
    FIELD(channels, "I")                     \
    FIELD(pixels, "I")                       \
    FIELD(width, "I")                        \
    FIELD(height, "I")                       \
    FIELD(rotation, "I")                     \
    FIELD(rowStrides, "[I")                  \
    FIELD(pixelStrides, "[I")                \
    FIELD(dtype, "I")                        \
    FIELD(shape, "[J")                       \
    FIELD(labels, "[[B")

struct Fields {
#define HH_FIELD(name, signature) jfieldID name = nullptr;
    HH_VALUE_FIELDS(HH_FIELD)
#undef HH_FIELD
} fields;

jclass byte_array_class = nullptr;

template <typename Array>
Array array_field(JNIEnv *env, jobject value, jfieldID field) {
    return static_cast<Array>(env->GetObjectField(value, field));
}

// Reads at most `count` entries; the rest of `into` stays as it was.
void read_ints(JNIEnv *env, jobject value, jfieldID field, int32_t *into, jsize count) {
    const auto array = array_field<jintArray>(env, value, field);
    if (array == nullptr) return;
    env->GetIntArrayRegion(array, 0, std::min(count, env->GetArrayLength(array)), reinterpret_cast<jint *>(into));
    check(env);
}

void set_bytes(JNIEnv *env, jobject value, jfieldID field, const void *data, std::size_t size) {
    const jbyteArray array = bytes_of(env, data, size);
    env->SetObjectField(value, field, array);
    env->DeleteLocalRef(array);
}

void set_floats(JNIEnv *env, jobject value, const hh_value &from) {
    const auto count = static_cast<jsize>(from.size / sizeof(float));
    const jfloatArray array = env->NewFloatArray(count);
    if (array == nullptr) throw Pending{};
    env->SetFloatArrayRegion(array, 0, count, static_cast<const jfloat *>(from.data));
    check(env);
    env->SetObjectField(value, fields.floats, array);
    env->DeleteLocalRef(array);
}

void set_stride(JNIEnv *env, jobject value, jfieldID field, int32_t stride) {
    const jintArray array = env->NewIntArray(1);
    if (array == nullptr) throw Pending{};
    env->SetIntArrayRegion(array, 0, 1, reinterpret_cast<const jint *>(&stride));
    env->SetObjectField(value, field, array);
    env->DeleteLocalRef(array);
}

void set_image(JNIEnv *env, jobject value, const hh_value &from) {
    if (from.pixels != HH_PIXELS_RGBA8) {
        raise(env, HH_UNSUPPORTED, "The binding takes pictures out of a task as RGBA8 only.", {});
        throw Pending{};
    }
    set_bytes(env, value, fields.bytes, from.data, from.size);
    env->SetIntField(value, fields.pixels, static_cast<jint>(from.pixels));
    env->SetIntField(value, fields.width, from.width);
    env->SetIntField(value, fields.height, from.height);
    env->SetIntField(value, fields.rotation, from.rotation);
    set_stride(env, value, fields.rowStrides, from.row_strides[0]);
    set_stride(env, value, fields.pixelStrides, from.pixel_strides[0]);
}

void set_tensor(JNIEnv *env, jobject value, const hh_value &from) {
    set_bytes(env, value, fields.bytes, from.data, from.size);
    env->SetIntField(value, fields.dtype, static_cast<jint>(from.dtype));
    const jlongArray shape = env->NewLongArray(from.rank);
    if (shape == nullptr) throw Pending{};
    env->SetLongArrayRegion(shape, 0, from.rank, reinterpret_cast<const jlong *>(from.shape));
    check(env);
    env->SetObjectField(value, fields.shape, shape);
    env->DeleteLocalRef(shape);
}

void set_scores(JNIEnv *env, jobject value, const hh_value &from) {
    set_floats(env, value, from);
    const auto count = static_cast<jsize>(from.shape[0]);
    const jobjectArray labels = env->NewObjectArray(count, byte_array_class, nullptr);
    if (labels == nullptr) throw Pending{};
    for (jsize i = 0; i < count; ++i) {
        const jbyteArray label = bytes_of(env, from.labels[i], std::strlen(from.labels[i]));
        env->SetObjectArrayElement(labels, i, label);
        env->DeleteLocalRef(label);  // a table of 1000 labels would overflow the local references
        check(env);
    }
    env->SetObjectField(value, fields.labels, labels);
    env->DeleteLocalRef(labels);
}

}  // namespace

bool value_init(JNIEnv *env) {
    const jclass type = env->FindClass("dev/handheld/NativeValue");
    if (type == nullptr) return false;
#define HH_FIELD(name, signature) \
    if ((fields.name = env->GetFieldID(type, #name, signature)) == nullptr) return false;
    HH_VALUE_FIELDS(HH_FIELD)
#undef HH_FIELD
    env->DeleteLocalRef(type);
    const jclass bytes = env->FindClass("[B");
    if (bytes == nullptr) return false;
    byte_array_class = static_cast<jclass>(env->NewGlobalRef(bytes));
    env->DeleteLocalRef(bytes);
    return byte_array_class != nullptr;
}

ValueIn::ValueIn(JNIEnv *env, jobject value) {
    view.kind = static_cast<hh_kind>(env->GetIntField(value, fields.kind));
    if (auto name = text_of(env, array_field<jbyteArray>(env, value, fields.name))) {
        name_ = std::move(*name);
        view.name = name_.c_str();
    }
    if (auto bytes = text_of(env, array_field<jbyteArray>(env, value, fields.bytes))) {
        bytes_ = std::move(*bytes);
        view.data = bytes_.data();
        view.size = bytes_.size();
    }
    if (const auto floats = array_field<jfloatArray>(env, value, fields.floats)) {
        floats_.resize(static_cast<std::size_t>(env->GetArrayLength(floats)));
        env->GetFloatArrayRegion(floats, 0, static_cast<jsize>(floats_.size()), floats_.data());
        check(env);
        view.data = floats_.data();
        view.size = floats_.size() * sizeof(float);
    }
    view.rate = env->GetIntField(value, fields.rate);
    view.channels = env->GetIntField(value, fields.channels);
    view.dtype = static_cast<hh_dtype>(env->GetIntField(value, fields.dtype));
    read_shape(env, value);
    if (view.kind == HH_KIND_IMAGE) read_image(env, value);
}

void ValueIn::read_shape(JNIEnv *env, jobject value) {
    const auto shape = array_field<jlongArray>(env, value, fields.shape);
    if (shape == nullptr) return;
    view.rank = std::min<int32_t>(env->GetArrayLength(shape), static_cast<int32_t>(std::size(view.shape)));
    env->GetLongArrayRegion(shape, 0, view.rank, reinterpret_cast<jlong *>(view.shape));
    check(env);
}

void ValueIn::read_image(JNIEnv *env, jobject value) {
    view.pixels = static_cast<hh_pixels>(env->GetIntField(value, fields.pixels));
    view.width = env->GetIntField(value, fields.width);
    view.height = env->GetIntField(value, fields.height);
    view.rotation = env->GetIntField(value, fields.rotation);
    read_ints(env, value, fields.rowStrides, view.row_strides, 3);
    read_ints(env, value, fields.pixelStrides, view.pixel_strides, 3);
    const auto planes = array_field<jobjectArray>(env, value, fields.planes);
    const jsize count = planes == nullptr ? 0 : std::min(jsize{3}, env->GetArrayLength(planes));
    for (jsize i = 0; i < count; ++i) {
        const jobject plane = env->GetObjectArrayElement(planes, i);
        const void *data = env->GetDirectBufferAddress(plane);
        if (i == 0) {
            view.data = data;
            view.size = static_cast<std::size_t>(env->GetDirectBufferCapacity(plane));
        } else {
            view.planes[i - 1] = data;
        }
        env->DeleteLocalRef(plane);
    }
}

void set_run(JNIEnv *env, jobject value, hh_run run) {
    env->SetLongField(value, fields.run, static_cast<jlong>(run));
}

void fill(JNIEnv *env, jobject value, const hh_value &from) {
    env->SetIntField(value, fields.kind, static_cast<jint>(from.kind));
    if (from.name != nullptr) set_bytes(env, value, fields.name, from.name, std::strlen(from.name));
    switch (from.kind) {
        case HH_KIND_TEXT:
        case HH_KIND_JSON: set_bytes(env, value, fields.bytes, from.data, from.size); break;
        case HH_KIND_AUDIO:
            set_floats(env, value, from);
            env->SetIntField(value, fields.rate, from.rate);
            env->SetIntField(value, fields.channels, from.channels);
            break;
        case HH_KIND_IMAGE: set_image(env, value, from); break;
        case HH_KIND_TENSOR: set_tensor(env, value, from); break;
        case HH_KIND_SCORES: set_scores(env, value, from); break;
        default: break;
    }
}

}  // namespace hh::jni
