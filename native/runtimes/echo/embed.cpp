// Shape `embed`: a vector of eight numbers; each byte of the text adds one to the number at its value modulo 8.
#include "runtimes/echo/embed.hpp"

#include <array>

namespace hh::runtimes::echo {
namespace {

class Counts : public EmbedModel {
public:
    explicit Counts(const ModelRequest &request) : context_(static_cast<std::size_t>(request.options.integer("context"))) {
        if (request.accelerator == "gpu" || request.accelerator == "npu")
            accelerator_.note = request.accelerator + " was asked for; echo has the CPU only";
        request.progress(1);
    }

    std::vector<Token> tokenize(std::string_view text) const override {
        std::vector<Token> tokens;
        for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
        return tokens;
    }

    std::span<const float> embed(std::span<const Token> tokens, CancelToken cancel) override {
        vector_.fill(0);
        for (const Token token : tokens) {
            cancel.check();
            vector_[static_cast<std::size_t>(token) % vector_.size()] += 1;
        }
        return vector_;
    }

    std::size_t dimensions() const override { return vector_.size(); }
    std::size_t context_size() const override { return context_; }
    int threads() const override { return 1; }
    Memory memory() const override { return {}; }
    Accelerator accelerator() const override { return accelerator_; }
    Json describe() const override { return {{"architecture", "echo"}, {"pooling", "sum"}}; }

private:
    std::size_t context_;
    Accelerator accelerator_;
    std::array<float, 8> vector_{};
};

}  // namespace

std::unique_ptr<EmbedModel> make_embed(const ModelRequest &request) { return std::make_unique<Counts>(request); }

}  // namespace hh::runtimes::echo
