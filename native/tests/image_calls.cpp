// Doors to native/processing/image for tests in Python: each gives a status instead of an exception.
#include <algorithm>
#include <array>

#include "processing/image/fit.hpp"
#include "processing/image/tensor.hpp"
#include "status_of.hpp"

using namespace hh::image;

namespace {

void give(const Picture &picture, std::uint8_t *out) { std::copy(picture.pixels.begin(), picture.pixels.end(), out); }

std::array<float, 3> three(const float *values) { return {values[0], values[1], values[2]}; }

}  // namespace

extern "C" {

// `out` of all three: width * height pixels of four bytes, the last of which means nothing.
HH_API hh_status image_resize(const hh_value *in, int limited, int filter, int width, int height, const float *box,
                              std::uint8_t *out) {
    return status_of([&] {
        const Source source = Source::of(*in, limited != 0 ? YuvRange::limited : YuvRange::full);
        const Box part = box != nullptr ? Box{box[0], box[1], box[2], box[3]} : whole(source);
        give(resize(source, {width, height}, static_cast<Filter>(filter), part), out);
    });
}

HH_API hh_status image_crop(const hh_value *in, int filter, int width, int height, double share, std::uint8_t *out) {
    return status_of([&] {
        const Source source = Source::of(*in);
        const Size size{width, height};
        give(resize(source, size, static_cast<Filter>(filter), centre_crop(source, size, share)), out);
    });
}

HH_API hh_status image_letterbox(const hh_value *in, int filter, int width, int height, const std::uint8_t *fill,
                                 std::uint8_t *out) {
    return status_of([&] {
        const Source source = Source::of(*in);
        give(letterbox(source, {width, height}, static_cast<Filter>(filter), {fill[0], fill[1], fill[2]}), out);
    });
}

HH_API hh_status image_tensor(const std::uint8_t *pixels, int width, int height, int dtype, int planar,
                              const float *mean, const float *deviation, float scale, int zero_point, int blue_first,
                              std::byte *out, std::size_t bytes) {
    return status_of([&] {
        const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * kPixelBytes;
        const Picture picture{{width, height}, {pixels, pixels + count}};
        const TensorFormat format{static_cast<hh_dtype>(dtype), planar != 0 ? Layout::nchw : Layout::nhwc, three(mean),
                                  three(deviation), scale, zero_point, blue_first != 0};
        fill_tensor(picture, format, {out, bytes});
    });
}
}
