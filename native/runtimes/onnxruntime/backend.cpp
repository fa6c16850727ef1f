// Runtime `onnxruntime`: shape `tensors` over onnxruntime's C API, whose library is opened when a model is loaded.
#include <algorithm>
#include <cstdio>

#include "core/failure.hpp"
#include "core/runtime.hpp"
#include "core/tensors/text.hpp"
#include "runtimes/onnxruntime/onnx_check.hpp"
#include "runtimes/onnxruntime/ort_api.hpp"
#include "runtimes/onnxruntime/providers.hpp"

namespace hh::runtimes::onnxruntime {
namespace {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T *)>;

/** A failed call's code and message; nothing when it went well. */
struct Outcome {
    int code = 0;
    std::string message;
    [[nodiscard]] bool good() const { return code == 0; }
    [[nodiscard]] bool says(const char *part) const { return message.find(part) != std::string::npos; }
};

Outcome outcome_of(OrtStatus *status) {
    if (status == nullptr) return {};
    const Outcome outcome{ort().GetErrorCode(status), ort().GetErrorMessage(status)};
    ort().ReleaseStatus(status);
    return outcome;
}

void must(OrtStatus *status) {
    const Outcome outcome = outcome_of(status);
    if (!outcome.good()) throw Failure(HH_RUNTIME_FAILED, "onnxruntime failed: " + outcome.message);
}

struct Type {
    ElementType ours;
    hh_dtype dtype;
};
constexpr Type kTypes[] = {{kFloat, HH_DTYPE_F32},    {kUint8, HH_DTYPE_U8},   {kInt8, HH_DTYPE_I8},
                           {kUint16, HH_DTYPE_U16},   {kInt16, HH_DTYPE_I16},  {kInt32, HH_DTYPE_I32},
                           {kInt64, HH_DTYPE_I64},    {kBool, HH_DTYPE_BOOL},  {kFloat16, HH_DTYPE_F16},
                           {kDouble, HH_DTYPE_F64},   {kUint32, HH_DTYPE_U32}, {kUint64, HH_DTYPE_U64},
                           {kBfloat16, HH_DTYPE_BF16}};

int element_type_of(hh_dtype dtype) {
    return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type &type) { return type.dtype == dtype; })->ours;
}

/** What an input or output holds, where that is nothing that the core carries. */
std::string strange_elements(int type) {
    switch (type) {
        case kString: return "texts (a string tensor)";
        case kComplex64:
        case kComplex128: return "complex numbers";
        default: return "numbers of fewer than 8 bits, or in a layout of 8 bits that only some chips know";
    }
}

const char *strange_value(int type) {
    switch (type) {
        case kSequenceValue: return "a sequence of values";
        case kMapValue: return "a map";
        case kSparseValue: return "a sparse tensor";
        case kOptionalValue: return "an optional value";
        default: return "a value of no known kind";
    }
}

[[noreturn]] void refuse_port(const std::string &what, const std::string &holds) {
    throw Failure(HH_UNSUPPORTED, "The model's " + what + " holds " + holds +
                                      "; the core carries dense arrays of numbers. Export the model without that part and "
                                      "do it in the task's C++.");
}

hh_dtype dtype_of(int type, const std::string &what) {
    for (const Type &known : kTypes)
        if (known.ours == type) return known.dtype;
    refuse_port(what, strange_elements(type));
}

std::vector<std::int64_t> shape_of(const OrtTensorTypeAndShapeInfo *info) {
    std::size_t rank = 0;
    must(ort().GetDimensionsCount(info, &rank));
    std::vector<std::int64_t> shape(rank);
    must(ort().GetDimensions(info, shape.data(), rank));
    return shape;
}

TensorSpec spec_of(const OrtTypeInfo *type, const std::string &name, const char *direction) {
    const std::string what = std::string(direction) + " \"" + name + "\"";
    int kind = 0;
    must(ort().GetOnnxTypeFromTypeInfo(type, &kind));
    if (kind != kTensorValue) refuse_port(what, strange_value(kind));
    const OrtTensorTypeAndShapeInfo *info = nullptr;
    must(ort().CastTypeInfoToTensorInfo(type, &info));
    int element = 0;
    must(ort().GetTensorElementType(info, &element));
    TensorSpec spec{.name = name, .dtype = dtype_of(element, what), .shape = shape_of(info), .axes = {}, .quantization = {}};
    if (spec.shape.size() > 8)
        refuse_port(what, "an array of " + std::to_string(spec.shape.size()) + " dimensions, more than 8");
    std::vector<const char *> axes(spec.shape.size());
    must(ort().GetSymbolicDimensions(info, axes.data(), axes.size()));
    for (const char *axis : axes) spec.axes.emplace_back(axis != nullptr ? axis : "");
    return spec;
}

