// A model file from a stranger, up to where llama.cpp would read its weights. $HH_MANIFEST names the task.json.
#include <cstdint>

#include "../harness.hpp"

static std::string manifest;

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    const char *path = std::getenv("HH_MANIFEST");
    if (path == nullptr) std::abort();
    manifest = path;
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    hh_file weights = HH_FILE_INIT;
    weights.role = "weights";
    weights.data = data;
    weights.length = static_cast<std::int64_t>(size);
    Task task;
    if (size > 0) task.open(manifest, nullptr, {weights});
    return 0;
}
