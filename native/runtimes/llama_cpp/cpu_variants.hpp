// Which build of ggml's arithmetic this process uses, where there are several (HH_CPU_VARIANTS).
#pragma once

#include <string>

namespace hh::runtimes::llama_cpp {

/** The build in use. */
struct CpuVariant {
    std::string name;  // empty where the library has one build only
    std::string note;  // why it is not a better one, or empty
};

/**
 * Loads the best build that this processor can run and that is there; once a process, later calls give the same one.
 * The environment variable HANDHELD_CPU_VARIANT names one to use instead, for tests and for whoever hunts a difference.
 * Throws Failure(HH_RUNTIME_MISSING) if none can be loaded, Failure(HH_INVALID_ARGUMENT) if the one asked for is unknown
 * or beyond this processor.
 */
[[nodiscard]] const CpuVariant &load_cpu_variant();

}  // namespace hh::runtimes::llama_cpp
