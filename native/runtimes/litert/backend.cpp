// Runtime `litert`: shape `tensors` over LiteRT's CompiledModel, whose library is opened when a model is loaded.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/failure.hpp"
#include "core/file_kind.hpp"
#include "core/library.hpp"
#include "core/runtime.hpp"
#include "core/tensors/text.hpp"
#include "runtimes/litert/litert_api.hpp"
#include "runtimes/litert/node_count.hpp"

namespace hh::runtimes::litert {
namespace {

constexpr std::size_t kSignature = 0;  // a model without one is given one that names all of its tensors

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T *)>;

struct Type {
    ElementType theirs;
    hh_dtype dtype;
};
constexpr Type kTypes[] = {{kFloat32, HH_DTYPE_F32},   {kInt32, HH_DTYPE_I32},    {kUint8, HH_DTYPE_U8},
                           {kInt64, HH_DTYPE_I64},     {kBool, HH_DTYPE_BOOL},    {kInt16, HH_DTYPE_I16},
                           {kInt8, HH_DTYPE_I8},       {kFloat16, HH_DTYPE_F16},  {kFloat64, HH_DTYPE_F64},
                           {kUint64, HH_DTYPE_U64},    {kUint32, HH_DTYPE_U32},   {kUint16, HH_DTYPE_U16},
                           {kBfloat16, HH_DTYPE_BF16}};

std::int32_t element_of(hh_dtype dtype) {
    return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type &type) { return type.dtype == dtype; })->theirs;
}

void must(std::int32_t code, const char *what) {
    if (code == kOk) return;
    const hh_status status = code == kOutOfMemory ? HH_OUT_OF_MEMORY : HH_RUNTIME_FAILED;
    throw Failure(status, std::string("LiteRT could not ") + what + " (status " + std::to_string(code) + ").");
}

[[noreturn]] void refuse_port(const std::string &what, const std::string &holds) {
    throw Failure(HH_UNSUPPORTED, "The model's " + what + " holds " + holds +
                                      "; the core carries dense arrays of numbers. Convert the model without that part and "
                                      "do it in the task's C++.");
}

TensorSpec spec_of(LiteTensor *tensor, const char *name, const char *direction) {
    const std::string what = std::string(direction) + " \"" + name + "\"";
    std::int32_t kind = 0, quantization = 0;
    must(api().GetTensorTypeId(tensor, &kind), "tell a tensor's type");
    if (kind != kRanked) refuse_port(what, "an array of any number of dimensions");
    TensorType type;
    must(api().GetRankedTensorType(tensor, &type), "tell a tensor's type");
    const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const Type &each) { return each.theirs == type.element; });
    if (known == std::end(kTypes))
        refuse_port(what, type.element == kString ? "texts (a string tensor)" : "elements of a type that is no number of 8 bits "
                                                                               "or more");
    TensorSpec spec{.name = name, .dtype = known->dtype, .shape = {}, .axes = {}, .quantization = {}};
    for (std::size_t i = 0; i < type.layout.rank(); ++i) spec.shape.push_back(std::max(type.layout.sizes[i], -1));
    spec.axes.resize(spec.shape.size());
    must(api().GetQuantizationTypeId(tensor, &quantization), "tell a tensor's quantization");
    if (quantization == kPerTensor) {
        PerTensor values;
        must(api().GetPerTensorQuantization(tensor, &values), "tell a tensor's quantization");
        spec.quantization = Quantization{values.scale, values.zero_point};
    }
    return spec;
}

void check_tflite(const File &file) {
    const std::string head = file.head(kKindBytes);
    if (head.size() < 8 || head.compare(4, 4, "TFL3") != 0)
        throw Failure(HH_FILE_INVALID, file.label() + " is not a LiteRT model; it is " + file_kind(head) + ".");
}

class Model : public TensorModel {
public:
    explicit Model(const ModelRequest &request) {
        const File &file = file_with_role(request.files, "weights");
        check_tflite(file);
        bytes_ = static_cast<std::uint64_t>(file.size());
        threads_ = static_cast<int>(request.options.integer("threads"));
        if (threads_ == 0) threads_ = default_threads();
        label_ = file.label();
        request.progress(0.05F);
        const bool accelerated = asks_for_more(request.accelerator) && take_gpu(file, request.accelerator);
        request.cancel.check();
        if (!accelerated) {
            open(file, kCpu);
            if (const std::int32_t code = compile(kCpu); code != kOk) refuse_model(code);
        }
        must(api().SetCompiledModelCancellationFunction(compiled_.get(), this, &Model::is_cancelled), "watch for a cancel");
        request.progress(1);
    }

