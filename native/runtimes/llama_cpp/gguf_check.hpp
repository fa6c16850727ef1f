// Looks at a GGUF file's header before llama.cpp does: what it would end the process over, or hang on, is refused here.
#pragma once

#include "core/file.hpp"

namespace hh::runtimes::llama_cpp {

/** Throws Failure(HH_FILE_INVALID) with what is wrong, or what the file really is; Failure(HH_FILE_*) if unreadable. */
void check_gguf(const File &file);

}  // namespace hh::runtimes::llama_cpp
