// A look at an ExecuTorch program before its own reader gets it.
#pragma once

#include <string>
#include <vector>

#include "core/file.hpp"

namespace hh::runtimes::executorch {

/** Throws Failure(HH_FILE_INVALID) if the file is no .pte, or shorter than its header says. */
void check_pte(const File &file);

/** The same, and that no instruction of it names a value, operator or delegate that is not there. Reads all but weights. */
void check_program(const File &file);

/** What the program's instructions call, as ExecuTorch's registry names it: "aten::add.out". */
std::vector<std::string> operators_of(const File &file);

}  // namespace hh::runtimes::executorch
