// GPUs for ggml: Vulkan as a library that is opened when a GPU is asked for (HH_VULKAN), or Apple's Metal (HH_METAL).
#pragma once

#include <ggml-backend.h>
#include <llama.h>

#include <map>
#include <string>

#include "core/shapes.hpp"

namespace hh::runtimes::llama_cpp {

/** The GPU of this process: the first one of those that ggml finds. */
struct Gpu {
    ggml_backend_dev_t device = nullptr;  // nullptr if there is none
    std::string name;
    std::string why;  // why there is none, a part of a sentence
};

/** Starts Vulkan or Metal at the first call, which compiles Metal's kernels; later calls give the same. */
[[nodiscard]] const Gpu &find_gpu();

/** Counts what computes each node of the graph, while it is on: by where the results of a node lie. */
class NodeCount {
public:
    /** Lets it look at every evaluation of a context; it has to outlive the context, and to stay where it is. */
    void watch(llama_context_params &params);

    void start() { on_ = true; }
    void stop() { on_ = false; }
    /** What was seen; kind is cpu if the GPU computed no node. */
    [[nodiscard]] Accelerator of(const Gpu &gpu) const;

private:
    static bool look(ggml_tensor *node, bool ask, void *self);

    bool on_ = false;
    std::size_t taken_ = 0, nodes_ = 0;
    std::map<std::string, std::size_t> rest_;  // by operation
};

}  // namespace hh::runtimes::llama_cpp
