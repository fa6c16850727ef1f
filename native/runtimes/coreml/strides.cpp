#include "runtimes/coreml/strides.hpp"

#include <cstring>
#include <vector>

namespace hh::runtimes::coreml {

bool gather(const void *from, std::size_t bytes, std::span<const std::int64_t> shape,
            std::span<const std::int64_t> strides, std::size_t element, void *into) {
    std::uint64_t last = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape[axis] <= 0) return shape[axis] == 0;
        if (strides[axis] < 0) return false;
        last += static_cast<std::uint64_t>(shape[axis] - 1) * static_cast<std::uint64_t>(strides[axis]);
    }
    if ((last + 1) * element > bytes) return false;

    // A row is copied at once where its elements touch; the other axes are counted up like digits.
    const std::size_t outer = shape.empty() ? 0 : shape.size() - 1;
    const bool touching = shape.empty() || strides[outer] == 1;
    const auto row = static_cast<std::size_t>(shape.empty() ? 1 : shape[outer]);
    const auto step = static_cast<std::size_t>(shape.empty() ? 1 : strides[outer]);
    std::vector<std::int64_t> index(outer, 0);
    const auto *source = static_cast<const char *>(from);
    auto *target = static_cast<char *>(into);
    for (;;) {
        std::size_t start = 0;
        for (std::size_t axis = 0; axis < outer; ++axis) start += static_cast<std::size_t>(index[axis] * strides[axis]);
        if (touching) std::memcpy(target, source + start * element, row * element);
        else
            for (std::size_t i = 0; i < row; ++i)
                std::memcpy(target + i * element, source + (start + i * step) * element, element);
        target += row * element;
        std::size_t axis = outer;
        for (; axis > 0; --axis) {
            if (++index[axis - 1] < shape[axis - 1]) break;
            index[axis - 1] = 0;
        }
        if (axis == 0) return true;
    }
}

}  // namespace hh::runtimes::coreml
