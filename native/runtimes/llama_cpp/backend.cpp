// Runtime `llama_cpp`: shape `generate` over llama.cpp's public C API.
#include <llama.h>

#include <algorithm>

#include "core/failure.hpp"
#include "core/runtime.hpp"
#include "runtimes/llama_cpp/chat_template.hpp"
#include "runtimes/llama_cpp/embed.hpp"
#include "runtimes/llama_cpp/gguf_check.hpp"
#include "runtimes/llama_cpp/start.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

class Model : public GenerateModel {
public:
    explicit Model(const ModelRequest &request) {
        init_once();
        const File &file = file_with_role(request.files, "weights");
        check_gguf(file);
        accelerator_ = start_where_asked(request.accelerator, count_, [&](const Gpu *gpu) { start(file, request, gpu); });
        load_template(request.chat_template);
        request.progress(1);
    }

    std::vector<Token> tokenize(std::string_view text, bool special) const override {
        return tokens_of(vocab_, text, false, special);
    }

    void detokenize(Token token, std::string &out) const override {
        char piece[256];
        const std::int32_t length = llama_token_to_piece(vocab_, token, piece, sizeof piece, 0, false);
        if (length >= 0) {
            out.append(piece, static_cast<std::size_t>(length));
        } else {
            const std::size_t before = out.size();
            out.resize(before + static_cast<std::size_t>(-length));
            llama_token_to_piece(vocab_, token, out.data() + before, -length, 0, false);
        }
    }

    bool ends(Token token) const override { return llama_vocab_is_eog(vocab_, token); }

    std::vector<Token> render_chat(std::span<const ChatMessage> messages, bool add_generation_prompt) const override {
        if (template_ == nullptr)
            throw Failure(HH_TEMPLATE_FAILED, "The model has no chat template, so it is a base model: choose an "
                                              "instruction-tuned one, or give \"chat_template\" in task.json.");
        std::vector<Token> tokens;
        if (llama_vocab_get_add_bos(vocab_)) tokens.push_back(llama_vocab_bos(vocab_));
        std::string plain;
        const auto flush = [&] {
            const std::vector<Token> part = tokenize(plain, true);
            // Many templates write the start token themselves.
            const bool twice = !tokens.empty() && tokens.size() == 1 && !part.empty() && part[0] == tokens[0];
            tokens.insert(tokens.end(), part.begin() + (twice ? 1 : 0), part.end());
            plain.clear();
        };
        for (const PromptPart &part : template_->render(messages, add_generation_prompt)) {
            // Text is tokenized together with what surrounds it, as in training, unless a person wrote a control token.
            if (!part.from_person || !has_control_token(part.text)) {
                plain += part.text;
                continue;
            }
            flush();
            const std::vector<Token> literal = tokenize(part.text, false);
            tokens.insert(tokens.end(), literal.begin(), literal.end());
        }
        flush();
        return tokens;
    }

    std::span<float> decode(std::span<const Token> tokens, CancelToken cancel) override {
        std::vector<Token> input(tokens.begin(), tokens.end());
        for (std::size_t done = 0; done < input.size();) {
            cancel.check();
            const std::size_t count = std::min(batch_, input.size() - done);
            if (position_ + count > context_limit_) throw Failure(HH_CONTEXT_FULL, "The model's context is full.");
            decode_batch({input.data() + done, count}, cancel);
            done += count;
        }
        float *scores = llama_get_logits_ith(context_.get(), -1);
        if (scores == nullptr) throw Failure(HH_RUNTIME_FAILED, "llama.cpp gave no scores.");
        return {scores, vocabulary_size()};
    }

    std::size_t position() const override { return position_; }

    void truncate(std::size_t length) override {
        if (length >= position_) return;
        llama_memory_t memory = llama_get_memory(context_.get());
        const auto window = static_cast<std::size_t>(llama_model_n_swa(model_.get()));
        const llama_pos oldest = llama_memory_seq_pos_min(memory, 0);
        // A sliding attention window has dropped what lies before it: then nothing can be kept.
        const bool lost = window > 0 && length > 0 && oldest > static_cast<llama_pos>(length - std::min(window, length));
        if (length == 0 || lost || !llama_memory_seq_rm(memory, 0, static_cast<llama_pos>(length), -1)) {
            llama_memory_clear(memory, true);
            length = 0;
        }
        position_ = length;
    }

    bool slide(std::size_t keep, std::size_t count) override {
        llama_memory_t memory = llama_get_memory(context_.get());
        const auto from = static_cast<llama_pos>(keep), to = static_cast<llama_pos>(keep + count);
        if (!llama_memory_can_shift(memory) || !llama_memory_seq_rm(memory, 0, from, to)) return false;
        llama_memory_seq_add(memory, 0, to, -1, from - to);
        position_ -= count;
        return true;
    }

    std::size_t context_size() const override { return context_limit_; }
    std::size_t vocabulary_size() const override { return static_cast<std::size_t>(llama_vocab_n_tokens(vocab_)); }
    std::size_t longest_token() const override { return longest_token_; }
    int threads() const override { return threads_; }
    Accelerator accelerator() const override { return accelerator_; }

    Memory memory() const override { return memory_of(context_.get()); }

    Json describe() const override {
        Json facts = describe_model(model_.get());
        facts["context"] = context_limit_;
        return facts;
    }

private:
    void start(const File &file, const ModelRequest &request, const Gpu *gpu) {
        position_ = 0;
        if (request.memory > 0) {
            set_up(file, request, gpu, true);
            check_memory(memory(), request.memory, file.label());
        }
        set_up(file, request, gpu, false);
        measure_vocabulary();
        try_out(request.cancel, gpu);
    }

