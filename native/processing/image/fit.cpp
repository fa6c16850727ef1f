#include "processing/image/fit.hpp"

#include <algorithm>
#include <cmath>

#include "core/failure.hpp"

namespace hh::image {
namespace {

void check(Size frame) {
    if (frame.width < 1 || frame.height < 1 || frame.width > kLongestSide || frame.height > kLongestSide)
        throw Failure(HH_INVALID_ARGUMENT, "A frame for images is 1 to 32768 pixels wide and high.");
}

int side(double pixels) { return std::max(1, static_cast<int>(std::nearbyint(pixels))); }

}  // namespace

Box centre_crop(const Source &source, Size frame, double share) {
    check(frame);
    if (!(share > 0 && share <= 1)) throw Failure(HH_INVALID_ARGUMENT, "The share of a crop is above 0 and up to 1.");
    const double shape = static_cast<double>(frame.width) / frame.height;
    const double width = source.width(), height = source.height();
    const bool wide = width / height >= shape;
    const double kept_width = share * (wide ? shape * height : width);
    const double kept_height = share * (wide ? height : width / shape);
    const double left = (width - kept_width) / 2, top = (height - kept_height) / 2;
    const Box all = whole(source);
    return {static_cast<float>(left), static_cast<float>(top),
            std::min(static_cast<float>(left + kept_width), all.right),
            std::min(static_cast<float>(top + kept_height), all.bottom)};
}

Place letterbox_place(const Source &source, Size frame) {
    check(frame);
    const double width = source.width(), height = source.height();
    const double shape = width / height, wanted = static_cast<double>(frame.width) / frame.height;
    Size size = frame;
    if (shape > wanted) size.height = side(height / width * frame.width);
    else if (shape < wanted) size.width = side(shape * frame.height);
    return {static_cast<int>(std::nearbyint((frame.width - size.width) * 0.5)),
            static_cast<int>(std::nearbyint((frame.height - size.height) * 0.5)), size};
}

Picture letterbox(const Source &source, Size frame, Filter filter, std::array<std::uint8_t, 3> fill) {
    const Place place = letterbox_place(source, frame);
    Picture inner = resize(source, place.size, filter, whole(source));
    Picture picture{frame, {}};
    picture.pixels.resize(static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.height) * kPixelBytes);
    for (std::size_t at = 0; at < picture.pixels.size(); at += kPixelBytes)
        std::copy(fill.begin(), fill.end(), picture.pixels.data() + at);
    for (int y = 0; y < place.size.height; ++y)
        std::copy_n(inner.row(y), inner.row_bytes(),
                    picture.row(place.top + y) + static_cast<std::size_t>(place.left) * kPixelBytes);
    return picture;
}

}  // namespace hh::image
