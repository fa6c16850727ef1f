// The two sums that resizing spends its time in. SSE2, NEON or plain C++, all with the same result to the last bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "processing/image/weights.hpp"

namespace hh::image {

// `high` and `low` hold the halves of `count` weights, and one more of 0.

/** `out` = the weighted sum of `count` pixels of kPixelBytes in a row, each channel rounded, 0 to 255. */
void weigh_pixels(const std::uint8_t *pixels, const std::int16_t *high, const std::int16_t *low, int count,
                  std::uint8_t *out);

/** `out` = the weighted sum of `count` rows, byte by byte, rounded, 0 to 255. `bytes` is a multiple of kPixelBytes. */
void weigh_rows(const std::uint8_t *const *rows, const std::int16_t *high, const std::int16_t *low, int count,
                std::size_t bytes, std::uint8_t *out);

}  // namespace hh::image