std::string take_text(char *text) {
    std::string copy = text != nullptr ? text : "";
    if (text != nullptr) must(ort().AllocatorFree(ort().allocator, text));
    return copy;
}

std::string between(const std::string &text, const std::string &before, const char *ends) {
    const std::size_t at = text.find(before);
    if (at == text.npos) return {};
    const std::size_t from = at + before.size();
    return text.substr(from, text.find_first_of(ends, from) - from);
}

// The operator that a message is about, with its domain. onnxruntime says it in one of these ways:
//     In Node, ("name", Foo, "x", -1) : ..., Error No Op registered for Foo with domain_version of 13
//     In Node, ("name", Foo, "x", -1) : ..., Error No opset import for domain 'x'
//     Could not find an implementation for Foo(13) node with name 'name'
//     x:Foo(-1) is not a registered function/op
std::string operator_in(const Outcome &outcome) {
    const std::string &text = outcome.message;
    if (outcome.says("No Op registered") || outcome.says("No opset import")) {
        const std::string node = between(text, "In Node, (", ")");  // "name", Foo, "x", -1
        const std::size_t last = node.rfind(", "), domain = node.rfind(", ", last - 1), name = node.rfind(", ", domain - 1);
        if (name >= domain || domain >= last || last == node.npos) return {};
        const std::string of = node.substr(domain + 3, last - domain - 4);
        return (of.empty() ? "" : of + ":") + node.substr(name + 2, domain - name - 2);
    }
    if (const std::string name = between(text, "implementation for ", "( "); !name.empty()) return name;
    const std::size_t end = text.find("(-1) is not a registered");
    if (end == text.npos) return {};
    const std::size_t from = text.find_last_of(' ', end);
    return text.substr(from + 1, end - from - 1);
}

[[noreturn]] void refuse_model(const File &file, const Outcome &outcome) {
    if (const std::string name = operator_in(outcome); !name.empty())
        throw Failure(HH_UNSUPPORTED, file.label() + " uses the operator " + name + ", which onnxruntime " + ort().version +
                                          " does not have: " + outcome.message);
    if (outcome.says("opset") && outcome.says("ersion"))
        throw Failure(HH_UNSUPPORTED, file.label() + " is of a version that onnxruntime " + ort().version +
                                          " does not read; export it with an older opset: " + outcome.message);
    if (outcome.says("xternal data"))
        throw Failure(HH_UNSUPPORTED, file.label() + " keeps weights in another file. Join them where both lie: python3 -c "
                                                     "'import onnx; onnx.save_model(onnx.load(\"model.onnx\"), "
                                                     "\"one.onnx\")': " + outcome.message);
    if (outcome.says("bad_alloc") || outcome.says("Failed to allocate memory"))
        throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for " + file.label() + ".");
    throw Failure(HH_FILE_INVALID, file.label() + " cannot be loaded: " + outcome.message);
}

// A failed check of theirs says where it stands in their sources, then "... was false. ", then what a person wants to know.
std::string last_sentence(const std::string &message) {
    constexpr std::string_view kMark = " was false. ";
    const std::size_t mark = message.rfind(kMark);
    const std::string text = mark == message.npos ? message : message.substr(mark + kMark.size());
    return text.substr(0, text.find_last_not_of(" .\n") + 1);
}

class Model : public TensorModel {
public:
    explicit Model(const ModelRequest &request) {
        const File &file = file_with_role(request.files, "weights");
        check_onnx(file);
        bytes_ = static_cast<std::uint64_t>(file.size());
        threads_ = static_cast<int>(request.options.integer("threads"));
        if (threads_ == 0) threads_ = default_threads();
        request.progress(0.05F);
        OrtMemoryInfo *memory = nullptr;
        must(ort().CreateCpuMemoryInfo(kArenaAllocator, kDefaultMemory, &memory));
        memory_ = {memory, ort().ReleaseMemoryInfo};
        choose_accelerator(file, request);
        read_ports();
        request.progress(1);
    }

