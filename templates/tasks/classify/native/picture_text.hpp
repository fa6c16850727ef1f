// A picture as text, for golden cases and terminals: the plain forms of Netpbm.
#pragma once

#include <string_view>

#include "core/value.hpp"

namespace hh::tasks::classify {

/**
 * Reads a plain PPM ("P3": red, green and blue of each pixel) or PGM ("P2": its grey), 0 to 255, of at most 1024 x 1024
 * pixels, as Netpbm's ppm(5) and pgm(5) define them. Throws Failure(HH_INVALID_ARGUMENT).
 */
[[nodiscard]] Value picture_of_text(std::string_view text);

}  // namespace hh::tasks::classify
