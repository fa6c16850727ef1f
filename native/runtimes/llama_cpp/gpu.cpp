#include "runtimes/llama_cpp/gpu.hpp"

#include <ggml.h>

#ifdef HH_VULKAN
#include <dlfcn.h>

#include <cstring>
#endif

namespace hh::runtimes::llama_cpp {
namespace {

#ifdef HH_VULKAN
Gpus find_gpus() {
    constexpr const char *kLibrary = "libggml-vulkan.so";
    Gpus gpus;
    void *handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // by its plain name: inside an APK there is no folder
    if (handle == nullptr) {
        const char *why = dlerror();
        gpus.why = why != nullptr ? why : std::string(kLibrary) + " cannot be opened";
        return gpus;
    }
    const ggml_backend_reg_t backend = ggml_backend_load(kLibrary);
    dlclose(handle);  // ggml holds its own
    if (backend == nullptr) {
        gpus.why = "Vulkan does not start here";
        return gpus;
    }
    for (std::size_t i = 0; i < ggml_backend_reg_dev_count(backend); ++i)
        gpus.devices.push_back(ggml_backend_reg_dev_get(backend, i));
    if (gpus.devices.empty()) {
        gpus.why = "Vulkan finds no GPU";
        return gpus;
    }
    gpus.name = ggml_backend_dev_description(gpus.devices.front());
    gpus.devices.push_back(nullptr);
    return gpus;
}
#else
Gpus find_gpus() { return {.devices = {}, .name = {}, .why = "this build of llama.cpp has the CPU only"}; }
#endif

// Others only say how an array is looked at.
bool computes(const ggml_tensor *node) {
    switch (node->op) {
        case GGML_OP_NONE:
        case GGML_OP_RESHAPE:
        case GGML_OP_VIEW:
        case GGML_OP_PERMUTE:
        case GGML_OP_TRANSPOSE: return false;
        default: return true;
    }
}

}  // namespace

const Gpus &load_gpus() {
    static const Gpus gpus = find_gpus();
    return gpus;
}

bool NodeCount::look(ggml_tensor *node, bool ask, void *self) {
    auto &count = *static_cast<NodeCount *>(self);
    if (!ask || !count.on_ || !computes(node)) return false;
    const ggml_backend_buffer_t buffer = node->view_src != nullptr ? node->view_src->buffer : node->buffer;
    ++count.nodes_;
    if (buffer != nullptr && !ggml_backend_buffer_is_host(buffer)) ++count.taken_;
    else ++count.rest_[ggml_op_name(node->op)];
    return false;
}

Accelerator NodeCount::of(const Gpus &gpus) const {
    return {.kind = taken_ > 0 ? "gpu" : "cpu", .device = gpus.name, .note = rest_on_cpu(rest_, nodes_), .taken = taken_,
            .nodes = nodes_};
}

}  // namespace hh::runtimes::llama_cpp