    const std::vector<TensorSpec> &inputs() const override { return inputs_; }
    const std::vector<TensorSpec> &outputs() const override { return outputs_; }

    std::vector<Tensor> run(std::span<const Tensor> given, CancelToken cancel) override {
        fit_buffers(given);
        std::vector<Buffer *> in, out;
        for (std::size_t i = 0; i < given.size(); ++i) write(input_buffers_[i].get(), given[i]);
        for (const Owned<Buffer> &buffer : input_buffers_) in.push_back(buffer.get());
        for (const Owned<Buffer> &buffer : output_buffers_) out.push_back(buffer.get());
        cancel_ = &cancel;
        const std::int32_t code =
            api().RunCompiledModel(compiled_.get(), kSignature, in.size(), in.data(), out.size(), out.data());
        cancel_ = nullptr;
        cancel.check();
        must(code, "run the model");
        if (!has_run_) refuse_moving_outputs();
        has_run_ = true;
        std::vector<Tensor> results;
        for (std::size_t i = 0; i < outputs_.size(); ++i)
            results.push_back(read(out[i], outputs_[i], output_shapes_[i]));
        return results;
    }

    int threads() const override { return threads_; }
    Memory memory() const override { return {.model = bytes_}; }
    Accelerator accelerator() const override { return accelerator_; }
    Json describe() const override { return {{"bytes", bytes_}, {"litert", "2.3.0"}}; }

private:
    // True if the GPU computes part of the model. LiteRT fails where it cannot; then the report says why.
    bool take_gpu(const File &file, const std::string &asked) {
        if (asked != "gpu") {
            accelerator_ = fall_back(asked, "an NPU needs a library of its maker, and no app brings one yet");
            return false;
        }
        open(file, kCpu | kGpu);
        if (!has_gpu_library()) {
            accelerator_ = fall_back(asked, "LiteRT's library for GPUs is not here");
            return false;
        }
        if (!NodeCount::possible()) {
            accelerator_ = fall_back(asked, "this build of LiteRT does not tell what a GPU takes");
            return false;
        }
        const NodeCount count(environment_.get());
        const std::int32_t code = compile(kCpu | kGpu);
        accelerator_ = count.of(asked);
        if (code == kOk && accelerator_.kind == asked) return true;
        const bool free_sizes = std::any_of(inputs_.begin(), inputs_.end(), [](const TensorSpec &spec) {
            return std::find(spec.shape.begin(), spec.shape.end(), -1) != spec.shape.end();
        });
        std::string why = "LiteRT gives no node to it";
        if (code != kOk && free_sizes) why = "an input has a free size, and LiteRT's GPU takes fixed ones";
        else if (code != kOk) why = "LiteRT finds no GPU, or none that takes the model (status " + std::to_string(code) + ")";
        accelerator_ = fall_back(asked, why);
        return false;
    }

    bool has_gpu_library() const {
        std::size_t count = 0;
        must(api().GetNumAccelerators(environment_.get(), &count), "list accelerators");
        for (std::size_t i = 0; i < count; ++i) {
            OwnAccelerator *one = nullptr;
            std::int32_t hardware = 0;
            if (api().GetAccelerator(environment_.get(), i, &one) == kOk &&
                api().GetAcceleratorHardwareSupport(one, &hardware) == kOk && (hardware & kGpu) != 0)
                return true;
        }
        return false;
    }

    void open(const File &file, std::int32_t hardware) {
        compiled_.reset();
        model_.reset();
        environment_.reset();
        inputs_.clear();
        outputs_.clear();
        // It writes to the process's error stream, which is the app's; and it would look for GPU libraries that nobody uses.
        const std::string folder = library_folder();
        std::vector<EnvironmentOption> options = {{kLeastSeverity, kErrors}, {kAccelerators, std::int64_t{hardware}}};
#if !defined(__ANDROID__)  // there the system finds it in the app
        if (hardware != kCpu && !folder.empty()) options.emplace_back(kLibraryFolder, folder.c_str());
#endif
        Environment *environment = nullptr;
        must(api().CreateEnvironment(static_cast<int>(options.size()), options.data(), &environment), "start");
        environment_ = {environment, api().DestroyEnvironment};
        read_model(file);
        read_ports();
    }

