// llama.cpp as this process uses it: what it logs, and what a failed check does.
#pragma once

namespace hh::runtimes::llama_cpp {

/** Starts llama.cpp at the first call: its log goes into ours, and a failed check throws instead of ending the process. */
void init_once();

}  // namespace hh::runtimes::llama_cpp
