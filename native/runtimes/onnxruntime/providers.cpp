#include "runtimes/onnxruntime/providers.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace hh::runtimes::onnxruntime {
namespace {

// What the builds have that runtime.toml names. The order of a kind is the order in which they are tried.
#if defined(__APPLE__)
constexpr ProviderOption kGpu[] = {{"ModelFormat", "MLProgram"}, {"MLComputeUnits", "CPUAndGPU"}};
constexpr ProviderOption kNeuralEngine[] = {{"ModelFormat", "MLProgram"}, {"MLComputeUnits", "CPUAndNeuralEngine"}};
constexpr Provider kProviders[] = {
    {"gpu", "CoreML", "CoreMLExecutionProvider", kGpu, true},
    {"npu", "CoreML", "CoreMLExecutionProvider", kNeuralEngine, true},
};
#elif defined(__ANDROID__)
constexpr ProviderOption kHexagon[] = {{"backend_path", "libQnnHtp.so"}};
constexpr Provider kProviders[] = {
    {"gpu", "WebGPU", "WebGpuExecutionProvider", {}},
    {"npu", "QNN", "QNNExecutionProvider", kHexagon, true},
    {"npu", "NNAPI", "NnapiExecutionProvider", {}, true, true},
};
#else
constexpr Provider kProviders[] = {{"gpu", "WebGPU", "WebGpuExecutionProvider", {}}};
#endif

// Without it Android's own code for the CPU would compute, which is slower than onnxruntime's.
constexpr std::uint32_t kNnapiWithoutCpu = 4;

// Releases a status; true if there was none.
bool good(OrtStatus *status) {
    if (status != nullptr) ort().ReleaseStatus(status);
    return status == nullptr;
}

}  // namespace

std::span<const Provider> providers_for(const std::string &accelerator) {
    const auto of_kind = [&](const Provider &provider) { return accelerator == provider.kind; };
    const Provider *first = std::find_if(std::begin(kProviders), std::end(kProviders), of_kind);
    return {first, std::find_if_not(first, std::end(kProviders), of_kind)};
}

bool is_built_in(const Provider &provider) {
    char **names = nullptr;
    int count = 0;
    if (!good(ort().GetAvailableProviders(&names, &count))) return false;
    const bool found = std::find(names, names + count, std::string_view(provider.listed)) != names + count;
    good(ort().ReleaseAvailableProviders(names, count));
    return found && (!provider.nnapi || ort().append_nnapi != nullptr);
}

OrtStatus *append(const Provider &provider, OrtSessionOptions *options) {
    OrtStatus *status = ort().SetSessionLogSeverityLevel(options, kLogVerbose);  // for NodeCount
    if (status == nullptr) status = ort().AddSessionConfigEntry(options, "session.record_ep_graph_assignment_info", "1");
    if (status != nullptr) return status;
    if (provider.nnapi) return ort().append_nnapi(options, kNnapiWithoutCpu);
    std::vector<const char *> names, values;
    for (const ProviderOption &option : provider.options) {
        names.push_back(option.name);
        values.push_back(option.value);
    }
    return ort().SessionOptionsAppendExecutionProvider(options, provider.name, names.data(), values.data(), names.size());
}

NodeCount::NodeCount(const Provider &provider)
    : provider_(provider),
      listener_([this](std::string_view place, std::string_view message) { read_log(place, message); }) {}

// The lines, from session_state.cc:
//     All nodes placed on [WebGpuExecutionProvider]. Number of nodes: 33
//     Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1
//      Identity (its name)
void NodeCount::read_log(std::string_view place, std::string_view message) {
    constexpr std::string_view kPlaced = "odes placed on [", kSomePlaced = "ode(s) placed on [", kNumber = "Number of nodes: ";
    if (place.find("VerifyEachNodeIsAssignedToAnEp") == place.npos) return;
    const std::size_t all = message.find(kPlaced), some = message.find(kSomePlaced), number = message.find(kNumber);
    if (all == message.npos && some == message.npos) {
        const std::size_t from = message.find_first_not_of(' '), to = message.find(" (");
        if (of_rest_ && from < to && to != message.npos) ++logged_.rest[std::string(message.substr(from, to - from))];
        return;
    }
    const std::string_view name = message.substr(all != message.npos ? all + kPlaced.size() : some + kSomePlaced.size());
    std::size_t count = 0;
    if (number != message.npos)
        std::from_chars(message.data() + number + kNumber.size(), message.data() + message.size(), count);
    of_rest_ = !name.starts_with(provider_.listed);
    logged_.nodes += count;
    if (!of_rest_) logged_.taken += count;
}

NodeCount::Counts NodeCount::ask(const OrtSession *session) const {
    Counts counts;
    const OrtEpAssignedSubgraph *const *parts = nullptr;
    std::size_t count = 0;
    if (ort().Session_GetEpGraphAssignmentInfo == nullptr ||
        !good(ort().Session_GetEpGraphAssignmentInfo(session, &parts, &count)))
        return counts;
    for (std::size_t i = 0; i < count; ++i) {
        const char *name = nullptr, *type = nullptr;
        const OrtEpAssignedNode *const *nodes = nullptr;
        std::size_t size = 0;
        if (!good(ort().EpAssignedSubgraph_GetEpName(parts[i], &name)) ||
            !good(ort().EpAssignedSubgraph_GetNodes(parts[i], &nodes, &size)))
            continue;
        counts.nodes += size;
        if (std::string_view(name) == provider_.listed) {
            counts.taken += size;
            continue;
        }
        for (std::size_t n = 0; n < size; ++n)
            if (good(ort().EpAssignedNode_GetOperatorType(nodes[n], &type))) ++counts.rest[type];
    }
    return counts;
}

Accelerator NodeCount::of(const OrtSession *session) {
    const Counts counts = provider_.compiles ? ask(session) : logged_;
    Accelerator used{.kind = provider_.kind, .device = provider_.name, .note = rest_on_cpu(counts.rest, counts.nodes),
                     .taken = counts.taken, .nodes = counts.nodes};
    if (counts.nodes == 0) used.note = "onnxruntime " + ort().version + " does not say which nodes it computes";
    else if (counts.taken == 0) used.kind = "cpu";
    return used;
}

}  // namespace hh::runtimes::onnxruntime
