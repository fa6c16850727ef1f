#include "processing/image/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/failure.hpp"

namespace hh::image {
namespace {

constexpr std::size_t kColours = 3;

template <typename T>
T element(double value, const TensorFormat &format) {
    if constexpr (std::is_floating_point_v<T>) {
        return static_cast<T>(value);
    } else {
        const double level = std::round(value / format.scale) + format.zero_point;
        // The order of the arguments makes a NaN the lowest level.
        const double lowest = std::numeric_limits<T>::min(), highest = std::numeric_limits<T>::max();
        return static_cast<T>(std::min(highest, std::max(lowest, level)));
    }
}

// 256 inputs only: each is computed once.
template <typename T>
std::array<T, 256> table(std::size_t colour, const TensorFormat &format) {
    std::array<T, 256> values;
    for (std::size_t byte = 0; byte < values.size(); ++byte)
        values[byte] = element<T>((static_cast<double>(byte) - format.mean[colour]) / format.deviation[colour], format);
    return values;
}

template <typename T>
void fill(const Picture &picture, const TensorFormat &format, T *out) {
    const std::size_t count = picture.pixels.size() / kPixelBytes;
    const bool planar = format.layout == Layout::nchw;
    for (std::size_t channel = 0; channel < kColours; ++channel) {
        const std::size_t colour = format.blue_first ? kColours - 1 - channel : channel;
        const std::array<T, 256> values = table<T>(colour, format);
        T *to = out + channel * (planar ? count : 1);
        const std::size_t step = planar ? 1 : kColours;
        const std::uint8_t *from = picture.pixels.data() + colour;
        for (std::size_t i = 0; i < count; ++i) to[i * step] = values[from[i * kPixelBytes]];
    }
}

}  // namespace

std::size_t tensor_bytes(Size size, const TensorFormat &format) {
    const std::size_t count = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * kColours;
    switch (format.dtype) {
        case HH_DTYPE_F32: return count * sizeof(float);
        case HH_DTYPE_U8:
        case HH_DTYPE_I8: return count;
        default: throw Failure(HH_UNSUPPORTED, "Pictures become tensors of type f32, u8 or i8.");
    }
}

void fill_tensor(const Picture &picture, const TensorFormat &format, std::span<std::byte> out) {
    if (out.size() != tensor_bytes(picture.size, format))
        throw Failure(HH_INVALID_ARGUMENT, "The tensor's size does not match the picture's.");
    const auto divides = [](float by) { return std::isfinite(by) && by != 0; };
    if (!divides(format.scale) || !std::all_of(format.deviation.begin(), format.deviation.end(), divides))
        throw Failure(HH_INVALID_ARGUMENT, "A tensor's scale and deviation are numbers other than 0.");
    switch (format.dtype) {
        case HH_DTYPE_U8: return fill(picture, format, reinterpret_cast<std::uint8_t *>(out.data()));
        case HH_DTYPE_I8: return fill(picture, format, reinterpret_cast<std::int8_t *>(out.data()));
        default: return fill(picture, format, reinterpret_cast<float *>(out.data()));
    }
}

}  // namespace hh::image
