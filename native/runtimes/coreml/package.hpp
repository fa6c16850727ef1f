// A model as Core ML's converters save it: a folder (.mlpackage) with a list, a specification and the weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.hpp"

namespace hh::runtimes::coreml {

/** What a package says of its model, without Core ML. */
struct Package {
    std::string kind;          // "ML Program", "neural network", "pipeline" or "model of an older kind"
    std::uint64_t version = 0;  // of the specification; see systems_for()
    std::uint64_t bytes = 0;    // of all files
    std::vector<std::string> inputs, outputs, states;  // names, in the model's order, which Core ML does not tell
};

/**
 * Reads the list and the outermost fields of the specification, with bounds.
 * Throws Failure(HH_UNSUPPORTED) for anything but a path, Failure(HH_FILE_INVALID) for what is no package, which it
 * names, and for one of which a part is missing or was cut.
 */
[[nodiscard]] Package read_package(const File &file);

/** The systems that read a version of the specification, for example "iOS 17 and macOS 14, or newer". */
[[nodiscard]] std::string systems_for(std::uint64_t version);

}  // namespace hh::runtimes::coreml
