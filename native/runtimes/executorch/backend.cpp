// Runtime `executorch`: shape `tensors` over ExecuTorch's programs, whose libraries are opened when a model is loaded.
#include <algorithm>
#include <cstring>
#include <mutex>

#include "core/failure.hpp"
#include "core/library.hpp"
#include "core/runtime.hpp"
#include "core/tensors/text.hpp"
#include "runtimes/executorch/bridge.h"
#include "runtimes/executorch/pte_check.hpp"

namespace hh::runtimes::executorch {
namespace {

#if defined(HH_EXECUTORCH_LINKED)  // there is no newer release for iPhones
constexpr const char *kVersion = "1.5.0";
#else
constexpr const char *kVersion = "1.5.1";
#endif
constexpr const char *kPorts = "handheld_io";  // a constant method that names what a program itself does not name
constexpr std::int32_t kOutOfMemory = 0x21;       // runtime/core/error.h

#if defined(HH_EXECUTORCH_LINKED)  // where a system opens no libraries, the app is linked to it
const hh_et_api &bridge() { return *hh_et_functions(); }
#else
const hh_et_api &bridge() {
    static std::mutex mutex;
    static const hh_et_api *api = nullptr;
    const std::lock_guard lock(mutex);
    if (api == nullptr) {
        void *library = open_library("libhandheld_executorch");
        api = reinterpret_cast<decltype(&hh_et_functions)>(library_function(library, "hh_et_functions"))();
    }
    return *api;
}
#endif

struct Type {
    std::int32_t theirs;  // ScalarType
    hh_dtype dtype;
};
constexpr Type kTypes[] = {{0, HH_DTYPE_U8},   {1, HH_DTYPE_I8},    {2, HH_DTYPE_I16},   {3, HH_DTYPE_I32},
                           {4, HH_DTYPE_I64},  {5, HH_DTYPE_F16},   {6, HH_DTYPE_F32},   {7, HH_DTYPE_F64},
                           {11, HH_DTYPE_BOOL}, {15, HH_DTYPE_BF16}, {27, HH_DTYPE_U16}, {28, HH_DTYPE_U32},
                           {29, HH_DTYPE_U64}};

/** ", and what ExecuTorch said", or nothing. */
std::string said() {
    const std::string words = bridge().words();
    return words.empty() ? "." : ": " + words + ".";
}

[[noreturn]] void refuse_port(const std::string &holds) {
    throw Failure(HH_UNSUPPORTED, "The model's " + holds +
                                      "; the core carries dense row-major arrays of numbers. Export the model without that "
                                      "part and do it in the task's C++.");
}

/** The first operator of the program that the libraries lack, in words. ExecuTorch only logs it, and not everywhere. */
std::string lacking_operator(const File &file) {
    for (const std::string &name : operators_of(file))
        if (bridge().has_operator(name.c_str()) == 0) return name;
    return "one that takes other types";
}

[[noreturn]] void refuse_model(const File &file, std::int32_t code) {
    const std::string words = bridge().words(), label = file.label();
    switch (code) {
        case HH_ET_OPERATOR:
            throw Failure(HH_UNSUPPORTED, label + " uses an operator that ExecuTorch " + kVersion + "'s libraries lack (" +
                                              lacking_operator(file) + "). Export it with a partitioner that takes the "
                                              "operator, or write the model without it.");
        case HH_ET_BACKEND:
            throw Failure(HH_UNSUPPORTED, label + " was lowered for " + words + ", which is not in this app's libraries. Lower "
                                              "it for XNNPACK: to_edge_transform_and_lower(..., partitioner=[XnnpackPartitioner()]).");
        case HH_ET_METHOD:
            throw Failure(HH_UNSUPPORTED, label + " has no method \"forward\"; it has: " + (words.empty() ? "none" : words) + ".");
        case HH_ET_PORT: refuse_port(words);
        case HH_ET_MEMORY:
        case kOutOfMemory: throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for " + label + ".");
        default:
            throw Failure(HH_FILE_INVALID, label + " is a damaged program, or one that ExecuTorch " + kVersion +
                                               " cannot load (error " + std::to_string(code) + ")" + said());
    }
}

void must(std::int32_t code, const char *what) {
    if (code == 0) return;
    if (code == HH_ET_MEMORY || code == kOutOfMemory) throw Failure(HH_OUT_OF_MEMORY, std::string("There is not enough memory to ") + what + ".");
    throw Failure(HH_RUNTIME_FAILED, std::string("ExecuTorch could not ") + what + " (error " + std::to_string(code) + ")" + said());
}

hh_dtype dtype_of(const hh_et_port &port, const std::string &what) {
    for (const Type &type : kTypes)
        if (type.theirs == port.type) return type.dtype;
    refuse_port(what + " holds elements of a type that is no number of 8 bits or more");
}

class Model : public TensorModel {
public:
    explicit Model(const ModelRequest &request) {
        const File &file = file_with_role(request.files, "weights");
        check_program(file);
        bytes_ = static_cast<std::uint64_t>(file.size());
        int threads = static_cast<int>(request.options.integer("threads"));
        if (threads == 0) threads = default_threads();
        (void)bridge();
        request.progress(0.05F);
        open(file, threads);
        read_ports();
        note(request.accelerator);
        request.progress(1);
    }

