#include "runtimes/llama_cpp/start.hpp"

#include <array>
#include <mutex>

#include <llama-ext.h>  // memory by part; the version of llama.cpp is pinned, so its unstable parts hold still

#include "core/failure.hpp"
#include "core/log.hpp"
#include "runtimes/llama_cpp/cpu_variants.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

void take_log(ggml_log_level level, const char *text, void *) {
    if (level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR) log_append(text);
}

// ggml's answer to a failed check is abort(); an exception from here ends only the call that asked for too much.
[[noreturn]] void throw_instead_of_abort(const char *message) {
    log_append(std::string(message) + "\n");
    throw Failure(HH_RUNTIME_FAILED, std::string("llama.cpp stopped at an internal check: ") + message);
}

struct Watch {
    const std::function<void(float)> &progress;
    bool cancelled = false;
};

}  // namespace

void init_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(take_log, nullptr);
        ggml_set_abort_callback(throw_instead_of_abort);
        llama_backend_init();
    });
}

Accelerator start_where_asked(const std::string &asked, const NodeCount &count,
                              const std::function<void(const Gpu *)> &start) {
    const CpuVariant &variant = load_cpu_variant();
    std::string why = "llama.cpp has none";
    if (asked == "gpu") {
        const Gpu &gpu = find_gpu();
        why = gpu.why;
        try {
            if (gpu.device != nullptr) {
                start(&gpu);
                if (Accelerator used = count.of(gpu); used.kind == "gpu") return used;
                why = "the GPU computes none of the model's nodes";
            }
        } catch (const Cancelled &) {
            throw;
        } catch (const std::exception &failure) {  // Vulkan's own, too
            why = failure.what();
        }
    }
    start(nullptr);
    Accelerator cpu = fall_back(asked, why);
    cpu.device = variant.name;
    if (!variant.note.empty()) cpu.note += (cpu.note.empty() ? "" : "; ") + variant.note;
    return cpu;
}

Weights load_weights(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure, Stream &stream) {
    Watch watch{request.progress};
    const std::size_t mark = log_mark();
    std::array<ggml_backend_dev_t, 2> devices = {gpu != nullptr ? gpu->device : nullptr, nullptr};
    llama_model_params params = llama_model_default_params();
    params.devices = devices.data();  // without a list, a GPU that another task asked for would help
    params.n_gpu_layers = gpu != nullptr ? -1 : 0;  // all of them, or none
    params.no_alloc = measure;
    params.load_mode = !measure && file.mappable() && llama_supports_mmap() ? LLAMA_LOAD_MODE_MMAP
                                                                                 : LLAMA_LOAD_MODE_NONE;
    params.progress_callback_user_data = &watch;
    params.progress_callback = [](float fraction, void *data) {
        auto *w = static_cast<Watch *>(data);
        try {
            w->progress(fraction * 0.95F);  // the rest is the context's
        } catch (const Cancelled &) {
            w->cancelled = true;
        }
        return !w->cancelled;
    };
    stream = file.open();
    Weights weights(llama_model_load_from_file_ptr(stream.get(), params));
    if (watch.cancelled) throw Cancelled{};
    if (weights == nullptr && memory_ran_out(mark))
        throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for " + file.label() + ".");
    if (weights == nullptr) throw Failure(HH_FILE_INVALID, file.label() + " cannot be loaded: llama.cpp refused it.");
    return weights;
}

std::vector<Token> tokens_of(const llama_vocab *vocab, std::string_view text, bool whole, bool special) {
    std::vector<Token> tokens(text.size() + 2);
    const auto length = static_cast<std::int32_t>(text.size());
    const auto room = static_cast<std::int32_t>(tokens.size());
    std::int32_t count = llama_tokenize(vocab, text.data(), length, tokens.data(), room, whole, special);
    if (count < 0) {
        tokens.resize(static_cast<std::size_t>(-count));
        count = llama_tokenize(vocab, text.data(), length, tokens.data(), -count, whole, special);
    }
    if (count < 0) throw Failure(HH_RUNTIME_FAILED, "llama.cpp cannot tokenize the text.");
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
}

std::string metadata_of(const llama_model *model, const char *key) {
    char value[256] = {};
    llama_model_meta_val_str(model, key, value, sizeof value);
    return value;
}

Json describe_model(const llama_model *model) {
    return {{"architecture", metadata_of(model, "general.architecture")},
            {"name", metadata_of(model, "general.name")},
            {"quantization", llama_ftype_name(llama_model_ftype(model))},
            {"parameters", llama_model_n_params(model)},
            {"bytes", llama_model_size(model)},
            {"context_trained", llama_model_n_ctx_train(model)},
            {"vocabulary", llama_vocab_n_tokens(llama_model_get_vocab(model))},
            {"llama_cpp", llama_version()}};
}

Memory memory_of(const llama_context *context) {
    Memory sum;
    for (const auto &[type, part] : llama_get_memory_breakdown(context)) {
        sum.model += part.model;
        sum.cache += part.context;
        sum.compute += part.compute;
    }
    return sum;
}

}  // namespace hh::runtimes::llama_cpp
