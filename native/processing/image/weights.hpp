// How much each pixel of a line counts in each pixel of the resized line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hh::image {

/**
 * The filters of Pillow, by its names and with its definitions. All but `nearest` are stretched when a picture gets
 * smaller, so that every pixel of the source counts (antialiasing).
 * bicubic: R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5.
 */
enum class Filter { nearest, box, bilinear, bicubic };

/** Fixed-point weights have this many bits behind the point, as Pillow's: 32 less 8 for a pixel, less 2 to overflow. */
inline constexpr int kWeightBits = 22;
/** A weight is kept in two parts that fit 16 bits, what SIMD multiplies: high * 2^kLowBits + low, low >= 0. */
inline constexpr int kLowBits = 11;

/** The weights of one line: output `i` sums input pixels from first on, count of them. */
class Weights {
public:
    struct Window {
        int first, count;
        std::size_t at;  // of its first weight
    };

    /**
     * For `length` input pixels, of which the stretch from `from` to `to` (pixels, may be fractions) becomes `outputs`.
     * Pixels beside the stretch count where a filter reaches them, as with Pillow's `box`.
     * @param mirrored  the line is stored from its end to its beginning; windows are of the line as stored
     */
    Weights(int length, float from, float to, int outputs, Filter filter, bool mirrored);

    [[nodiscard]] const Window &window(int output) const { return windows_[static_cast<std::size_t>(output)]; }
    [[nodiscard]] int outputs() const { return static_cast<int>(windows_.size()); }
    [[nodiscard]] int longest() const { return longest_; }
    /** The halves of a window's weights, and one more of 0 behind them: what is read in pairs need not be even. */
    [[nodiscard]] const std::int16_t *high(const Window &window) const { return high_.data() + window.at; }
    [[nodiscard]] const std::int16_t *low(const Window &window) const { return low_.data() + window.at; }

private:
    void nearest(int length, float from, float to, int outputs);
    void filtered(int length, float from, float to, int outputs, Filter filter);
    void push(std::int32_t weight);
    void mirror(int length);

    std::vector<Window> windows_;
    std::vector<std::int16_t> high_, low_;
    int longest_ = 0;
};

}  // namespace hh::image
