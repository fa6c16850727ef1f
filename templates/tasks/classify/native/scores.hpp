// From what a classifier gives to labels with scores.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/shapes.hpp"

namespace hh::tasks::classify {

/** The elements as real numbers: scale * (element - zero_point) where the model is quantised. */
[[nodiscard]] std::vector<double> real_values(const Tensor &tensor, const TensorSpec &spec);

/** exp(x) / sum of exp, computed without overflow: the greatest value is subtracted first. Not for an empty vector. */
void softmax(std::vector<double> &values);

/** The places of the `count` greatest values, the greatest first; of equal ones the one in front. NaN comes last. */
[[nodiscard]] std::vector<std::size_t> top(const std::vector<double> &values, std::size_t count);

/** The label of a class; "class 7" where no labels are known. */
[[nodiscard]] std::string label_of(const std::vector<std::string> &labels, std::size_t index);

}  // namespace hh::tasks::classify
