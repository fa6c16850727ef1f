#include "core/tensors/text.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "core/failure.hpp"

namespace hh {
namespace {

constexpr std::size_t kShown = 6;

template <typename T>
double read(const Tensor &tensor, std::size_t index) {
    T element;
    std::memcpy(&element, static_cast<const char *>(tensor.data) + index * sizeof(T), sizeof(T));
    return static_cast<double>(element);
}

double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 0x1F) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
    return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction | 0x400, exponent - 25));
}

std::string number_text(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", number);
    return text;
}

}  // namespace

const char *dtype_name(hh_dtype dtype) {
    switch (dtype) {
#define HH_DTYPE_ROW(id, name, bytes) \
    case id: return name;
        HH_DTYPE_LIST(HH_DTYPE_ROW)
#undef HH_DTYPE_ROW
        default: return "unknown";
    }
}

std::string shape_text(std::span<const std::int64_t> shape, std::span<const std::string> axes) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool named = i < axes.size() && !axes[i].empty();
        text += i > 0 ? ", " : "";
        text += shape[i] >= 0 ? std::to_string(shape[i]) : named ? axes[i] : "?";
    }
    return text + "]";
}

std::string spec_text(const TensorSpec &spec) {
    return std::string(dtype_name(spec.dtype)) + " " + shape_text(spec.shape, spec.axes);
}

std::size_t element_count(std::span<const std::int64_t> shape) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape)
        if (__builtin_mul_overflow(count, static_cast<std::size_t>(extent), &count))
            throw Failure(HH_TOO_LARGE, "A tensor of the shape " + shape_text(shape) + " is too large.");
    return count;
}

double element_at(const Tensor &tensor, std::size_t index) {
    switch (tensor.dtype) {
        case HH_DTYPE_F32: return read<float>(tensor, index);
        case HH_DTYPE_F64: return read<double>(tensor, index);
        case HH_DTYPE_I8: return read<std::int8_t>(tensor, index);
        case HH_DTYPE_BOOL:
        case HH_DTYPE_U8: return read<std::uint8_t>(tensor, index);
        case HH_DTYPE_I16: return read<std::int16_t>(tensor, index);
        case HH_DTYPE_U16: return read<std::uint16_t>(tensor, index);
        case HH_DTYPE_I32: return read<std::int32_t>(tensor, index);
        case HH_DTYPE_U32: return read<std::uint32_t>(tensor, index);
        case HH_DTYPE_I64: return read<std::int64_t>(tensor, index);
        case HH_DTYPE_U64: return read<std::uint64_t>(tensor, index);
        case HH_DTYPE_F16: return half(static_cast<std::uint16_t>(read<std::uint16_t>(tensor, index)));
        case HH_DTYPE_BF16:
            return std::bit_cast<float>(static_cast<std::uint32_t>(read<std::uint16_t>(tensor, index)) << 16);
        default: throw Failure(HH_INTERNAL, "A tensor has an element type without a name.");
    }
}

std::string tensor_text(const Tensor &tensor) {
    const std::size_t count = tensor.bytes / dtype_bytes(tensor.dtype);
    std::string text = std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape) + " =";
    for (std::size_t i = 0; i < std::min(count, kShown); ++i) text += " " + number_text(element_at(tensor, i));
    if (count <= kShown) return count == 0 ? text + " nothing" : text;
    double least = HUGE_VAL, greatest = -HUGE_VAL, sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double element = element_at(tensor, i);
        least = std::min(least, element);
        greatest = std::max(greatest, element);
        sum += element;
    }
    return text + " ... (from " + number_text(least) + " to " + number_text(greatest) + ", mean " +
           number_text(sum / static_cast<double>(count)) + ")";
}

}  // namespace hh
