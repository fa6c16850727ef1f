#include "processing/image/resize.hpp"

#include <cstring>

#include "core/failure.hpp"
#include "processing/image/kernels.hpp"

namespace hh::image {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 30;

// Sides are at most kLongestSide, so that no product here overflows.
std::size_t checked_bytes(int width, int height) {
    const std::size_t bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * kPixelBytes;
    if (bytes > kLargest) throw Failure(HH_TOO_LARGE, "Resizing the image would take more than 1 GiB.");
    return bytes;
}

void check(const Source &source, Size size, Box box) {
    if (size.width < 1 || size.height < 1 || size.width > kLongestSide || size.height > kLongestSide)
        throw Failure(HH_INVALID_ARGUMENT, "An image is resized to 1 to 32768 pixels in width and height.");
    const Box all = whole(source);
    // Written so that a NaN fails too.
    const bool inside = box.left >= 0 && box.top >= 0 && box.right <= all.right && box.bottom <= all.bottom;
    if (!inside || !(box.left < box.right) || !(box.top < box.bottom))
        throw Failure(HH_INVALID_ARGUMENT, "The part of the image to resize is empty or not inside the image.");
}

// The order of the passes shows in the last bit. Pillow begins with the one that makes the other cheaper (since 13.0).
bool x_pass_first(const Source &source, Size size) {
    const int fewer_rows = source.height() - size.height, fewer_columns = source.width() - size.width;
    return fewer_rows <= 0 || fewer_rows <= 2 * fewer_columns;
}

void pick(const std::uint8_t *row, const Weights &weights, std::uint8_t *out, std::size_t step) {
    for (int i = 0; i < weights.outputs(); ++i, out += step)
        std::memcpy(out, row + static_cast<std::size_t>(weights.window(i).first) * kPixelBytes, kPixelBytes);
}

void weigh_row(const std::uint8_t *row, const Weights &weights, std::uint8_t *out, std::size_t step) {
    if (weights.longest() == 1) return pick(row, weights, out, step);
    for (int i = 0; i < weights.outputs(); ++i, out += step) {
        const Weights::Window &window = weights.window(i);
        weigh_pixels(row + static_cast<std::size_t>(window.first) * kPixelBytes, weights.high(window),
                     weights.low(window), window.count, out);
    }
}

void spread(const std::uint8_t *row, int count, std::uint8_t *out, std::size_t step) {
    for (int i = 0; i < count; ++i, row += kPixelBytes, out += step) std::memcpy(out, row, kPixelBytes);
}

// The last rows that were asked for, made when they are needed for the first time. Asked for in rising order.
class Rows {
public:
    /** `across`: each row is resized in width by it. */
    Rows(const Source &source, const Weights *across, int kept) : source_(source), across_(across) {
        const bool copies = across != nullptr || !source.direct();
        width_ = across != nullptr ? across->outputs() : source.stored_width();
        if (!source.direct()) unpacked_.resize(static_cast<std::size_t>(source.stored_width()) * kPixelBytes);
        if (copies) ring_.resize(checked_bytes(width_, kept));
        slots_ = kept;
    }

    [[nodiscard]] std::size_t row_bytes() const { return static_cast<std::size_t>(width_) * kPixelBytes; }

    const std::uint8_t *get(int y) {
        if (ring_.empty()) return source_.direct_row(y);
        std::uint8_t *slot = ring_.data() + static_cast<std::size_t>(y % slots_) * row_bytes();
        if (y >= next_) {
            fill(y, slot);
            next_ = y + 1;
        }
        return slot;
    }

private:
    void fill(int y, std::uint8_t *slot) {
        if (across_ == nullptr) return source_.read_row(y, slot);
        if (!source_.direct()) source_.read_row(y, unpacked_.data());
        weigh_row(source_.direct() ? source_.direct_row(y) : unpacked_.data(), *across_, slot, kPixelBytes);
    }

    const Source &source_;
    const Weights *across_;
    std::vector<std::uint8_t> ring_, unpacked_;
    int width_ = 0, slots_ = 1, next_ = 0;
};

// The two passes in terms of stored rows: which comes first, and which way its results lie in the picture.
struct Plan {
    const Weights &across, &down;
    bool across_first, sideways, down_mirrored;
};

// The rows of a window as one: without a sum where it has one row only, whose weight then is 1.
const std::uint8_t *joined(const std::vector<const std::uint8_t *> &rows, const Weights &down,
                           const Weights::Window &window, std::size_t bytes, std::uint8_t *line) {
    if (window.count == 1) return rows[0];
    weigh_rows(rows.data(), down.high(window), down.low(window), window.count, bytes, line);
    return line;
}

void run(const Source &source, const Plan &plan, Picture &picture) {
    const auto &[across, down, across_first, sideways, down_mirrored] = plan;
    Rows rows(source, across_first ? &across : nullptr, down.longest());
    // A stored row becomes a row of the picture, or a column of one that lay on its side.
    const std::size_t row_step = sideways ? kPixelBytes : picture.row_bytes();
    const std::size_t pixel_step = sideways ? picture.row_bytes() : kPixelBytes;
    std::vector<std::uint8_t> line(rows.row_bytes());
    std::vector<const std::uint8_t *> window_rows(static_cast<std::size_t>(down.longest()));
    for (int i = 0; i < down.outputs(); ++i) {
        const int output = down_mirrored ? down.outputs() - 1 - i : i;  // so that rows are asked for in rising order
        const Weights::Window &window = down.window(output);
        for (int row = 0; row < window.count; ++row)
            window_rows[static_cast<std::size_t>(row)] = rows.get(window.first + row);
        std::uint8_t *out = picture.pixels.data() + static_cast<std::size_t>(output) * row_step;
        const bool in_place = across_first && !sideways;
        const std::uint8_t *sum = joined(window_rows, down, window, rows.row_bytes(), in_place ? out : line.data());
        if (!across_first) weigh_row(sum, across, out, pixel_step);
        else if (sum != out) spread(sum, across.outputs(), out, pixel_step);
    }
}

}  // namespace

Picture resize(const Source &source, Size size, Filter filter, Box box) {
    check(source, size, box);
    Picture picture{size, std::vector<std::uint8_t>(checked_bytes(size.width, size.height))};
    const int turn = source.rotation();
    // Upright x runs against the stored axis for 90 and 180, upright y for 180 and 270.
    const bool x_mirrored = turn == 90 || turn == 180, y_mirrored = turn == 180 || turn == 270;
    const Weights x(source.width(), box.left, box.right, size.width, filter, x_mirrored);
    const Weights y(source.height(), box.top, box.bottom, size.height, filter, y_mirrored);
    const bool x_first = x_pass_first(source, size);
    if (source.sideways()) run(source, {y, x, !x_first, true, x_mirrored}, picture);
    else run(source, {x, y, x_first, false, y_mirrored}, picture);
    return picture;
}

}  // namespace hh::image
