// ExecuTorch's C++ classes behind bridge.h; see there.
#include "bridge.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <executorch/extension/data_loader/buffer_data_loader.h>
#include <executorch/extension/data_loader/mmap_data_loader.h>
#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>
#include <executorch/extension/threadpool/threadpool_guard.h>
#include <executorch/runtime/backend/interface.h>
#include <executorch/runtime/executor/method.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/kernel/operator_registry.h>
#include <executorch/runtime/platform/platform.h>

namespace executorch::extension::threadpool {

// Its header is not in the package. Declared as in 1.5.1.
class ThreadPool {
public:
    size_t get_thread_count() const;
    bool _unsafe_reset_threadpool(uint32_t threads);
};
ThreadPool *get_threadpool();

}  // namespace executorch::extension::threadpool

namespace {

using namespace executorch::runtime;
using executorch::aten::ScalarType;
using executorch::aten::TensorImpl;
namespace extension = executorch::extension;

constexpr const char *kMethod = "forward";
thread_local std::string words;

struct Stop {
    int32_t code;
};

[[noreturn]] void stop(int32_t code, std::string what) {
    words = std::move(what);
    throw Stop{code};
}

void must(Error error) {
    if (error != Error::Ok) throw Stop{static_cast<int32_t>(error)};
}

template <typename T>
T must(Result<T> result) {
    must(result.error());
    return std::move(*result);
}

// The last thing that is said before an error is given back is the most general one: keep the first.
void keep_words(et_timestamp_t, et_pal_log_level_t level, const char *, const char *, size_t, const char *message, size_t size) {
    if (level != kError && level != kFatal) return;
    if (words.size() < 2000) words += (words.empty() ? "" : "; ") + std::string(message, size);
}

// A failed check inside of ExecuTorch would end the process. Its frames hold nothing that an exception would lose.
[[noreturn]] void throw_instead() { throw Stop{HH_ET_STOPPED}; }

/** Calls what may fail and gives a number. */
template <typename Work>
int32_t guarded(Work work) noexcept {
    words.clear();
    try {
        return work();
    } catch (const Stop &stopped) {
        return stopped.code;
    } catch (const std::bad_alloc &) {
        return HH_ET_MEMORY;
    } catch (const std::exception &error) {
        words = error.what();
        return HH_ET_STOPPED;
    }
}

/** Zeros, aligned; the system gives them memory when they are touched. */
class Block {
public:
    explicit Block(int64_t bytes) {
        // A damaged file may ask for any number.
        const double whole = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
        if (bytes < 0 || static_cast<double>(bytes) > whole) throw std::bad_alloc();
        memory_.reset(std::calloc(static_cast<size_t>(bytes) + kAlignment, 1));
        if (memory_ == nullptr) throw std::bad_alloc();
    }
    uint8_t *data() const {
        const auto address = reinterpret_cast<uintptr_t>(memory_.get());
        return reinterpret_cast<uint8_t *>((address + kAlignment - 1) / kAlignment * kAlignment);
    }

private:
    static constexpr size_t kAlignment = 64;
    struct Free {
        void operator()(void *memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
};

// Operators take as many arguments as they know of, whatever the file says, and nobody compares: behind each list of
// arguments lie some more that are nothing, which an operator refuses.
class Allocator : public extension::MallocMemoryAllocator {
public:
    void *allocate(size_t size, size_t alignment = kDefaultAlignment) override {
        static EValue nothing;
        const size_t room = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
        auto *memory = static_cast<uint8_t *>(MallocMemoryAllocator::allocate(room + kMore * sizeof(void *), alignment));
        if (memory != nullptr) std::fill_n(reinterpret_cast<EValue **>(memory + room), kMore, &nothing);
        return memory;
    }

private:
    static constexpr size_t kMore = 24;
};

/** A method with the memory that it works in. */
class Loaded {
public:
    Loaded(const Program &program, const char *name) {
        const MethodMeta meta = must(program.method_meta(name));
        for (size_t i = 0; i < meta.num_memory_planned_buffers(); ++i) {
            const int64_t size = must(meta.memory_planned_buffer_size(i));
            if (!must(meta.memory_planned_buffer_device(i)).is_cpu())
                stop(HH_ET_PORT, "memory of a device other than the CPU");
            blocks_.emplace_back(size);
            spans_.emplace_back(blocks_.back().data(), static_cast<size_t>(size));
            planned_ += static_cast<uint64_t>(size);
        }
        planned_memory_.emplace(Span<Span<uint8_t>>(spans_.data(), spans_.size()));
        manager_.emplace(&allocator_, &*planned_memory_, &temporary_);
        method_.emplace(must(program.load_method(name, &*manager_)));
    }

