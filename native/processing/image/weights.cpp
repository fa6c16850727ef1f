#include "processing/image/weights.hpp"

#include <algorithm>
#include <cmath>

namespace hh::image {
namespace {

struct Kernel {
    double (*at)(double x);
    double support;  // 0 beyond this distance
};

double box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

double cubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

Kernel kernel_of(Filter filter) {
    switch (filter) {
        case Filter::box: return {box, 0.5};
        case Filter::bilinear: return {triangle, 1};
        default: return {cubic, 2};
    }
}

}  // namespace

Weights::Weights(int length, float from, float to, int outputs, Filter filter, bool mirrored) {
    windows_.reserve(static_cast<std::size_t>(outputs));
    if (filter == Filter::nearest) nearest(length, from, to, outputs);
    else filtered(length, from, to, outputs, filter);
    for (const Window &window : windows_) longest_ = std::max(longest_, window.count);
    if (mirrored) mirror(length);
}

void Weights::push(std::int32_t weight) {
    high_.push_back(static_cast<std::int16_t>(weight >> kLowBits));
    low_.push_back(static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1)));
}

void Weights::nearest(int length, float from, float to, int outputs) {
    push(1 << kWeightBits);
    push(0);
    // Summed step by step, not multiplied: where a centre falls between two pixels, Pillow's rounding decides.
    const double step = (static_cast<double>(to) - from) / outputs;
    double centre = from + step * 0.5;
    for (int i = 0; i < outputs; ++i, centre += step)
        windows_.push_back({std::clamp(static_cast<int>(centre), 0, length - 1), 1, 0});
}

void Weights::filtered(int length, float from, float to, int outputs, Filter filter) {
    const Kernel kernel = kernel_of(filter);
    const double scale = static_cast<double>(to - from) / outputs, stretch = std::max(scale, 1.0);
    const double reach = kernel.support * stretch, narrow = 1 / stretch;
    std::vector<double> line;
    for (int i = 0; i < outputs; ++i) {
        const double centre = from + (i + 0.5) * scale;
        const int first = std::max(0, static_cast<int>(centre - reach + 0.5));
        const int end = std::min(length, static_cast<int>(centre + reach + 0.5));
        line.clear();
        double sum = 0;
        for (int x = first; x < end; ++x) sum += line.emplace_back(kernel.at((x - centre + 0.5) * narrow));
        windows_.push_back({first, end - first, high_.size()});
        for (const double weight : line)
            push(static_cast<std::int32_t>(std::lround((sum != 0 ? weight / sum : weight) * (1 << kWeightBits))));
        push(0);
    }
}

void Weights::mirror(int length) {
    for (Window &window : windows_) {
        const auto begin = static_cast<std::ptrdiff_t>(window.at), end = begin + window.count;
        if (window.count > 1) {
            std::reverse(high_.begin() + begin, high_.begin() + end);
            std::reverse(low_.begin() + begin, low_.begin() + end);
        }
        window.first = length - window.first - window.count;
    }
}

}  // namespace hh::image