    const std::vector<TensorSpec> &inputs() const override { return inputs_; }
    const std::vector<TensorSpec> &outputs() const override { return outputs_; }

    std::vector<Tensor> run(std::span<const Tensor> given, CancelToken cancel) override {
        must(bridge().begin(model_.get()), "prepare the model again");
        for (std::size_t i = 0; i < given.size(); ++i) {
            check_bounds(given[i], i);
            must(bridge().set_input(model_.get(), i, given[i].shape.data(), given[i].data), "take an input");
        }
        std::vector<std::shared_ptr<std::string>> rooms;
        for (std::size_t i = 0; i < outputs_.size(); ++i) rooms.push_back(lend_room(i));
        std::int32_t code = HH_ET_MORE;
        while (code == HH_ET_MORE) {
            cancel.check();
            code = bridge().step(model_.get());
        }
        cancel.check();
        must(code, "run the model");
        std::vector<Tensor> results;
        for (std::size_t i = 0; i < outputs_.size(); ++i) results.push_back(take(i, rooms[i]));
        return results;
    }

    int threads() const override { return bridge().threads(model_.get()); }
    Memory memory() const override { return {.model = bytes_, .cache = 0, .compute = bridge().planned(model_.get())}; }
    Accelerator accelerator() const override { return accelerator_; }

    Json describe() const override {
        Json delegates = Json::array();
        for (std::size_t i = 0; const char *name = bridge().delegate(model_.get(), i); ++i) delegates.push_back(name);
        return {{"bytes", bytes_}, {"executorch", kVersion}, {"delegates", delegates}};
    }

private:
    void open(const File &file, int threads) {
        const char *path = file.path().empty() ? nullptr : file.path().c_str();
        if (path == nullptr) {
            content_ = file.head(static_cast<std::size_t>(file.size()));
            aligned_.reset(static_cast<char *>(std::aligned_alloc(64, (content_.size() + 63) / 64 * 64)));
            if (aligned_ == nullptr) throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for " + file.label() + ".");
            std::memcpy(aligned_.get(), content_.data(), content_.size());
            content_ = {};
        }
        hh_et_model *model = nullptr;
        const std::int32_t code = bridge().open(path, aligned_.get(), static_cast<std::size_t>(bytes_), threads, &model);
        if (code != 0) refuse_model(file, code);
        model_ = {model, bridge().close};
        for (const auto &[is_output, ports] : {std::pair{0, &raw_inputs_}, std::pair{1, &raw_outputs_}}) {
            ports->resize(bridge().count(model, is_output));
            for (std::size_t i = 0; i < ports->size(); ++i) bridge().port(model, is_output, i, &(*ports)[i]);
        }
    }

    // A program has no names for its inputs and outputs, nor a scale, and tells of free sizes only that there are some.
    // What it says in the constant method `handheld_io` is used; without it they are numbered, and where sizes may change
    // all those above 1 are free.
    void read_ports() {
        const char *text = bridge().text(model_.get(), kPorts);
        const Json named = text != nullptr ? Json::parse(text, nullptr, false) : Json();
        if (named.is_discarded()) throw Failure(HH_FILE_INVALID, "What the model's method handheld_io gives is no JSON.");
        for (std::size_t i = 0; i < raw_inputs_.size(); ++i) inputs_.push_back(spec_of(raw_inputs_[i], "input", i, named));
        for (std::size_t i = 0; i < raw_outputs_.size(); ++i)
            outputs_.push_back(spec_of(raw_outputs_[i], "output", i, named));
        for (const auto *specs : {&inputs_, &outputs_})
            for (std::size_t i = 0; i < specs->size(); ++i)
                for (std::size_t j = 0; j < i; ++j)
                    if ((*specs)[i].name == (*specs)[j].name)
                        throw Failure(HH_FILE_INVALID, "The model has two inputs or outputs called \"" + (*specs)[i].name + "\".");
    }

