// Shape `embed` over llama.cpp's public C API: one text, one batch, one pooled vector.
//
// How the vectors of the tokens become one (mean, the first token's, the last token's) is a fact of the model, which its
// header has as <architecture>.pooling_type. A model without it was not made for vectors, a chat model for example: it is
// refused unless the option `pooling` says how, as a guess would give vectors that look right and compare badly.
#include "runtimes/llama_cpp/embed.hpp"

#include <llama.h>

#include <algorithm>
#include <array>

#include "core/failure.hpp"
#include "runtimes/llama_cpp/gguf_check.hpp"
#include "runtimes/llama_cpp/start.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

struct Pooling {
    const char *name;
    enum llama_pooling_type type;  // there is a function of that name
};
// Flash attention rounds keys and values to 16 bits, which moves a vector by 1e-3. Without it every head has a square of
// the text's length, so longer texts do with it.
constexpr std::uint64_t kLargestSquares = std::uint64_t{256} << 20;  // bytes

constexpr std::array kPoolings = {Pooling{"mean", LLAMA_POOLING_TYPE_MEAN}, Pooling{"cls", LLAMA_POOLING_TYPE_CLS},
                                  Pooling{"last", LLAMA_POOLING_TYPE_LAST}};

class Embeddings : public EmbedModel {
public:
    explicit Embeddings(const ModelRequest &request) {
        init_once();
        const File &file = file_with_role(request.files, "weights");
        check_gguf(file);
        accelerator_ = start_where_asked(request.accelerator, count_, [&](const Gpu *gpu) { start(file, request, gpu); });
        request.progress(1);
    }

    std::vector<Token> tokenize(std::string_view text) const override {
        return tokens_of(vocab_, text, true, false);
    }

    std::span<const float> embed(std::span<const Token> tokens, CancelToken cancel) override {
        if (llama_memory_t memory = llama_get_memory(context_.get()); memory != nullptr) llama_memory_clear(memory, true);
        std::vector<Token> input(tokens.begin(), tokens.end());
        llama_set_abort_callback(
            context_.get(), [](void *data) { return static_cast<const CancelToken *>(data)->cancelled(); }, &cancel);
        // Without a memory, as encoders are, llama_decode() encodes.
        const std::int32_t result =
            llama_decode(context_.get(), llama_batch_get_one(input.data(), static_cast<std::int32_t>(input.size())));
        llama_set_abort_callback(context_.get(), nullptr, nullptr);
        if (result == 2) throw Cancelled{};
        if (result != 0)
            throw Failure(HH_RUNTIME_FAILED, "llama.cpp could not evaluate the text (" + std::to_string(result) + ").");
        const float *vector = llama_get_embeddings_seq(context_.get(), 0);
        if (vector == nullptr) throw Failure(HH_RUNTIME_FAILED, "llama.cpp gave no vector.");
        return {vector, dimensions()};
    }

    std::size_t dimensions() const override { return static_cast<std::size_t>(llama_model_n_embd_out(model_.get())); }
    std::size_t context_size() const override { return context_limit_; }
    int threads() const override { return threads_; }
    Accelerator accelerator() const override { return accelerator_; }

    Memory memory() const override { return memory_of(context_.get()); }

    Json describe() const override {
        Json facts = describe_model(model_.get());
        facts["pooling"] = pooling_.name;
        facts["attention"] = flash_ ? "f16" : "f32";
        return facts;
    }

private:
    void start(const File &file, const ModelRequest &request, const Gpu *gpu) {
        if (request.memory > 0) {
            set_up(file, request, gpu, true);
            check_memory(memory(), request.memory, file.label());
        }
        set_up(file, request, gpu, false);
        try_out(request.cancel);
    }

    // With `measure`, only as far as it takes to know what it would take.
    void set_up(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure) {
        take_weights(file, request, gpu, measure);
        pooling_ = pooling_of(request.options.text("pooling"), file);
        make_context(request.options, gpu);
    }

    void take_weights(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure) {
        context_.reset();  // of what was measured, or of a GPU where something failed
        model_.reset();
        model_ = load_weights(file, request, gpu, measure, stream_);
        vocab_ = llama_model_get_vocab(model_.get());
        if (llama_model_has_encoder(model_.get()) && llama_model_has_decoder(model_.get()))
            throw Failure(HH_UNSUPPORTED, file.label() + " has an encoder and a decoder; a model for vectors has one of them.");
    }

    Pooling pooling_of(const std::string &asked, const File &file) const {
        const std::string own = metadata((metadata("general.architecture") + ".pooling_type").c_str());
        if (own == std::to_string(LLAMA_POOLING_TYPE_RANK))
            throw Failure(HH_UNSUPPORTED, file.label() + " ranks pairs of texts (a reranker): it gives no vectors.");
        for (const Pooling &known : kPoolings)
            if (asked == known.name || (asked == "model" && own == std::to_string(known.type))) return known;
        throw Failure(HH_UNSUPPORTED, file.label() + " does not say how the vectors of its tokens become one, so it was not "
                                                     "made for embeddings. Choose an embedding model, or say how with the "
                                                     "option \"pooling\": mean, cls or last.");
    }

    void make_context(const Settings &options, const Gpu *gpu) {
        const auto asked = static_cast<std::size_t>(options.integer("context"));
        context_limit_ = std::min<std::size_t>(asked, static_cast<std::size_t>(std::max(llama_model_n_ctx_train(model_.get()), 1)));
        threads_ = static_cast<int>(options.integer("threads"));
        if (threads_ == 0) threads_ = default_threads();

        llama_context_params params = llama_context_default_params();
        // Attention that looks both ways needs the whole text in one step.
        params.n_ctx = params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(context_limit_);
        params.n_seq_max = 1;
        params.n_threads = params.n_threads_batch = threads_;
        params.embeddings = true;
        params.pooling_type = pooling_.type;
        const auto heads = static_cast<std::uint64_t>(std::max(llama_model_n_head(model_.get()), 1));
        flash_ = heads * context_limit_ * context_limit_ * sizeof(float) > kLargestSquares;
        params.flash_attn_type = flash_ ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
        params.no_perf = true;
        if (gpu != nullptr) count_.watch(params);
        context_.reset(llama_init_from_model(model_.get(), params));
        if (context_ == nullptr)
            throw Failure(HH_OUT_OF_MEMORY, "There is no room for texts of " + std::to_string(context_limit_) +
                                                " tokens; give the option \"context\" a smaller number.");
    }

    // A check of ggml's arithmetic that fails throws (init_once), and an exception cannot leave a thread of ggml's own. So
    // what a model's weights are used for is done once on this thread alone: whatever has no code fails here.
    void try_out(CancelToken cancel) {
        llama_set_n_threads(context_.get(), 1, 1);
        const std::vector<Token> tokens(std::min<std::size_t>(context_limit_, 2), 0);
        count_.start();
        (void)embed(tokens, cancel);
        count_.stop();
        llama_set_n_threads(context_.get(), threads_, threads_);
    }

    std::string metadata(const char *key) const {
        return metadata_of(model_.get(), key);
    }

    Stream stream_;  // llama.cpp borrows it for as long as the model lives
    NodeCount count_;  // the context looks at it
    Weights model_;
    Context context_;
    const llama_vocab *vocab_ = nullptr;
    Pooling pooling_{};
    Accelerator accelerator_;
    std::size_t context_limit_ = 0;
    int threads_ = 1;
    bool flash_ = false;
};

}  // namespace

std::unique_ptr<EmbedModel> make_embed(const ModelRequest &request) { return std::make_unique<Embeddings>(request); }

}  // namespace hh::runtimes::llama_cpp