    void read_model(const File &file) {
        LoadedModel *model = nullptr;
        std::int32_t code = kOk;
        if (!file.path().empty()) {
            code = api().CreateModelFromFile(environment_.get(), file.path().c_str(), &model);
        } else {
            content_ = file.head(static_cast<std::size_t>(file.size()));
            code = api().CreateModelFromBuffer(environment_.get(), content_.data(), content_.size(), &model);
        }
        if (code == kOutOfMemory) throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for " + file.label() + ".");
        if (code != kOk)
            throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or truncated LiteRT model (status " +
                                               std::to_string(code) + ").");
        model_ = {model, api().DestroyModel};
    }

    void read_ports() {
        Signature *signature = nullptr;
        must(api().GetModelSignature(model_.get(), kSignature, &signature), "find the model's signature");
        std::size_t count = 0;
        must(api().GetNumSignatureInputs(signature, &count), "list the model's inputs");
        for (std::size_t i = 0; i < count; ++i) {
            const char *name = nullptr;
            LiteTensor *tensor = nullptr;
            must(api().GetSignatureInputName(signature, i, &name), "name an input");
            must(api().GetSignatureInputTensorByIndex(signature, i, &tensor), "find an input");
            inputs_.push_back(spec_of(tensor, name, "input"));
        }
        must(api().GetNumSignatureOutputs(signature, &count), "list the model's outputs");
        for (std::size_t i = 0; i < count; ++i) {
            const char *name = nullptr;
            LiteTensor *tensor = nullptr;
            must(api().GetSignatureOutputName(signature, i, &name), "name an output");
            must(api().GetSignatureOutputTensorByIndex(signature, i, &tensor), "find an output");
            outputs_.push_back(spec_of(tensor, name, "output"));
        }
    }

    // An output whose shape comes out of the run is put into memory of LiteRT's own, and our buffer keeps what it held:
    // 2.3.0 says that all went well. It cannot lay out such a model again, which shows it.
    void refuse_moving_outputs() {
        std::vector<Layout> layouts(outputs_.size());
        if (api().GetCompiledModelOutputTensorLayouts(compiled_.get(), kSignature, layouts.size(), layouts.data(), true) == kOk)
            return;
        throw Failure(HH_UNSUPPORTED, label_ + " computes the shape of an output while it runs, and LiteRT 2.3.0 gives no such "
                                               "output back. Convert the model with fixed shapes, a batch of 1 for example.");
    }

    std::int32_t compile(std::int32_t hardware) {
        CompileOptions *made = nullptr;
        must(api().CreateOptions(&made), "prepare the model");
        const Owned<CompileOptions> options(made, api().DestroyOptions);
        must(api().SetOptionsHardwareAccelerators(made, hardware), "choose the processor");
        OpaqueOptions *threads = nullptr;
        char *text = strdup(("num_threads = " + std::to_string(threads_) + "\n").c_str());
        must(api().CreateOpaqueOptions("xnnpack", text, std::free, &threads), "set the number of threads");
        must(api().AddOpaqueOptions(made, threads), "set the number of threads");
        CompiledModel *compiled = nullptr;
        const std::int32_t code = api().CreateCompiledModel(environment_.get(), model_.get(), made, &compiled);
        if (code == kOk) compiled_ = {compiled, api().DestroyCompiledModel};
        return code;
    }

    [[noreturn]] void refuse_model(std::int32_t code) const {
        throw Failure(HH_UNSUPPORTED, label_ + " cannot be prepared by LiteRT 2.3.0 (status " + std::to_string(code) +
                                          "): it may use an operator that is not built in, such as one of TensorFlow's "
                                          "own. Convert it with built-in operators only.");
    }

    static bool is_cancelled(void *self) {
        const CancelToken *cancel = static_cast<Model *>(self)->cancel_;
        return cancel != nullptr && cancel->cancelled();
    }

