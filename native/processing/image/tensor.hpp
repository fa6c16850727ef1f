// A picture as the numbers that a model takes.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "handheld.h"
#include "processing/image/resize.hpp"

namespace hh::image {

/** nhwc: the three colours of a pixel side by side; nchw: a whole plane for each colour. */
enum class Layout { nhwc, nchw };

/**
 * What to make of a byte p of a colour: value = (p - mean) / deviation, in red, green, blue. Quantised types then hold
 * round(value / scale) + zero_point, halves rounded away from zero, kept in the type's range.
 * "Divide by 255, subtract m, divide by s" is mean = 255 m and deviation = 255 s.
 */
struct TensorFormat {
    hh_dtype dtype = HH_DTYPE_F32;  // or HH_DTYPE_U8, HH_DTYPE_I8
    Layout layout = Layout::nhwc;
    std::array<float, 3> mean = {0, 0, 0}, deviation = {1, 1, 1};
    float scale = 1;
    int zero_point = 0;
    bool blue_first = false;  // channels in the order blue, green, red
};

/** Bytes of the tensor of one picture with three channels. Throws Failure(HH_UNSUPPORTED) for other element types. */
[[nodiscard]] std::size_t tensor_bytes(Size size, const TensorFormat &format);

/**
 * Writes shape [height, width, 3] or [3, height, width].
 * @param out  tensor_bytes() of them, aligned for the element type
 * Throws Failure(HH_UNSUPPORTED), and HH_INVALID_ARGUMENT for a size of `out` that differs and for a deviation or a
 * scale of 0 or no number.
 */
void fill_tensor(const Picture &picture, const TensorFormat &format, std::span<std::byte> out);

}  // namespace hh::image
