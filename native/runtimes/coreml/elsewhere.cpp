// Where there is no Core ML: models are checked when a task is opened, and loading says why it cannot be.
#include "core/failure.hpp"
#include "core/runtime.hpp"
#include "runtimes/coreml/package.hpp"

namespace hh::runtimes::coreml {

extern const Runtime runtime;
const Runtime runtime = {
    .name = "coreml",
    .check = [](const std::vector<File> &files) { (void)read_package(file_with_role(files, "weights")); },
    .tensors = [](const ModelRequest &) -> std::unique_ptr<TensorModel> {
        throw Failure(HH_RUNTIME_MISSING, "Core ML is a part of macOS and iOS, and this system has none. Run the app in a "
                                          "simulator, on a phone or on a Mac.");
    },
};

}  // namespace hh::runtimes::coreml
