// What computes each node of a compiled model: LiteRT's own flag says "fully accelerated" of graphs that are not.
#pragma once

#include <map>
#include <string>

#include "core/shapes.hpp"
#include "runtimes/litert/litert_api.hpp"

namespace hh::runtimes::litert {

/**
 * Counts while it lives, on its thread. It is one more accelerator of an environment, after all others: asked to take
 * nodes it takes none, but looks at who took which.
 */
class NodeCount {
public:
    /** Whether the library shows what is needed to register. */
    [[nodiscard]] static bool possible();
    /** Registers with an environment, before a model is compiled. */
    explicit NodeCount(Environment *environment);
    ~NodeCount();
    NodeCount(const NodeCount &) = delete;
    NodeCount &operator=(const NodeCount &) = delete;

    /** What the model that was compiled meanwhile computes with; kind is cpu if no other has a node. */
    [[nodiscard]] Accelerator of(const std::string &kind) const;

    /** TensorFlow Lite's delegates are given the graph like this: its nodes after the delegates before have taken theirs. */
    struct Context;
    void look_at(Context *graph);

private:
    std::size_t taken_ = 0, nodes_ = 0;
    std::string device_;
    std::map<std::string, std::size_t> rest_;  // by operator
};

}  // namespace hh::runtimes::litert