    // Buffers are made for the shapes of the last run, and again when these change.
    void fit_buffers(std::span<const Tensor> given) {
        std::vector<std::vector<std::int64_t>> shapes;
        for (const Tensor &tensor : given) shapes.push_back(tensor.shape);
        if (!output_shapes_.empty() && shapes == input_shapes_) return;
        output_shapes_.clear();
        bool changed = false;
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (given[i].bytes == 0)
                throw Failure(HH_UNSUPPORTED, "The input \"" + inputs_[i].name + "\" has the shape " + shape_text(shapes[i]) +
                                                  "; LiteRT takes no arrays without elements.");
            // Asked for the shape that it has, LiteRT would compute all shapes again.
            Layout now;
            must(api().GetCompiledModelInputTensorLayout(compiled_.get(), kSignature, i, &now), "tell an input's shape");
            if (std::equal(shapes[i].begin(), shapes[i].end(), now.sizes, now.sizes + now.rank())) continue;
            const std::vector<int> sizes(shapes[i].begin(), shapes[i].end());
            must(api().CompiledModelResizeInputTensor(compiled_.get(), kSignature, i, sizes.data(), sizes.size()),
                 "give an input another shape");
            changed = true;
        }
        std::vector<Layout> layouts(outputs_.size());
        must(api().GetCompiledModelOutputTensorLayouts(compiled_.get(), kSignature, layouts.size(), layouts.data(), changed),
             "tell the outputs' shapes");
        make_buffers(shapes, layouts);
        input_shapes_ = std::move(shapes);
        for (const Layout &layout : layouts)
            output_shapes_.emplace_back(layout.sizes, layout.sizes + layout.rank());
    }

    void make_buffers(const std::vector<std::vector<std::int64_t>> &shapes, const std::vector<Layout> &layouts) {
        input_buffers_.clear();
        output_buffers_.clear();
        Requirements *needs = nullptr;
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            Layout layout{.rank_and_strides = static_cast<std::uint32_t>(shapes[i].size()), .sizes = {}, .strides = {}};
            std::copy(shapes[i].begin(), shapes[i].end(), layout.sizes);
            must(api().GetCompiledModelInputBufferRequirements(compiled_.get(), kSignature, i, &needs), "measure an input");
            input_buffers_.push_back(make_buffer({element_of(inputs_[i].dtype), layout}, needs));
        }
        for (std::size_t i = 0; i < layouts.size(); ++i) {
            must(api().GetCompiledModelOutputBufferRequirements(compiled_.get(), kSignature, i, &needs), "measure an output");
            output_buffers_.push_back(make_buffer({element_of(outputs_[i].dtype), layouts[i]}, needs));
        }
    }

    Owned<Buffer> make_buffer(const TensorType &type, Requirements *needs) const {
        Buffer *buffer = nullptr;
        must(api().CreateManagedTensorBufferFromRequirements(environment_.get(), &type, needs, &buffer), "make a buffer");
        return {buffer, api().DestroyTensorBuffer};
    }

    static void write(Buffer *buffer, const Tensor &tensor) {
        void *memory = nullptr;
        std::size_t room = 0;
        must(api().GetTensorBufferSize(buffer, &room), "measure a buffer");
        if (room < tensor.bytes) throw Failure(HH_RUNTIME_FAILED, "LiteRT made a buffer that is too small for its input.");
        must(api().LockTensorBuffer(buffer, &memory, kWrite), "open a buffer");
        if (tensor.bytes > 0) std::memcpy(memory, tensor.data, tensor.bytes);
        must(api().UnlockTensorBuffer(buffer), "close a buffer");
    }

    static Tensor read(Buffer *buffer, const TensorSpec &spec, const std::vector<std::int64_t> &shape) {
        const std::size_t bytes = element_count(shape) * dtype_bytes(spec.dtype);
        void *memory = nullptr;
        std::size_t room = 0;
        must(api().GetTensorBufferSize(buffer, &room), "measure a buffer");
        if (room < bytes) throw Failure(HH_RUNTIME_FAILED, "LiteRT made a buffer that is too small for its output.");
        must(api().LockTensorBuffer(buffer, &memory, kRead), "open a buffer");
        const auto copy = std::make_shared<std::string>();
        copy->reserve(std::max<std::size_t>(bytes, 64));  // on the heap, see Value::copy_of
        copy->assign(static_cast<const char *>(memory), bytes);
        must(api().UnlockTensorBuffer(buffer), "close a buffer");
        return {spec.dtype, shape, copy->data(), bytes, copy};
    }

    std::string content_;  // LiteRT borrows it for as long as the model lives
    Owned<Environment> environment_{nullptr, nullptr};
    Owned<LoadedModel> model_{nullptr, nullptr};
    Owned<CompiledModel> compiled_{nullptr, nullptr};
    std::vector<Owned<Buffer>> input_buffers_, output_buffers_;
    std::vector<std::vector<std::int64_t>> input_shapes_, output_shapes_;
    std::vector<TensorSpec> inputs_, outputs_;
    Accelerator accelerator_;
    const CancelToken *cancel_ = nullptr;  // of the run in progress
    std::string label_;
    bool has_run_ = false;
    std::uint64_t bytes_ = 0;
    int threads_ = 1;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "litert",
    .check = [](const std::vector<File> &files) { check_tflite(file_with_role(files, "weights")); },
    .tensors = [](const ModelRequest &request) -> std::unique_ptr<TensorModel> {
        return std::make_unique<Model>(request);
    },
};

}  // namespace hh::runtimes::litert
