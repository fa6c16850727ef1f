// Resizing as Pillow does it: a pass for each axis, each rounded to 8 bits.
#pragma once

#include <cstdint>
#include <vector>

#include "processing/image/source.hpp"
#include "processing/image/weights.hpp"

namespace hh::image {

struct Size {
    int width = 0, height = 0;  // pixels
};

/** A part of an upright picture, in pixels from its top left corner; may lie between pixels. */
struct Box {
    float left = 0, top = 0, right = 0, bottom = 0;
};

[[nodiscard]] inline Box whole(const Source &source) {
    return {0, 0, static_cast<float>(source.width()), static_cast<float>(source.height())};
}

/** An upright picture in memory of its own: rows of kPixelBytes for each pixel without gaps. */
struct Picture {
    Size size;
    std::vector<std::uint8_t> pixels;

    [[nodiscard]] std::size_t row_bytes() const { return static_cast<std::size_t>(size.width) * kPixelBytes; }
    [[nodiscard]] std::uint8_t *row(int y) { return pixels.data() + static_cast<std::size_t>(y) * row_bytes(); }
};

/**
 * Turns the source upright and resizes a part of it. Gives what Pillow gives for RGB pictures with
 * `upright.resize(size, filter, box)`, to the last bit: integers, weights of 22 bits, each pass rounded. (Pillow before
 * 13.0 always began with the pass along x; its results differ where that pass came second.)
 *
 * Memory beside the result: the rows of the source that one row of the result is made of, resized along x already, or
 * turned into RGB where that pass comes second. Less than 2 MB for a photo of 12 megapixels that becomes 224 x 224;
 * never a copy of the source.
 *
 * @param size  each side 1 to kLongestSide
 * @param box   not empty, inside whole(source)
 * Throws Failure(HH_INVALID_ARGUMENT), and HH_TOO_LARGE if result or rows take more than 1 GiB.
 */
[[nodiscard]] Picture resize(const Source &source, Size size, Filter filter, Box box);

}  // namespace hh::image
