// Example data for a model's inputs: the same numbers from the same seed on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/shapes.hpp"

namespace hh {

/** What a person asks for, for example "7 batch=2": a seed, and sizes of axes that the model leaves free. */
struct Example {
    std::uint64_t seed = 1;
    // By the axis' name, or by input and place, such as "x.0", where it has none. An axis that is not here has 1.
    std::map<std::string, std::int64_t> sizes;

    /** Throws Failure(HH_INVALID_ARGUMENT) that names the word it cannot take. */
    static Example parse(std::string_view text);
};

/**
 * Fills one input. Floats lie in [0, 1); i8 and u8 take all their values; other integers are 0 or 1, which is as good as
 * a mask as it is as a position in a table.
 * @param index  the input's place, so that two inputs of a model differ
 */
[[nodiscard]] Tensor example_tensor(const TensorSpec &spec, const Example &example, std::size_t index);

}  // namespace hh
