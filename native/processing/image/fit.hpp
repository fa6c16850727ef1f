// How a picture of any shape comes into the fixed frame that a model takes.
#pragma once

#include <array>

#include "processing/image/resize.hpp"

namespace hh::image {

/**
 * The largest part of the picture's middle that has the shape of `frame`, as Pillow's ImageOps.fit takes it.
 * @param share  how much of its width and height to keep, above 0 and up to 1; 0.875 is what "resize to 256, crop to
 *               224" leaves. Throws Failure(HH_INVALID_ARGUMENT).
 */
[[nodiscard]] Box centre_crop(const Source &source, Size frame, double share = 1);

/** Where the picture lies in a letterbox, pixels. */
struct Place {
    int left = 0, top = 0;
    Size size;
};

/** The largest place in the middle of `frame` that keeps the picture's shape, as Pillow's ImageOps.pad takes it. */
[[nodiscard]] Place letterbox_place(const Source &source, Size frame);

/** The whole picture at that place, `fill` (red, green, blue) around it. Throws as resize() does. */
[[nodiscard]] Picture letterbox(const Source &source, Size frame, Filter filter, std::array<std::uint8_t, 3> fill);

}  // namespace hh::image