    const std::vector<TensorSpec> &inputs() const override { return inputs_; }
    const std::vector<TensorSpec> &outputs() const override { return outputs_; }

    std::vector<Tensor> run(std::span<const Tensor> given, CancelToken cancel) override {
        std::vector<Owned<OrtValue>> inputs;
        for (const Tensor &tensor : given) inputs.push_back(borrow(tensor));
        std::vector<const OrtValue *> raw_inputs;
        for (const Owned<OrtValue> &input : inputs) raw_inputs.push_back(input.get());
        std::vector<OrtValue *> raw_results(outputs_.size(), nullptr);

        OrtRunOptions *made = nullptr;
        must(ort().CreateRunOptions(&made));
        const Owned<OrtRunOptions> options(made, ort().ReleaseRunOptions);
        must(ort().RunOptionsSetRunLogSeverityLevel(made, kLogWarning));
        Outcome outcome;
        {
            const CancelToken::Hook hook(cancel, [made] { outcome_of(ort().RunOptionsSetTerminate(made)); });
            outcome = outcome_of(ort().Run(session_.get(), options.get(), input_names_.data(), raw_inputs.data(),
                                           raw_inputs.size(), output_names_.data(), output_names_.size(),
                                           raw_results.data()));
        }
        std::vector<std::shared_ptr<OrtValue>> results;
        for (OrtValue *result : raw_results) results.emplace_back(result, ort().ReleaseValue);
        cancel.check();
        if (!outcome.good()) fail(outcome);
        std::vector<Tensor> tensors;
        for (std::size_t i = 0; i < results.size(); ++i) tensors.push_back(lend(results[i], outputs_[i]));
        return tensors;
    }

    int threads() const override { return threads_; }
    Memory memory() const override { return {.model = bytes_}; }
    Accelerator accelerator() const override { return accelerator_; }

    Json describe() const override {
        OrtModelMetadata *made = nullptr;
        must(ort().SessionGetModelMetadata(session_.get(), &made));
        const Owned<OrtModelMetadata> metadata(made, ort().ReleaseModelMetadata);
        char *producer = nullptr, *graph = nullptr;
        must(ort().ModelMetadataGetProducerName(made, ort().allocator, &producer));
        must(ort().ModelMetadataGetGraphName(made, ort().allocator, &graph));
        return {{"producer", take_text(producer)}, {"name", take_text(graph)}, {"bytes", bytes_}, {"onnxruntime", ort().version}};
    }

private:
    // The first provider of the asked kind that is there, starts, and takes at least one node; else the CPU, with reasons.
    void choose_accelerator(const File &file, const ModelRequest &request) {
        std::string why;
        const auto because = [&](const std::string &reason) { why += (why.empty() ? "" : "; ") + reason; };
        for (const Provider &provider : providers_for(request.accelerator)) {
            const std::string name = provider.name;
            if (!is_built_in(provider)) {
                because("this build of onnxruntime " + ort().version + " has no " + name);
                continue;
            }
            NodeCount count(provider);
            const Outcome outcome = make_session(file, &provider);
            if (!outcome.good()) {
                because(name + " does not start: " + last_sentence(outcome.message));
                continue;
            }
            accelerator_ = count.of(session_.get());
            if (accelerator_.kind != "cpu") return;
            because(name + " takes none of the model's " + std::to_string(accelerator_.nodes) + " nodes");
            session_.reset();
            request.cancel.check();
        }
        if (why.empty()) why = "onnxruntime has none here";
        accelerator_ = fall_back(request.accelerator, why);
        if (const Outcome outcome = make_session(file, nullptr); !outcome.good()) refuse_model(file, outcome);
    }

    Outcome make_session(const File &file, const Provider *provider) {
        OrtSessionOptions *made = nullptr;
        must(ort().CreateSessionOptions(&made));
        const Owned<OrtSessionOptions> options(made, ort().ReleaseSessionOptions);
        must(ort().SetIntraOpNumThreads(made, threads_));
        must(ort().SetInterOpNumThreads(made, 1));
        must(ort().SetSessionGraphOptimizationLevel(made, kAllOptimizations));
        // Threads that wait for the next run by counting would drain a phone's battery.
        must(ort().AddSessionConfigEntry(made, "session.intra_op.allow_spinning", "0"));
        OrtSession *session = nullptr;
        Outcome outcome;
        if (provider != nullptr) outcome = outcome_of(append(*provider, made));
        if (!outcome.good()) return outcome;
        if (!file.path().empty()) {
            outcome = outcome_of(ort().CreateSession(ort().env, file.path().c_str(), made, &session));
        } else {
            const std::string bytes = file.head(static_cast<std::size_t>(file.size()));
            outcome = outcome_of(ort().CreateSessionFromArray(ort().env, bytes.data(), bytes.size(), made, &session));
        }
        if (outcome.good()) session_ = {session, ort().ReleaseSession};
        return outcome;
    }

