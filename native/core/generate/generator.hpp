// One answer after the other from a model of shape `generate`: prompt cache, sampling, stop texts, whole characters.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/generate/sampler.hpp"
#include "core/shapes.hpp"
#include "processing/text/utf8.hpp"

namespace hh {

struct GenerationRequest {
    Sampling sampling;
    std::size_t max_tokens = 0;
    std::vector<std::string> stop;  // the answer ends before any of these
    bool slide = false;             // when the context is full: forget the oldest tokens instead of failing
    std::size_t keep = 0;           // tokens at the start that sliding never drops
    bool logprobs = false;          // keep the log-probability of each token of the answer
    bool prompt_logprobs = false;   // and of each one of the prompt, which is then evaluated token by token
};

class Generator {
public:
    explicit Generator(GenerateModel &model) : model_(model) {}

    /** Begins an answer. Tokens that the cache holds already are not evaluated again. `prompt` must fit the context. */
    void start(std::vector<Token> prompt, GenerationRequest request);

    /**
     * The next piece of text, never empty and always whole characters.
     * @return false when the answer is complete
     * @throws Cancelled, Failure(HH_CONTEXT_FULL)
     */
    bool next(CancelToken cancel, std::string &piece);

    /** Forgets what the cache holds. */
    void clear();

    [[nodiscard]] const std::vector<Token> &generated() const { return generated_; }
    /**
     * Natural logarithms of the probabilities that the model itself gave to the tokens of generated(), before any penalty,
     * temperature or choice: log softmax of its scores.
     */
    [[nodiscard]] const std::vector<float> &logprobs() const { return logprobs_; }
    /** The same for the prompt, without its first token, which nothing comes before. */
    [[nodiscard]] const std::vector<float> &prompt_logprobs() const { return prompt_logprobs_; }
    /** Adds time to first token, rates, counts, the reason why the last answer ended, and what the model runs on. */
    void report(Json &report) const;
    /** Marks the answer as ended from outside: "cancelled" or "error". */
    void end(const char *reason);

private:
    using Clock = std::chrono::steady_clock;

    void evaluate_prompt(CancelToken cancel);
    void evaluate_one_by_one(CancelToken cancel);
    Token choose();
    void append(Token token, CancelToken cancel);
    void make_room();
    bool take_text(Token token, std::string &piece);
    std::string release(bool at_end);

    GenerateModel &model_;
    GenerationRequest request_;
    Sampler sampler_{Sampling{}};
    std::vector<Token> cached_;  // what the model's cache holds, in order
    std::vector<Token> prompt_;
    std::vector<Token> generated_;
    std::vector<float> logprobs_, prompt_logprobs_;
    std::span<float> scores_;
    Utf8Stream characters_;
    std::string held_;  // text that may be the beginning of a stop text
    bool done_ = true, started_ = false;
    const char *finish_ = "none";

    std::size_t reused_ = 0;
    Clock::time_point begin_{}, prompt_done_{}, first_{}, last_{};
};

}  // namespace hh
