// A picture as a host or a camera gives it: a checked view of hh_value's planes, read upright and row by row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "handheld.h"

namespace hh::image {

/**
 * What the numbers of a yuv420 picture mean. Both are BT.601; hh_value carries `full`.
 * full: Y, U and V use 0 to 255, as in JPEG files and as Android's cameras give YUV_420_888. ITU-T T.871, section 7.
 * limited: Y uses 16 to 235, U and V 16 to 240, as in video. ITU-R BT.601-7, sections 2.5.3 and 2.5.4.
 */
enum class YuvRange { full, limited };

/** Bytes of a pixel inside this folder: red, green, blue and one that is never looked at. */
inline constexpr std::size_t kPixelBytes = 4;

/** The longest side of a picture, pixels; as for hh_task_send(). */
inline constexpr int kLongestSide = 32768;

/** A view of a picture's memory. Valid as long as that memory is. */
class Source {
public:
    /**
     * Checks that everything that the picture's sizes and strides reach lies in its memory. U and V planes carry no
     * size; they must hold (height+1)/2 rows of (width+1)/2 pixels at their strides.
     * @param in  a value of kind image: rgba8 with a pixel stride of 4 or more, its alpha ignored; or yuv420 with any
     *            chroma pixel stride (1: I420, 2: NV12 and NV21, as their U and V pointers lie). Rows do not overlap.
     * Throws Failure(HH_WRONG_KIND, HH_INVALID_ARGUMENT).
     */
    static Source of(const hh_value &in, YuvRange range = YuvRange::full);

    /** Pixels as stored, before any rotation. */
    [[nodiscard]] int stored_width() const { return width_; }
    [[nodiscard]] int stored_height() const { return height_; }
    /** Clockwise degrees that turn the stored picture upright: 0, 90, 180 or 270. */
    [[nodiscard]] int rotation() const { return rotation_; }
    /** Pixels of the upright picture. */
    [[nodiscard]] int width() const { return sideways() ? height_ : width_; }
    [[nodiscard]] int height() const { return sideways() ? width_ : height_; }
    [[nodiscard]] bool sideways() const { return rotation_ == 90 || rotation_ == 270; }

    /** True if stored rows are pixels of kPixelBytes already: direct_row() needs no copy. */
    [[nodiscard]] bool direct() const { return rgba_ && planes_[0].pixel == static_cast<std::ptrdiff_t>(kPixelBytes); }
    [[nodiscard]] const std::uint8_t *direct_row(int y) const { return at(0, 0, y); }
    /** Writes stored row `y` as pixels of kPixelBytes; `out` has room for stored_width() of them. */
    void read_row(int y, std::uint8_t *out) const;

private:
    struct Plane {
        const std::uint8_t *data = nullptr;
        std::ptrdiff_t row = 0, pixel = 0;  // strides, bytes
    };

    [[nodiscard]] const std::uint8_t *at(std::size_t plane, int x, int y) const {
        return planes_[plane].data + y * planes_[plane].row + x * planes_[plane].pixel;
    }
    void read_rgba(int y, std::uint8_t *out) const;
    void read_yuv(int y, std::uint8_t *out) const;

    std::array<Plane, 3> planes_;
    int width_ = 0, height_ = 0, rotation_ = 0;
    bool rgba_ = true;
    YuvRange range_ = YuvRange::full;
};

}  // namespace hh::image
