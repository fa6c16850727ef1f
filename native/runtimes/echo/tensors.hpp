// The shape `tensors` of the runtime `echo`; see tensors.cpp.
#pragma once

#include <memory>

#include "core/shapes.hpp"

namespace hh::runtimes::echo {

/** Reads the lines about tensors of an echo file. Throws Failure(HH_FILE_INVALID) that names a line it cannot take. */
void check_tensors(const File &file);

[[nodiscard]] std::unique_ptr<TensorModel> make_tensors(const ModelRequest &request);

}  // namespace hh::runtimes::echo