    Method &method() { return *method_; }
    uint64_t planned() const { return planned_; }

private:
    std::vector<Block> blocks_;
    std::vector<Span<uint8_t>> spans_;
    uint64_t planned_ = 0;
    Allocator allocator_;
    extension::MallocMemoryAllocator temporary_;
    std::optional<HierarchicalAllocator> planned_memory_;
    std::optional<MemoryManager> manager_;
    std::optional<Method> method_;
};

/** What a tensor that is lent to a method consists of. */
struct Lent {
    std::vector<executorch::aten::SizesType> sizes;
    std::vector<executorch::aten::DimOrderType> order;
    std::vector<executorch::aten::StridesType> strides;
};

}  // namespace

struct hh_et_model {
    std::unique_ptr<DataLoader> loader;
    std::optional<Program> program;
    std::unique_ptr<Loaded> loaded;
    std::vector<hh_et_port> inputs, outputs;
    std::vector<size_t> room;  // for outputs without memory of their own
    std::vector<std::string> delegates;
    std::vector<std::unique_ptr<std::string>> texts;
    std::vector<Lent> lent;
    bool alone = false;  // on the caller's thread
    bool clean = true;   // no run was left in the middle
    int32_t threads = 1;
};

namespace {

/** While it lives, what computes does so on the threads that the model was loaded for. */
class Threads {
public:
    explicit Threads(const hh_et_model &model) { Guard::set_enabled(model.alone); }
    Threads(const Threads &) = delete;
    Threads &operator=(const Threads &) = delete;
    ~Threads() { Guard::set_enabled(before_); }

private:
    using Guard = extension::threadpool::NoThreadPoolGuard;
    const bool before_ = Guard::is_enabled();
};

int32_t pool_of(int32_t threads) {
    // A pool that changes under a model that was loaded for it would be used after its end: it is sized once.
    static std::once_flag sized;
    extension::threadpool::ThreadPool *pool = extension::threadpool::get_threadpool();
    if (pool == nullptr) return 1;
    std::call_once(sized, [&] { pool->_unsafe_reset_threadpool(static_cast<uint32_t>(threads)); });
    return static_cast<int32_t>(pool->get_thread_count());
}

const char *kind_of(Tag tag) {
    switch (tag) {
        case Tag::None: return "nothing (None)";
        case Tag::Int:
        case Tag::Double:
        case Tag::Bool: return "a single number that is no array";
        case Tag::String: return "a text";
        default: return "a list";
    }
}

hh_et_port port_of(const TensorInfo &info, bool bounded, const std::string &what) {
    hh_et_port port = {};
    port.type = static_cast<int32_t>(info.scalar_type());
    port.bounded = bounded;
    const auto sizes = info.sizes();
    const auto order = info.dim_order();
    if (sizes.size() > HH_ET_MAX_RANK) stop(HH_ET_PORT, what + " holds an array of more than 16 dimensions");
    port.rank = static_cast<int32_t>(sizes.size());
    std::copy(sizes.begin(), sizes.end(), port.sizes);
    for (size_t i = 0; i < order.size(); ++i)
        if (order[i] != i) stop(HH_ET_PORT, what + " holds an array in another order than row-major");
    const auto name = info.name();
    name.copy(port.name, std::min(name.size(), sizeof port.name - 1));
    return port;
}

void read_ports(hh_et_model &model, const MethodMeta &meta) {
    for (size_t i = 0; i < meta.num_inputs(); ++i) {
        const std::string what = "input " + std::to_string(i);
        const Tag tag = must(meta.input_tag(i));
        if (tag != Tag::Tensor) stop(HH_ET_PORT, what + " holds " + kind_of(tag));
        model.inputs.push_back(port_of(must(meta.input_tensor_meta(i)), false, what));
    }
    for (size_t i = 0; i < meta.num_outputs(); ++i) {
        const std::string what = "output " + std::to_string(i);
        const Tag tag = must(meta.output_tag(i));
        if (tag != Tag::Tensor) stop(HH_ET_PORT, what + " holds " + kind_of(tag));
        const TensorInfo info = must(meta.output_tensor_meta(i));
        model.outputs.push_back(port_of(info, false, what));
        model.room.push_back(info.is_memory_planned() ? 0 : info.nbytes());
    }
    for (size_t i = 0; i < meta.num_backends(); ++i) model.delegates.emplace_back(must(meta.get_backend_name(i)));
}

void check_delegates(const hh_et_model &model) {
    for (const std::string &name : model.delegates) {
        const BackendInterface *backend = get_backend_class(name.c_str());
        if (backend == nullptr || !backend->is_available()) stop(HH_ET_BACKEND, name);
    }
}

void check_method(const Program &program) {
    std::string names;
    for (size_t i = 0; i < program.num_methods(); ++i) {
        const std::string name = must(program.get_method_name(i));
        if (name == kMethod) return;
        names += (i == 0 ? "" : ", ") + name;
    }
    stop(HH_ET_METHOD, names);
}

// Which sizes may change is known of the loaded tensors alone.
void find_free_sizes(hh_et_model &model) {
    Method &method = model.loaded->method();
    const auto fill = [](hh_et_port &port, const EValue &value) {
        if (value.isTensor()) port.bounded = value.toTensor().unsafeGetTensorImpl()->shape_dynamism() != executorch::aten::TensorShapeDynamism::STATIC;
    };
    for (size_t i = 0; i < model.inputs.size(); ++i) fill(model.inputs[i], method.get_input(i));
    for (size_t i = 0; i < model.outputs.size(); ++i) fill(model.outputs[i], method.get_output(i));
}

void load(hh_et_model &model) {
    const Threads threads(model);
    model.loaded.reset();
    model.loaded = std::make_unique<Loaded>(*model.program, kMethod);
    model.clean = true;
}

int32_t open_model(const char *path, const void *data, size_t size, int32_t threads, hh_et_model **out) {
    return guarded([&] {
        auto model = std::make_unique<hh_et_model>();
        if (path != nullptr)
            model->loader = std::make_unique<extension::MmapDataLoader>(
                must(extension::MmapDataLoader::from(path, extension::MmapDataLoader::MlockConfig::NoMlock)));
        else
            model->loader = std::make_unique<extension::BufferDataLoader>(data, size);
        // The core has looked at all of its tables: only some of ExecuTorch's libraries can.
        model->program.emplace(must(Program::load(model->loader.get(), Program::Verification::Minimal)));
        check_method(*model->program);
        read_ports(*model, must(model->program->method_meta(kMethod)));
        check_delegates(*model);
        model->alone = threads <= 1;
        model->threads = model->alone ? 1 : pool_of(threads);
        try {
            load(*model);
        } catch (const Stop &stopped) {
            if (stopped.code == static_cast<int32_t>(Error::OperatorMissing)) throw Stop{HH_ET_OPERATOR};
            throw;
        }
        find_free_sizes(*model);
        model->lent.resize(model->inputs.size());
        *out = model.release();
        return 0;
    });
}

void close_model(hh_et_model *model) {
    if (model == nullptr) return;
    const Threads threads(*model);
    delete model;
}

const char *text_of(hh_et_model *model, const char *method) {
    const char *found = nullptr;
    guarded([&] {
        Loaded constant(*model->program, method);
        must(constant.method().execute());
        if (constant.method().outputs_size() != 1 || !constant.method().get_output(0).isString()) return 0;
        const auto text = constant.method().get_output(0).toString();
        model->texts.push_back(std::make_unique<std::string>(text.data(), text.size()));
        found = model->texts.back()->c_str();
        return 0;
    });
    return found;
}

int32_t begin(hh_et_model *model) {
    return guarded([&] {
        if (!model->clean || model->loaded == nullptr) load(*model);
        return 0;
    });
}

int32_t set_input(hh_et_model *model, size_t index, const int64_t *sizes, const void *data) {
    return guarded([&] {
        const hh_et_port &port = model->inputs[index];
        Lent &lent = model->lent[index];
        const size_t rank = static_cast<size_t>(port.rank);
        lent.sizes.assign(sizes, sizes + rank);
        lent.order.resize(rank);
        lent.strides.resize(rank);
        executorch::aten::StridesType stride = 1;
        for (size_t i = rank; i-- > 0;) {
            lent.order[i] = static_cast<executorch::aten::DimOrderType>(i);
            lent.strides[i] = stride;
            stride *= std::max<executorch::aten::StridesType>(lent.sizes[i], 1);
        }
        TensorImpl tensor(static_cast<ScalarType>(port.type), static_cast<ssize_t>(rank), lent.sizes.data(),
                          const_cast<void *>(data), lent.order.data(), lent.strides.data());
        must(model->loaded->method().set_input(EValue(executorch::aten::Tensor(&tensor)), index));
        return 0;
    });
}

int32_t set_output(hh_et_model *model, size_t index, void *data, size_t bytes) {
    return guarded([&] {
        must(model->loaded->method().set_output_data_ptr(data, bytes, index));
        return 0;
    });
}

int32_t step(hh_et_model *model) {
    return guarded([&]() -> int32_t {
        const Threads threads(*model);
        Method &method = model->loaded->method();
        model->clean = false;
        const Error error = method.step();
        if (error == Error::EndOfMethod) {
            must(method.reset_execution());
            model->clean = true;
            return 0;
        }
        must(error);
        return HH_ET_MORE;
    });
}

int32_t get_output(hh_et_model *model, size_t index, hh_et_port *out, const void **data, size_t *bytes) {
    return guarded([&] {
        const EValue &value = model->loaded->method().get_output(index);
        if (!value.isTensor()) stop(HH_ET_PORT, "an output became something else than an array");
        const auto tensor = value.toTensor();
        *out = model->outputs[index];
        out->type = static_cast<int32_t>(tensor.scalar_type());
        out->rank = static_cast<int32_t>(tensor.dim());
        if (tensor.dim() > HH_ET_MAX_RANK) stop(HH_ET_PORT, "an output has more than 16 dimensions");
        std::copy(tensor.sizes().begin(), tensor.sizes().end(), out->sizes);
        *data = tensor.const_data_ptr();
        *bytes = tensor.nbytes();
        return 0;
    });
}

}  // namespace

const hh_et_api *hh_et_functions(void) {
    static const bool registered = [] {
        return register_pal(PalImpl::create(nullptr, throw_instead, nullptr, nullptr, keep_words, nullptr, nullptr, __FILE__));
    }();
    static_cast<void>(registered);
    static const hh_et_api api = {
        .words = [] { return words.c_str(); },
        .open = open_model,
        .close = close_model,
        .has_operator = [](const char *name) -> int32_t { return registry_has_op_function(name); },
        .count = [](const hh_et_model *model, int32_t is_output) {
            return is_output != 0 ? model->outputs.size() : model->inputs.size();
        },
        .port = [](const hh_et_model *model, int32_t is_output, size_t index, hh_et_port *out) {
            *out = is_output != 0 ? model->outputs[index] : model->inputs[index];
        },
        .text = text_of,
        .delegate = [](const hh_et_model *model, size_t index) {
            return index < model->delegates.size() ? model->delegates[index].c_str() : nullptr;
        },
        .threads = [](const hh_et_model *model) { return model->threads; },
        .planned = [](const hh_et_model *model) { return model->loaded != nullptr ? model->loaded->planned() : 0; },
        .begin = begin,
        .set_input = set_input,
        .output_room = [](const hh_et_model *model, size_t index) { return model->room[index]; },
        .set_output = set_output,
        .step = step,
        .get_output = get_output,
    };
    return &api;
}
