#include "core/value.hpp"

#include <algorithm>
#include <cstring>

#include "core/failure.hpp"
#include "processing/text/utf8.hpp"

namespace hh {
namespace {

[[noreturn]] void refuse(hh_status code, const char *message) { throw Failure(code, message); }

std::size_t checked_product(std::size_t a, std::size_t b) {
    std::size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) refuse(HH_TOO_LARGE, "The value's size overflows.");
    return product;
}

std::size_t elements(const hh_value &in) {
    if (in.rank < 0 || in.rank > 8) refuse(HH_INVALID_ARGUMENT, "A tensor has 0 to 8 dimensions.");
    std::size_t count = 1;
    for (int i = 0; i < in.rank; ++i) {
        if (in.shape[i] < 0) refuse(HH_INVALID_ARGUMENT, "A tensor's dimensions cannot be negative.");
        count = checked_product(count, static_cast<std::size_t>(in.shape[i]));
    }
    return count;
}

void check_audio(const hh_value &in) {
    if (in.rate <= 0 || in.channels <= 0) refuse(HH_INVALID_ARGUMENT, "Audio needs a sample rate and a channel count.");
    const std::size_t frame = checked_product(static_cast<std::size_t>(in.channels), sizeof(float));
    if (in.size % frame != 0) refuse(HH_INVALID_ARGUMENT, "The audio's size is no whole number of 32-bit float frames.");
}

// The bytes that a plane of `width` x `height` pixels spans.
std::size_t plane_bytes(int width, int height, int row_stride, int pixel_stride) {
    if (row_stride <= 0 || pixel_stride <= 0) refuse(HH_INVALID_ARGUMENT, "An image plane needs its strides.");
    return checked_product(static_cast<std::size_t>(height - 1), static_cast<std::size_t>(row_stride)) +
           checked_product(static_cast<std::size_t>(width - 1), static_cast<std::size_t>(pixel_stride)) + 1;
}

void copy_image(const hh_value &in, Value &out) {
    if (in.width <= 0 || in.height <= 0 || in.width > 32768 || in.height > 32768)
        refuse(HH_INVALID_ARGUMENT, "An image is 1 to 32768 pixels wide and high.");
    if (in.rotation % 90 != 0 || in.rotation < 0 || in.rotation > 270)
        refuse(HH_INVALID_ARGUMENT, "An image's rotation is 0, 90, 180 or 270.");
    // As a number: what a caller wrote there may be none of the enum's values.
    std::int32_t pixels = 0;
    std::memcpy(&pixels, &in.pixels, sizeof pixels);
    if (pixels != HH_PIXELS_RGBA8 && pixels != HH_PIXELS_YUV420)
        refuse(HH_INVALID_ARGUMENT, "The image's layout is not known.");
    const bool rgba = pixels == HH_PIXELS_RGBA8;
    const std::size_t extra = rgba ? 3 : 0;  // the last pixel's other three bytes
    if (in.size < plane_bytes(in.width, in.height, in.row_strides[0], in.pixel_strides[0]) + extra)
        refuse(HH_INVALID_ARGUMENT, "The image's data is shorter than its width, height and strides say.");
    if (rgba) return;
    for (std::size_t i = 0; i < 2; ++i) {
        if (in.planes[i] == nullptr) refuse(HH_INVALID_ARGUMENT, "A yuv420 image needs its U and V planes.");
        const std::size_t bytes =
            plane_bytes((in.width + 1) / 2, (in.height + 1) / 2, in.row_strides[i + 1], in.pixel_strides[i + 1]);
        out.planes[i].assign(static_cast<const char *>(in.planes[i]), bytes);
    }
}

void copy_labels(const hh_value &in, Value &out) {
    const std::size_t count = elements(in);
    if (in.rank != 1 || in.size != count * sizeof(float) || (count > 0 && in.labels == nullptr))
        refuse(HH_INVALID_ARGUMENT, "Scores need one label and one 32-bit float each.");
    for (std::size_t i = 0; i < count; ++i) {
        if (in.labels[i] == nullptr) refuse(HH_INVALID_ARGUMENT, "A label is missing.");
        out.labels.emplace_back(in.labels[i]);
    }
}

}  // namespace

std::size_t dtype_bytes(hh_dtype dtype) {
    switch (dtype) {
#define HH_DTYPE_ROW(id, name, bytes) \
    case id: return bytes;
        HH_DTYPE_LIST(HH_DTYPE_ROW)
#undef HH_DTYPE_ROW
        default: refuse(HH_INVALID_ARGUMENT, "The tensor's element type is not known.");
    }
}

