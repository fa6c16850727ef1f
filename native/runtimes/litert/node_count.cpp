#include "runtimes/litert/node_count.hpp"

#include <iterator>
#include <string_view>

#include "core/failure.hpp"

namespace hh::runtimes::litert {
namespace {

// BuiltinOperator, in its order; code 51 is a node that a delegate made of those it took.
constexpr const char *kOperators[] = {
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE",
    "EMBEDDING_LOOKUP", "FLOOR", "FULLY_CONNECTED", "HASHTABLE_LOOKUP", "L2_NORMALIZATION", "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION", "LOGISTIC", "LSH_PROJECTION", "LSTM", "MAX_POOL_2D", "MUL", "RELU", "RELU_N1_TO_1",
    "RELU6", "RESHAPE", "RESIZE_BILINEAR", "RNN", "SOFTMAX", "SPACE_TO_DEPTH", "SVDF", "TANH", "CONCAT_EMBEDDINGS",
    "SKIP_GRAM", "CALL", "CUSTOM", "EMBEDDING_LOOKUP_SPARSE", "PAD", "UNIDIRECTIONAL_SEQUENCE_RNN", "GATHER",
    "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "TRANSPOSE", "MEAN", "SUB", "DIV", "SQUEEZE",
    "UNIDIRECTIONAL_SEQUENCE_LSTM", "STRIDED_SLICE", "BIDIRECTIONAL_SEQUENCE_RNN", "EXP", "TOPK_V2", "SPLIT",
    "LOG_SOFTMAX", "DELEGATE", "BIDIRECTIONAL_SEQUENCE_LSTM", "CAST", "PRELU", "MAXIMUM", "ARG_MAX", "MINIMUM", "LESS",
    "NEG", "PADV2", "GREATER", "GREATER_EQUAL", "LESS_EQUAL", "SELECT", "SLICE", "SIN", "TRANSPOSE_CONV",
    "SPARSE_TO_DENSE", "TILE", "EXPAND_DIMS", "EQUAL", "NOT_EQUAL", "LOG", "SUM", "SQRT", "RSQRT", "SHAPE", "POW",
    "ARG_MIN", "FAKE_QUANT", "REDUCE_PROD", "REDUCE_MAX", "PACK", "LOGICAL_OR", "ONE_HOT", "LOGICAL_AND",
    "LOGICAL_NOT", "UNPACK", "REDUCE_MIN", "FLOOR_DIV", "REDUCE_ANY", "SQUARE", "ZEROS_LIKE", "FILL", "FLOOR_MOD",
    "RANGE", "RESIZE_NEAREST_NEIGHBOR", "LEAKY_RELU", "SQUARED_DIFFERENCE", "MIRROR_PAD", "ABS", "SPLIT_V", "UNIQUE",
    "CEIL", "REVERSE_V2", "ADD_N", "GATHER_ND", "COS", "WHERE", "RANK", "ELU", "REVERSE_SEQUENCE", "MATRIX_DIAG",
    "QUANTIZE", "MATRIX_SET_DIAG", "ROUND", "HARD_SWISH", "IF", "WHILE", "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5", "SCATTER_ND", "SELECT_V2", "DENSIFY", "SEGMENT_SUM", "BATCH_MATMUL",
    "PLACEHOLDER_FOR_GREATER_OP_CODES", "CUMSUM", "CALL_ONCE", "BROADCAST_TO", "RFFT2D", "CONV_3D", "IMAG", "REAL",
    "COMPLEX_ABS", "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE", "REDUCE_ALL",
    "CONV_3D_TRANSPOSE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "BROADCAST_ARGS", "RANDOM_STANDARD_NORMAL",
    "BUCKETIZE", "RANDOM_UNIFORM", "MULTINOMIAL", "GELU", "DYNAMIC_UPDATE_SLICE", "RELU_0_TO_1",
    "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX", "UNSORTED_SEGMENT_SUM", "ATAN2", "UNSORTED_SEGMENT_MIN", "SIGN",
    "BITCAST", "BITWISE_XOR", "RIGHT_SHIFT", "STABLEHLO_LOGISTIC", "STABLEHLO_ADD", "STABLEHLO_DIVIDE",
    "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_RESHAPE", "STABLEHLO_CLAMP", "STABLEHLO_CONCATENATE",
    "STABLEHLO_BROADCAST_IN_DIM", "STABLEHLO_CONVOLUTION", "STABLEHLO_SLICE", "STABLEHLO_CUSTOM_CALL",
    "STABLEHLO_REDUCE", "STABLEHLO_ABS", "STABLEHLO_AND", "STABLEHLO_COSINE", "STABLEHLO_EXPONENTIAL",
    "STABLEHLO_FLOOR", "STABLEHLO_LOG", "STABLEHLO_MINIMUM", "STABLEHLO_NEGATE", "STABLEHLO_OR", "STABLEHLO_POWER",
    "STABLEHLO_REMAINDER", "STABLEHLO_RSQRT", "STABLEHLO_SELECT", "STABLEHLO_SUBTRACT", "STABLEHLO_TANH",
    "STABLEHLO_SCATTER", "STABLEHLO_COMPARE", "STABLEHLO_CONVERT", "STABLEHLO_DYNAMIC_SLICE",
    "STABLEHLO_DYNAMIC_UPDATE_SLICE", "STABLEHLO_PAD", "STABLEHLO_IOTA", "STABLEHLO_DOT_GENERAL",
    "STABLEHLO_REDUCE_WINDOW", "STABLEHLO_SORT", "STABLEHLO_WHILE", "STABLEHLO_GATHER", "STABLEHLO_TRANSPOSE",
    "DILATE", "STABLEHLO_RNG_BIT_GENERATOR", "REDUCE_WINDOW", "STABLEHLO_COMPOSITE", "STABLEHLO_SHIFT_LEFT",
    "STABLEHLO_CBRT", "STABLEHLO_CASE"};
constexpr std::int32_t kCustom = 32;

// TensorFlow Lite's C structures, as far as they are read; they are fixed since delegates come as libraries.
struct Numbers {
    std::int32_t size;
    std::int32_t values[];
};
struct Taken {
    void *delegate;
    const Numbers *nodes;
};
struct Node {
    void *inputs, *outputs, *intermediates, *temporaries, *user_data;
    const void *builtin_data;
    const void *custom_data;
    std::int32_t custom_bytes;
    const void *delegate;
};
struct Registration {
    void *functions[5];
    std::int32_t code;
    const char *name;
};

}  // namespace

struct NodeCount::Context {
    std::size_t tensors_size;
    std::int32_t (*plan)(Context *, Numbers **);
    void *tensors, *implementation, *resize, *report, *add;
    std::int32_t (*node)(Context *, std::int32_t, Node **, Registration **);
};

namespace {

thread_local NodeCount *counting = nullptr;

struct Delegate {
    void *data = nullptr;
    std::int32_t (*prepare)(NodeCount::Context *, Delegate *) = nullptr;
    void *copy_from = nullptr, *copy_to = nullptr, *free = nullptr;
    std::int64_t flags = 1;  // takes graphs with free sizes
    void *builder = nullptr;
};

std::int32_t prepare(NodeCount::Context *graph, Delegate *) {
    if (counting != nullptr) counting->look_at(graph);
    return kOk;
}

std::int32_t make_delegate(void *, Environment *, OwnAccelerator *, CompileOptions *, DelegateWrapper **made) {
    static Delegate delegate{.prepare = prepare};
    return api().WrapDelegate(&delegate, [](void *) {}, made);
}

std::string name_of(const Registration &node) {
    if (node.code == kCustom && node.name != nullptr) return node.name;
    if (node.code >= 0 && static_cast<std::size_t>(node.code) < std::size(kOperators)) return kOperators[node.code];
    return "operator " + std::to_string(node.code);
}

void must(std::int32_t code) {
    if (code != kOk) throw Failure(HH_RUNTIME_FAILED, "LiteRT could not take an accelerator (status " + std::to_string(code) + ").");
}

}  // namespace

bool NodeCount::possible() {
    bool all = true;
#define HH_LITERT_IS_THERE(name, parameters) all = all && api().name != nullptr;
    HH_LITERT_REGISTRY(HH_LITERT_IS_THERE)
#undef HH_LITERT_IS_THERE
    return all;
}

NodeCount::NodeCount(Environment *environment) {
    OwnAccelerator *made = nullptr;
    must(api().CreateAccelerator(&made));
    must(api().SetAcceleratorGetName(made, [](OwnAccelerator *, const char **name) -> std::int32_t {
        *name = "node count";
        return kOk;
    }));
    must(api().SetAcceleratorGetVersion(made, [](OwnAccelerator *, Version *version) -> std::int32_t {
        *version = {};
        return kOk;
    }));
    must(api().SetAcceleratorGetHardwareSupport(made, [](OwnAccelerator *, std::int32_t *hardware) -> std::int32_t {
        *hardware = kCpu;
        return kOk;
    }));
    must(api().SetDelegateFunction(made, make_delegate));
    must(api().RegisterAccelerator(environment, made, nullptr, nullptr));
    counting = this;
}

NodeCount::~NodeCount() { counting = nullptr; }

void NodeCount::look_at(Context *graph) {
    Numbers *plan = nullptr;
    if (graph->plan(graph, &plan) != kOk) return;
    for (std::int32_t i = 0; i < plan->size; ++i) {
        Node *node = nullptr, *part = nullptr;
        Registration *kind = nullptr;
        if (graph->node(graph, plan->values[i], &node, &kind) != kOk) continue;
        if (node->delegate == nullptr) {
            ++nodes_;
            ++rest_[name_of(*kind)];
            continue;
        }
        const Numbers *nodes = static_cast<const Taken *>(node->builtin_data)->nodes;
        const std::string_view name = kind->name != nullptr ? kind->name : "";
        nodes_ += static_cast<std::size_t>(nodes->size);
        if (name.find("XNNPack") == name.npos) {
            taken_ += static_cast<std::size_t>(nodes->size);
            device_ = name;
            continue;
        }
        for (std::int32_t k = 0; k < nodes->size; ++k)  // it is the CPU's
            if (graph->node(graph, nodes->values[k], &part, &kind) == kOk) ++rest_[name_of(*kind)];
    }
}

Accelerator NodeCount::of(const std::string &kind) const {
    return {.kind = taken_ > 0 ? kind : "cpu", .device = device_, .note = rest_on_cpu(rest_, nodes_), .taken = taken_,
            .nodes = nodes_};
}

}  // namespace hh::runtimes::litert
