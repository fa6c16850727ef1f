#include "tasks/classify/scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/tensors/text.hpp"

namespace hh::tasks::classify {

std::vector<double> real_values(const Tensor &tensor, const TensorSpec &spec) {
    std::vector<double> values(element_count(tensor.shape));
    const Quantization quantised = spec.quantization.value_or(Quantization{});
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = quantised.scale * (element_at(tensor, i) - static_cast<double>(quantised.zero_point));
    return values;
}

void softmax(std::vector<double> &values) {
    const double greatest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (double &value : values) sum += value = std::exp(value - greatest);
    for (double &value : values) value /= sum;
}

std::vector<std::size_t> top(const std::vector<double> &values, std::size_t count) {
    std::vector<std::size_t> places(values.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    const auto before = [&values](std::size_t a, std::size_t b) {
        if (std::isnan(values[a]) || std::isnan(values[b])) return !std::isnan(values[a]) && std::isnan(values[b]);
        return values[a] != values[b] ? values[a] > values[b] : a < b;
    };
    const std::size_t kept = std::min(count, places.size());
    std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept), places.end(), before);
    places.resize(kept);
    return places;
}

std::string label_of(const std::vector<std::string> &labels, std::size_t index) {
    return index < labels.size() ? labels[index] : "class " + std::to_string(index);
}

}  // namespace hh::tasks::classify
