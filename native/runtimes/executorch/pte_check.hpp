// A look at an ExecuTorch program before its own reader gets it.
#pragma once

#include "core/file.hpp"

namespace hh::runtimes::executorch {

/** Throws Failure(HH_FILE_INVALID) if the file is no .pte, or shorter than its header says. */
void check_pte(const File &file);

/** The same, and that no instruction of it names a value, operator or delegate that is not there. Reads all but weights. */
void check_program(const File &file);

}  // namespace hh::runtimes::executorch