Value Value::copy_of(const hh_value &in) {
    if (in.struct_size < sizeof(hh_value)) refuse(HH_INVALID_ARGUMENT, "hh_value.struct_size is not set.");
    if (in.data == nullptr && in.size != 0) refuse(HH_INVALID_ARGUMENT, "The value has a size but no data.");
    Value out;
    out.view = in;
    out.view.struct_size = sizeof(hh_value);
    if (in.name != nullptr) out.name = in.name;
    switch (in.kind) {
        case HH_KIND_END: out.view.size = 0; break;
        case HH_KIND_TEXT:
        case HH_KIND_JSON:
            if (!utf8_valid({static_cast<const char *>(in.data), in.size}))
                refuse(HH_INVALID_TEXT, "The text is not valid UTF-8.");
            break;
        case HH_KIND_AUDIO: check_audio(in); break;
        case HH_KIND_IMAGE: copy_image(in, out); break;
        case HH_KIND_TENSOR:
            // On the heap, so that elements of any type are aligned: a short string lies inside of its object.
            out.data.reserve(64);
            if (in.size != checked_product(elements(in), dtype_bytes(in.dtype)))
                refuse(HH_INVALID_ARGUMENT, "The tensor's size does not match its shape and element type.");
            break;
        case HH_KIND_SCORES: copy_labels(in, out); break;
        default: refuse(HH_INVALID_ARGUMENT, "The value's kind is not known.");
    }
    if (out.view.size > 0) out.data.assign(static_cast<const char *>(in.data), in.size);
    return out;
}

Value Value::text(std::string_view port, std::string_view text) {
    Value value;
    value.view.kind = HH_KIND_TEXT;
    value.name = port;
    value.data = text;
    return value;
}

Value Value::json(std::string text) {
    Value value;
    value.view.kind = HH_KIND_JSON;
    value.data = std::move(text);
    return value;
}

namespace {

template <typename T>
Value one_dimension(std::string_view port, hh_dtype dtype, const std::vector<T> &elements) {
    Value value;
    value.view.kind = HH_KIND_TENSOR;
    value.view.dtype = dtype;
    value.view.rank = 1;
    value.view.shape[0] = static_cast<std::int64_t>(elements.size());
    value.name = port;
    value.data.resize(elements.size() * sizeof(T));
    if (!elements.empty()) std::memcpy(value.data.data(), elements.data(), value.data.size());
    return value;
}

}  // namespace

Value Value::tokens(std::string_view port, const std::vector<std::int32_t> &ids) {
    return one_dimension(port, HH_DTYPE_I32, ids);
}

Value Value::numbers(std::string_view port, const std::vector<float> &values) {
    return one_dimension(port, HH_DTYPE_F32, values);
}

Value Value::tensor(std::string_view port, Tensor tensor) {
    if (tensor.shape.size() > 8)
        throw Failure(HH_UNSUPPORTED, "The output \"" + std::string(port) + "\" has " +
                                          std::to_string(tensor.shape.size()) + " dimensions; the most is 8.");
    Value value;
    value.view.kind = HH_KIND_TENSOR;
    value.view.dtype = tensor.dtype;
    value.view.rank = static_cast<std::int32_t>(tensor.shape.size());
    std::copy(tensor.shape.begin(), tensor.shape.end(), value.view.shape);
    value.name = port;
    value.lent = std::move(tensor);
    return value;
}

Tensor Value::to_tensor() && {
    if (lent.owner != nullptr) return std::move(lent);
    const auto kept = std::make_shared<std::string>(std::move(data));
    return {view.dtype, {view.shape, view.shape + view.rank}, kept->data(), kept->size(), kept};
}

void Value::borrow(hh_value &out) {
    label_pointers_.clear();
    for (const std::string &label : labels) label_pointers_.push_back(label.c_str());
    view.struct_size = sizeof(hh_value);
    view.name = name.c_str();
    view.data = lent.owner != nullptr ? lent.data : data.data();
    view.size = lent.owner != nullptr ? lent.bytes : data.size();
    for (std::size_t i = 0; i < planes.size(); ++i) view.planes[i] = planes[i].empty() ? nullptr : planes[i].data();
    view.labels = label_pointers_.empty() ? nullptr : label_pointers_.data();
    out = view;
}

}  // namespace hh
