// Execution providers: what computes beside onnxruntime's own code for the CPU.
#pragma once

#include <span>
#include <string>

#include "core/shapes.hpp"
#include "runtimes/onnxruntime/ort_api.hpp"

namespace hh::runtimes::onnxruntime {

struct ProviderOption {
    const char *name, *value;
};

/** One provider, for one kind of accelerator on one platform. */
struct Provider {
    const char *kind;    // gpu or npu
    const char *name;    // what people read, and what it is appended by
    const char *listed;  // what the library calls it, in its list and where it says what computes a node
    std::span<const ProviderOption> options;
    bool compiles = false;  // takes parts of the graph and makes one node of each, so these have to be counted before
    bool nnapi = false;     // appended by a function of its own
};

/** Those of this platform for what was asked for, the best first; empty for auto and cpu. */
[[nodiscard]] std::span<const Provider> providers_for(const std::string &accelerator);

/** Whether the library in use was built with it. */
[[nodiscard]] bool is_built_in(const Provider &provider);

/** Has sessions made with these options use it first, and say what computes each node. The result is to release. */
[[nodiscard]] OrtStatus *append(const Provider &provider, OrtSessionOptions *options);

/**
 * Counts what computes each node of one session, which is made while this lives, on the same thread.
 *
 * The library has a function for that since 1.24; but where a provider wants another layout of pictures, as WebGPU does,
 * 1.27 gives the nodes that the change of layout added and no others. Its log has the final graph: all nodes and what
 * each was given to. That in turn shows a part that a provider compiled as one node. So each kind is counted its way.
 */
class NodeCount {
public:
    explicit NodeCount(const Provider &provider);

    /** What the session computes with; kind is cpu if the provider took no node. */
    [[nodiscard]] Accelerator of(const OrtSession *session);

private:
    struct Counts {
        std::size_t taken = 0, nodes = 0;
        std::map<std::string, std::size_t> rest;  // by operator
    };
    void read_log(std::string_view place, std::string_view message);
    [[nodiscard]] Counts ask(const OrtSession *session) const;

    const Provider &provider_;
    Counts logged_;
    bool of_rest_ = false;  // the lines that follow name operators that others compute
    LogListener listener_;
};

}  // namespace hh::runtimes::onnxruntime