    // With `measure`, only as far as it takes to know what it would take.
    void set_up(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure) {
        take_weights(file, request, gpu, measure);
        make_context(request.options, gpu);
    }

    void take_weights(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure) {
        context_.reset();  // of what was measured, or of a GPU where something failed
        model_.reset();
        model_ = load_weights(file, request, gpu, measure, stream_);
        vocab_ = llama_model_get_vocab(model_.get());
        if (llama_model_has_encoder(model_.get()) || !llama_model_has_decoder(model_.get()))
            throw Failure(HH_UNSUPPORTED, file.label() + " is not a decoder-only language model.");
    }

    void make_context(const Settings &options, const Gpu *gpu) {
        const auto asked = static_cast<std::uint32_t>(options.integer("context"));
        const auto trained = static_cast<std::uint32_t>(std::max(llama_model_n_ctx_train(model_.get()), 1));
        context_limit_ = std::min(asked, trained);
        batch_ = std::min<std::size_t>(static_cast<std::size_t>(options.integer("batch")), context_limit_);
        threads_ = static_cast<int>(options.integer("threads"));
        if (threads_ == 0) threads_ = default_threads();

        llama_context_params params = llama_context_default_params();
        params.n_ctx = static_cast<std::uint32_t>(context_limit_);
        params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(batch_);
        params.n_seq_max = 1;
        params.n_outputs_max = 1;  // only the last token's scores are ever read
        params.n_threads = params.n_threads_batch = threads_;
        params.swa_full = false;  // a full cache for sliding windows costs megabytes and is never used
        params.no_perf = true;
        if (gpu != nullptr) count_.watch(params);
        context_.reset(llama_init_from_model(model_.get(), params));
        if (context_ == nullptr)
            throw Failure(HH_OUT_OF_MEMORY, "There is no room for a context of " + std::to_string(context_limit_) +
                                                " tokens; give the option \"context\" a smaller number.");
    }

    // A check of ggml's arithmetic that fails throws (init_once), and an exception cannot leave a thread of ggml's own. So
    // what a model's weights are used for is done once on this thread alone: whatever has no code fails here.
    void try_out(CancelToken cancel, const Gpu *gpu) {
        if (threads_ == 1 && gpu == nullptr) return;
        llama_set_n_threads(context_.get(), 1, 1);
        std::vector<Token> tokens(std::min<std::size_t>(batch_, 2), 0);
        count_.start();
        decode_batch(tokens, cancel);
        count_.stop();
        truncate(0);
        llama_set_n_threads(context_.get(), threads_, threads_);
    }

    void measure_vocabulary() {
        std::string piece;
        for (std::size_t i = 0; i < vocabulary_size(); ++i) {
            piece.clear();
            detokenize(static_cast<Token>(i), piece);
            longest_token_ = std::max(longest_token_, piece.size());
        }
    }

    void load_template(const std::string &given) {
        const char *own = llama_model_chat_template(model_.get(), nullptr);
        if (given.empty() && own == nullptr) return;
        template_ = std::make_unique<ChatTemplate>(given.empty() ? std::string(own) : given,
                                                   token_text(llama_vocab_bos(vocab_)), token_text(llama_vocab_eos(vocab_)));
    }

    std::string token_text(llama_token token) const {
        return token == LLAMA_TOKEN_NULL ? std::string() : llama_vocab_get_text(vocab_, token);
    }

    std::string metadata(const char *key) const {
        return metadata_of(model_.get(), key);
    }

    bool has_control_token(std::string_view text) const {
        const std::vector<Token> tokens = tokenize(text, true);
        return std::any_of(tokens.begin(), tokens.end(), [&](Token token) {
            return llama_vocab_is_control(vocab_, token) || llama_vocab_is_eog(vocab_, token);
        });
    }

    void decode_batch(std::span<Token> tokens, CancelToken cancel) {
        llama_set_abort_callback(
            context_.get(), [](void *data) { return static_cast<const CancelToken *>(data)->cancelled(); }, &cancel);
        const llama_batch batch = llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size()));
        const std::int32_t result = llama_decode(context_.get(), batch);
        llama_set_abort_callback(context_.get(), nullptr, nullptr);
        if (result == 0) {
            position_ += tokens.size();
            return;
        }
        // Part of the batch may be in the cache: take it out, so that position() tells the truth.
        const std::size_t before = position_;
        position_ += tokens.size();
        truncate(before);
        if (result == 2) throw Cancelled{};
        if (result == 1) throw Failure(HH_CONTEXT_FULL, "The model's context is full.");
        throw Failure(HH_RUNTIME_FAILED, "llama.cpp could not evaluate the tokens (" + std::to_string(result) + ").");
    }

    Stream stream_;  // llama.cpp borrows it for as long as the model lives
    NodeCount count_;  // the context looks at it
    Weights model_;
    Context context_;
    const llama_vocab *vocab_ = nullptr;
    std::unique_ptr<ChatTemplate> template_;
    Accelerator accelerator_;
    std::size_t context_limit_ = 0, batch_ = 0, position_ = 0, longest_token_ = 1;
    int threads_ = 1;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "llama_cpp",
    .check =
        [](const std::vector<File> &files) {
            init_once();
            check_gguf(file_with_role(files, "weights"));
        },
    .generate = [](const ModelRequest &request) -> std::unique_ptr<GenerateModel> {
        return std::make_unique<Model>(request);
    },
    .embed = make_embed,
};

}  // namespace hh::runtimes::llama_cpp
