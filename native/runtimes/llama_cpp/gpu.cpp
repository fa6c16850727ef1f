#include "runtimes/llama_cpp/gpu.hpp"

#include <ggml.h>

#if defined(HH_VULKAN)
#include <dlfcn.h>
#elif defined(HH_METAL)
#include <ggml-metal.h>
#endif

namespace hh::runtimes::llama_cpp {
namespace {

#if defined(HH_VULKAN)
constexpr const char *kApi = "Vulkan";

ggml_backend_reg_t start_backend(std::string &why) {
    constexpr const char *kLibrary = "libggml-vulkan.so";
    void *handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // by its plain name: inside an APK there is no folder
    if (handle == nullptr) {
        const char *error = dlerror();
        why = error != nullptr ? error : std::string(kLibrary) + " cannot be opened";
        return nullptr;
    }
    const ggml_backend_reg_t backend = ggml_backend_load(kLibrary);
    dlclose(handle);  // ggml holds its own
    if (backend == nullptr) why = "Vulkan does not start here";
    return backend;
}
#elif defined(HH_METAL)
constexpr const char *kApi = "Metal";

// Among ggml's own backends it would start with every app, and its kernels be compiled for nobody.
ggml_backend_reg_t start_backend(std::string &) { return ggml_backend_metal_reg(); }
#else
constexpr const char *kApi = "";

ggml_backend_reg_t start_backend(std::string &why) {
    why = "this build of llama.cpp has the CPU only";
    return nullptr;
}
#endif

Gpu start() {
    Gpu gpu;
    const ggml_backend_reg_t backend = start_backend(gpu.why);
    if (backend == nullptr) return gpu;
    std::size_t free = 0, total = 0;
    if (ggml_backend_reg_dev_count(backend) > 0) {
        gpu.device = ggml_backend_reg_dev_get(backend, 0);
        ggml_backend_dev_memory(gpu.device, &free, &total);
    }
    if (total == 0) {  // Metal shows a device where there is none, as in some simulators
        gpu.device = nullptr;
        gpu.why = std::string(kApi) + " finds no GPU";
        return gpu;
    }
    gpu.name = ggml_backend_dev_description(gpu.device);
    return gpu;
}

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

const Gpu &find_gpu() {
    static const Gpu gpu = start();
    return gpu;
}

void NodeCount::watch(llama_context_params &params) {
    params.cb_eval = &NodeCount::look;
    params.cb_eval_user_data = this;
}

// False, always: whoever asks for a node's result makes the GPU stop behind it.
bool NodeCount::look(ggml_tensor *node, bool ask, void *self) {
    auto &count = *static_cast<NodeCount *>(self);
    if (!ask || !count.on_ || !computes(node)) return false;
    const ggml_backend_buffer_t buffer = node->view_src != nullptr ? node->view_src->buffer : node->buffer;
    ++count.nodes_;
    if (buffer != nullptr && !ggml_backend_buffer_is_host(buffer)) ++count.taken_;
    else ++count.rest_[ggml_op_name(node->op)];
    return false;
}

Accelerator NodeCount::of(const Gpu &gpu) const {
    return {.kind = taken_ > 0 ? "gpu" : "cpu", .device = gpu.name, .note = rest_on_cpu(rest_, nodes_), .taken = taken_,
            .nodes = nodes_};
}

}  // namespace hh::runtimes::llama_cpp
