// Tensors as text for people: types, shapes, and the first elements.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/shapes.hpp"

namespace hh {

/** As in status.toml, for example "f32". */
[[nodiscard]] const char *dtype_name(hh_dtype dtype);

/** For example "[1, 3, 224]". A free size is "?", or the name that `axes` has for it. */
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape, std::span<const std::string> axes = {});

/** Type and shape, for example "f32 [batch, 3]". */
[[nodiscard]] std::string spec_text(const TensorSpec &spec);

/** How many elements a shape has. Throws Failure(HH_TOO_LARGE) if that overflows. */
[[nodiscard]] std::size_t element_count(std::span<const std::int64_t> shape);

/** One element as a number; 64-bit integers lose their lowest bits. */
[[nodiscard]] double element_at(const Tensor &tensor, std::size_t index);

/** One line: type, shape and the first elements, and when there are more: least, greatest and mean. */
[[nodiscard]] std::string tensor_text(const Tensor &tensor);

}  // namespace hh