    static TensorSpec spec_of(const hh_et_port &port, const char *direction, std::size_t index, const Json &named) {
        const std::string what = std::string(direction) + " " + std::to_string(index);
        TensorSpec spec{.name = port.name, .dtype = dtype_of(port, what), .shape = {}, .axes = {}, .quantization = {}};
        if (port.rank > 8) refuse_port(what + " holds an array of " + std::to_string(port.rank) + " dimensions, more than 8");
        if (spec.name.empty()) spec.name = std::string(direction) + "_" + std::to_string(index);
        for (std::int32_t i = 0; i < port.rank; ++i)
            spec.shape.push_back(port.bounded != 0 && port.sizes[i] > 1 ? -1 : port.sizes[i]);
        spec.axes.resize(spec.shape.size());
        const Json ports = named.is_object() ? named.value(std::string(direction) + "s", Json()) : Json();
        if (!ports.is_array() || index >= ports.size() || !ports[index].is_object()) return spec;
        try {
            apply(ports[index], spec);
        } catch (const Json::exception &error) {
            throw Failure(HH_FILE_INVALID, "The model's method handheld_io describes its " + what + " wrongly: " + error.what());
        }
        return spec;
    }

    static void apply(const Json &said, TensorSpec &spec) {
        spec.name = said.value("name", spec.name);
        if (said.contains("scale"))
            spec.quantization = Quantization{said["scale"].get<double>(), said.value("zero_point", std::int64_t{0})};
        const Json sizes = said.value("shape", Json::array());
        for (std::size_t i = 0; i < std::min(sizes.size(), spec.shape.size()); ++i) {
            if (spec.shape[i] >= 0 && !sizes[i].is_string()) continue;  // fixed already
            if (sizes[i].is_string()) {
                spec.axes[i] = sizes[i].get<std::string>();
                spec.shape[i] = -1;
            } else {
                spec.shape[i] = sizes[i].get<std::int64_t>();
            }
        }
    }

    void note(const std::string &asked) {
        accelerator_ = fall_back(asked, "an ExecuTorch program runs on what it was lowered for");
        if (bridge().delegate(model_.get(), 0) == nullptr)
            accelerator_.note += (accelerator_.note.empty() ? "" : ", and ") +
                                 std::string("the program was lowered for none: its portable operators take up to a hundred "
                                             "times longer than XNNPACK's, see the option `partitioner` of the export");
    }

    // Memory is planned for the largest sizes.
    void check_bounds(const Tensor &tensor, std::size_t index) const {
        const hh_et_port &port = raw_inputs_[index];
        for (std::size_t i = 0; i < tensor.shape.size(); ++i)
            if (tensor.shape[i] > port.sizes[i])
                throw Failure(HH_WRONG_SHAPE, "The input \"" + inputs_[index].name + "\" has the shape " +
                                                  shape_text(tensor.shape) + "; the program was exported for at most " +
                                                  shape_text({port.sizes, port.sizes + port.rank}) + ".");
    }

    // An output without memory of its own is computed where it is lent from.
    std::shared_ptr<std::string> lend_room(std::size_t index) {
        const std::size_t bytes = bridge().output_room(model_.get(), index);
        if (bytes == 0) return nullptr;
        auto room = std::make_shared<std::string>(std::max<std::size_t>(bytes, 64), '\0');
        must(bridge().set_output(model_.get(), index, room->data(), bytes), "take memory for an output");
        return room;
    }

    Tensor take(std::size_t index, const std::shared_ptr<std::string> &room) {
        hh_et_port port = {};
        const void *data = nullptr;
        std::size_t bytes = 0;
        must(bridge().get_output(model_.get(), index, &port, &data, &bytes), "give an output");
        const hh_dtype dtype = dtype_of(port, "output " + std::to_string(index));
        std::vector<std::int64_t> shape(port.sizes, port.sizes + port.rank);
        if (room != nullptr && data == room->data()) return {dtype, shape, data, bytes, room};
        const auto copy = std::make_shared<std::string>();
        copy->reserve(std::max<std::size_t>(bytes, 64));  // on the heap, see Value::copy_of
        if (bytes > 0) copy->assign(static_cast<const char *>(data), bytes);
        return {dtype, shape, copy->data(), bytes, copy};
    }

    struct Freed {
        void operator()(char *memory) const { std::free(memory); }
    };
    std::string content_;
    std::unique_ptr<char, Freed> aligned_;  // borrowed by the model, so it is declared before it
    std::unique_ptr<hh_et_model, hh_et_close_fn *> model_{nullptr, nullptr};
    std::vector<hh_et_port> raw_inputs_, raw_outputs_;
    std::vector<TensorSpec> inputs_, outputs_;
    Accelerator accelerator_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "executorch",
    .check = [](const std::vector<File> &files) { check_pte(file_with_role(files, "weights")); },
    .tensors = [](const ModelRequest &request) -> std::unique_ptr<TensorModel> {
        return std::make_unique<Model>(request);
    },
};

}  // namespace hh::runtimes::executorch
