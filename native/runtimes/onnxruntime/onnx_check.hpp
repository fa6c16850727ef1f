// A look at a model's outermost fields, before onnxruntime reads it: what it is, and whether all of it is there.
#pragma once

#include "core/file.hpp"

namespace hh::runtimes::onnxruntime {

/** Throws Failure(HH_FILE_INVALID) for a file of another kind, which it names, and for one that was cut. */
void check_onnx(const File &file);

}  // namespace hh::runtimes::onnxruntime