    void read_ports() {
        std::size_t count = 0;
        must(ort().SessionGetInputCount(session_.get(), &count));
        for (std::size_t i = 0; i < count; ++i) {
            char *name = nullptr;
            OrtTypeInfo *type = nullptr;
            must(ort().SessionGetInputName(session_.get(), i, ort().allocator, &name));
            const std::string text = take_text(name);
            must(ort().SessionGetInputTypeInfo(session_.get(), i, &type));
            inputs_.push_back(spec_of(Owned<OrtTypeInfo>(type, ort().ReleaseTypeInfo).get(), text, "input"));
        }
        must(ort().SessionGetOutputCount(session_.get(), &count));
        for (std::size_t i = 0; i < count; ++i) {
            char *name = nullptr;
            OrtTypeInfo *type = nullptr;
            must(ort().SessionGetOutputName(session_.get(), i, ort().allocator, &name));
            const std::string text = take_text(name);
            must(ort().SessionGetOutputTypeInfo(session_.get(), i, &type));
            outputs_.push_back(spec_of(Owned<OrtTypeInfo>(type, ort().ReleaseTypeInfo).get(), text, "output"));
        }
        for (const TensorSpec &spec : inputs_) input_names_.push_back(spec.name.c_str());
        for (const TensorSpec &spec : outputs_) output_names_.push_back(spec.name.c_str());
    }

    Owned<OrtValue> borrow(const Tensor &tensor) const {
        OrtValue *value = nullptr;
        must(ort().CreateTensorWithDataAsOrtValue(memory_.get(), const_cast<void *>(tensor.data), tensor.bytes,
                                                  tensor.shape.data(), tensor.shape.size(), element_type_of(tensor.dtype),
                                                  &value));
        return {value, ort().ReleaseValue};
    }

    static Tensor lend(const std::shared_ptr<OrtValue> &value, const TensorSpec &spec) {
        OrtTensorTypeAndShapeInfo *made = nullptr;
        must(ort().GetTensorTypeAndShape(value.get(), &made));
        const Owned<OrtTensorTypeAndShapeInfo> info(made, ort().ReleaseTensorTypeAndShapeInfo);
        Tensor tensor{.dtype = spec.dtype, .shape = shape_of(made), .data = nullptr, .bytes = 0, .owner = value};
        void *data = nullptr;
        must(ort().GetTensorMutableData(value.get(), &data));
        tensor.data = data;
        tensor.bytes = element_count(tensor.shape) * dtype_bytes(tensor.dtype);
        return tensor;
    }

    [[noreturn]] static void fail(const Outcome &outcome) {
        if (outcome.says("bad_alloc") || outcome.says("Failed to allocate memory"))
            throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory to run the model: " + outcome.message);
        if (outcome.says("Invalid rank") || outcome.says("invalid dimensions"))
            throw Failure(HH_WRONG_SHAPE, "onnxruntime refused an input: " + outcome.message);
        throw Failure(HH_RUNTIME_FAILED, "onnxruntime could not run the model: " + outcome.message);
    }

    Owned<OrtSession> session_{nullptr, nullptr};
    Owned<OrtMemoryInfo> memory_{nullptr, nullptr};
    std::vector<TensorSpec> inputs_, outputs_;
    std::vector<const char *> input_names_, output_names_;  // point into the specs
    Accelerator accelerator_;
    std::uint64_t bytes_ = 0;
    int threads_ = 1;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "onnxruntime",
    .check = [](const std::vector<File> &files) { check_onnx(file_with_role(files, "weights")); },
    .tensors = [](const ModelRequest &request) -> std::unique_ptr<TensorModel> {
        return std::make_unique<Model>(request);
    },
};

}  // namespace hh::runtimes::onnxruntime
