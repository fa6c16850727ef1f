#include "processing/image/source.hpp"

#include <algorithm>
#include <cstring>

#include "core/failure.hpp"

namespace hh::image {
namespace {

[[noreturn]] void refuse(const char *message) { throw Failure(HH_INVALID_ARGUMENT, message); }

// R = y(Y) + rv V, G = y(Y) - gu U - gv V, B = y(Y) + bu U with U and V around 0, in units of 2^-16.
struct Matrix {
    int luma_offset, luma, rv, gu, gv, bu;
};

constexpr int kBits = 16;
constexpr int fixed(double factor) { return static_cast<int>(factor * (1 << kBits) + 0.5); }

// Both from the luma weights of BT.601, Kr = 0.299 and Kb = 0.114: rv = 2(1-Kr), bu = 2(1-Kb), gu = bu Kb/Kg,
// gv = rv Kr/Kg. The limited range stretches luma by 255/219 and chroma by 255/224.
constexpr double kRed = 0.299, kBlue = 0.114, kGreen = 1 - kRed - kBlue;
constexpr Matrix matrix(int offset, double luma, double chroma) {
    const double rv = chroma * 2 * (1 - kRed), bu = chroma * 2 * (1 - kBlue);
    return {offset, fixed(luma), fixed(rv), fixed(bu * kBlue / kGreen), fixed(rv * kRed / kGreen), fixed(bu)};
}
constexpr Matrix kFull = matrix(0, 1, 1), kLimited = matrix(16, 255.0 / 219, 255.0 / 224);

std::uint8_t clamped(int value) { return static_cast<std::uint8_t>(std::clamp(value >> kBits, 0, 255)); }

// C lets an enum hold any number, C++ calls it undefined to read one that the enum does not have.
int layout(const hh_value &in) {
    static_assert(sizeof in.pixels == sizeof(int));
    int number = 0;
    std::memcpy(&number, &in.pixels, sizeof number);
    return number;
}

// The bytes that a plane of `width` x `height` pixels of `bytes` each spans; its rows must not overlap.
std::size_t span_of(int width, int height, int row_stride, int pixel_stride, int bytes) {
    if (pixel_stride < bytes || row_stride <= 0) refuse("An image plane needs its strides.");
    const auto row = static_cast<std::size_t>(width - 1) * static_cast<std::size_t>(pixel_stride) +
                     static_cast<std::size_t>(bytes);
    if (height > 1 && static_cast<std::size_t>(row_stride) < row) refuse("The rows of an image plane overlap.");
    return static_cast<std::size_t>(height - 1) * static_cast<std::size_t>(row_stride) + row;
}

}  // namespace

Source Source::of(const hh_value &in, YuvRange range) {
    if (in.kind != HH_KIND_IMAGE) throw Failure(HH_WRONG_KIND, "The value is no image.");
    if (in.width < 1 || in.height < 1 || in.width > kLongestSide || in.height > kLongestSide)
        refuse("An image is 1 to 32768 pixels wide and high.");
    if (in.rotation != 0 && in.rotation != 90 && in.rotation != 180 && in.rotation != 270)
        refuse("An image's rotation is 0, 90, 180 or 270.");
    const int pixels = layout(in);
    if (pixels != HH_PIXELS_RGBA8 && pixels != HH_PIXELS_YUV420) refuse("The image's layout is not known.");
    Source source;
    source.width_ = in.width;
    source.height_ = in.height;
    source.rotation_ = in.rotation;
    source.rgba_ = pixels == HH_PIXELS_RGBA8;
    source.range_ = range;
    const std::size_t planes = source.rgba_ ? 1 : 3;
    for (std::size_t i = 0; i < planes; ++i) {
        const void *data = i == 0 ? in.data : in.planes[i - 1];
        if (data == nullptr) refuse("An image plane is missing.");
        const int width = i == 0 ? in.width : (in.width + 1) / 2, height = i == 0 ? in.height : (in.height + 1) / 2;
        const std::size_t span = span_of(width, height, in.row_strides[i], in.pixel_strides[i], source.rgba_ ? 4 : 1);
        if (i == 0 && in.size < span) refuse("The image's data is shorter than its width, height and strides say.");
        source.planes_[i] = {static_cast<const std::uint8_t *>(data), in.row_strides[i], in.pixel_strides[i]};
    }
    return source;
}

void Source::read_row(int y, std::uint8_t *out) const {
    if (rgba_) read_rgba(y, out);
    else read_yuv(y, out);
}

void Source::read_rgba(int y, std::uint8_t *out) const {
    const std::uint8_t *in = at(0, 0, y);
    for (int x = 0; x < width_; ++x, in += planes_[0].pixel, out += kPixelBytes) std::copy_n(in, kPixelBytes, out);
}

// Chroma is repeated, not interpolated: one value for each block of 2 x 2 pixels.
void Source::read_yuv(int y, std::uint8_t *out) const {
    const Matrix &m = range_ == YuvRange::full ? kFull : kLimited;
    const std::uint8_t *luma = at(0, 0, y), *u = at(1, 0, y / 2), *v = at(2, 0, y / 2);
    for (int x = 0; x < width_; u += planes_[1].pixel, v += planes_[2].pixel) {
        const int cb = *u - 128, cr = *v - 128;
        const int red = m.rv * cr, green = -m.gu * cb - m.gv * cr, blue = m.bu * cb;
        for (const int end = std::min(x + 2, width_); x < end; ++x, luma += planes_[0].pixel, out += kPixelBytes) {
            const int base = (*luma - m.luma_offset) * m.luma + (1 << (kBits - 1));
            out[0] = clamped(base + red);
            out[1] = clamped(base + green);
            out[2] = clamped(base + blue);
            out[3] = 255;
        }
    }
}

}  // namespace hh::image
