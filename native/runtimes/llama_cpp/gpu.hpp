// GPUs for ggml: a library that is opened when one is asked for (HH_VULKAN).
#pragma once

#include <ggml-backend.h>

#include <map>
#include <string>
#include <vector>

#include "core/shapes.hpp"

namespace hh::runtimes::llama_cpp {

/** The GPUs of this process. */
struct Gpus {
    std::vector<ggml_backend_dev_t> devices;  // with a nullptr at its end, as llama.cpp takes them; empty if there is none
    std::string name;                         // of the first one
    std::string why;                          // why there is none, a part of a sentence
};

/** Opens the library at the first call and looks for devices; later calls give the same. */
[[nodiscard]] const Gpus &load_gpus();

/** Counts what computes each node of the graph, while it is on: by where the results of a node lie. */
class NodeCount {
public:
    /** For llama_context_params; `self` is the NodeCount. Never asks llama.cpp to stop after a node. */
    static bool look(ggml_tensor *node, bool ask, void *self);

    void start() { *this = NodeCount(true); }
    void stop() { on_ = false; }
    /** What was seen; kind is cpu if the GPU computed no node. */
    [[nodiscard]] Accelerator of(const Gpus &gpus) const;

    NodeCount() = default;

private:
    explicit NodeCount(bool on) : on_(on) {}

    bool on_ = false;
    std::size_t taken_ = 0, nodes_ = 0;
    std::map<std::string, std::size_t> rest_;  // by operation
};

}  // namespace hh::runtimes::llama_cpp
