// Runtime `echo`: no model, no dependency. It answers with what the user said last, one byte a token, so that every
// test knows the answer and characters are really split between tokens.
//
// Its file is a text: the word "echo", then settings of the tests, one a line: "context=N" (tokens, at most the option
// "context"), and what tensors.cpp says.
#include <algorithm>
#include <charconv>

#include "core/failure.hpp"
#include "core/runtime.hpp"
#include "runtimes/echo/embed.hpp"
#include "runtimes/echo/tensors.hpp"

namespace hh::runtimes::echo {
namespace {

constexpr Token kEnd = 256, kSystem = 257, kUser = 258, kAssistant = 259;
constexpr std::size_t kVocabulary = 260;
constexpr std::string_view kMagic = "echo\n";

std::string read_file(const std::vector<File> &files) {
    const File &file = file_with_role(files, "weights");
    const std::string text = file.head(256);
    if (!text.starts_with(kMagic)) throw Failure(HH_FILE_INVALID, file.label() + " is not an echo model.");
    return text.substr(kMagic.size());
}

// The number after "name=" on a line of its own, or `otherwise`.
std::size_t number_in(std::string_view text, std::string_view name, std::size_t otherwise) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return otherwise;
    const std::string_view digits = text.substr(at + name.size());
    std::size_t number = otherwise;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

class Echo : public GenerateModel {
public:
    explicit Echo(const ModelRequest &request) {
        const auto asked = static_cast<std::size_t>(request.options.integer("context"));
        context_ = std::clamp<std::size_t>(number_in(read_file(request.files), "context=", asked), 1, asked);
        accelerator_ = fall_back(request.accelerator, "echo has the CPU only");
        request.progress(1);
    }

    std::vector<Token> tokenize(std::string_view text, bool) const override {
        std::vector<Token> tokens;
        for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
        return tokens;
    }

    void detokenize(Token token, std::string &out) const override {
        if (token < kEnd) out.push_back(static_cast<char>(token));
    }

    bool ends(Token token) const override { return token == kEnd; }

    std::vector<Token> render_chat(std::span<const ChatMessage> messages, bool add_generation_prompt) const override {
        std::vector<Token> tokens;
        for (const ChatMessage &message : messages) {
            tokens.push_back(message.role == "system" ? kSystem : message.role == "user" ? kUser : kAssistant);
            const std::vector<Token> text = tokenize(message.content, false);
            tokens.insert(tokens.end(), text.begin(), text.end());
            tokens.push_back(kEnd);
        }
        if (add_generation_prompt) tokens.push_back(kAssistant);
        return tokens;
    }

    std::span<float> decode(std::span<const Token> tokens, CancelToken cancel) override {
        for (const Token token : tokens) {
            cancel.check();
            if (cache_.size() == context_) throw Failure(HH_CONTEXT_FULL, "The context is full.");
            cache_.push_back(token);
        }
        scores_.assign(kVocabulary, 0.0F);
        scores_[static_cast<std::size_t>(following())] = 10.0F;
        return scores_;
    }

    std::size_t position() const override { return cache_.size(); }
    void truncate(std::size_t length) override { cache_.resize(std::min(length, cache_.size())); }

    bool slide(std::size_t keep, std::size_t count) override {
        const auto from = cache_.begin() + static_cast<std::ptrdiff_t>(keep);
        cache_.erase(from, from + static_cast<std::ptrdiff_t>(count));
        return true;
    }

    std::size_t context_size() const override { return context_; }
    std::size_t vocabulary_size() const override { return kVocabulary; }
    std::size_t longest_token() const override { return 1; }
    int threads() const override { return 1; }
    Memory memory() const override { return {.cache = cache_.capacity() * sizeof(Token)}; }
    Accelerator accelerator() const override { return accelerator_; }
    Json describe() const override { return {{"architecture", "echo"}, {"context", context_}}; }

private:
    // The byte of the last user message that comes after those echoed so far.
    Token following() const {
        const auto user = std::find(cache_.rbegin(), cache_.rend(), kUser).base();
        const auto said = std::find(user, cache_.end(), kEnd);
        const auto answer = std::find(said, cache_.end(), kAssistant);
        if (answer == cache_.end()) return kEnd;
        const auto echoed = cache_.end() - answer - 1;
        return echoed < said - user ? *(user + echoed) : kEnd;
    }

    std::size_t context_ = 0;
    Accelerator accelerator_;
    std::vector<Token> cache_;
    std::vector<float> scores_;
};

}  // namespace

extern const Runtime runtime;
const Runtime runtime = {
    .name = "echo",
    .check =
        [](const std::vector<File> &files) {
            read_file(files);
            check_tensors(file_with_role(files, "weights"));
        },
    .generate = [](const ModelRequest &request) -> std::unique_ptr<GenerateModel> {
        return std::make_unique<Echo>(request);
    },
    .tensors = make_tensors,
    .embed = make_embed,
};

}  // namespace hh::runtimes::echo
