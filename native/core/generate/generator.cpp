#include "core/generate/generator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/failure.hpp"

namespace hh {
namespace {

// The longest tail of `text` that a stop text begins with: it may yet turn out to be one.
std::size_t possible_stop(std::string_view text, const std::vector<std::string> &stops) {
    std::size_t longest = 0;
    for (const std::string &stop : stops)
        for (std::size_t n = std::min(stop.size(), text.size()); n > longest; --n)
            if (text.ends_with(std::string_view(stop).substr(0, n))) longest = n;
    return longest;
}

double milliseconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

double per_second(std::size_t count, std::chrono::steady_clock::duration duration) {
    const double ms = milliseconds(duration);
    return ms > 0 ? 1000.0 * static_cast<double>(count) / ms : 0;
}

// Log of the sum of exponentials, with the largest score taken out so that nothing overflows.
double log_sum_exp(std::span<const float> scores) {
    float top = -std::numeric_limits<float>::infinity();
    for (const float score : scores) top = std::max(top, score);
    if (!std::isfinite(top)) return top;
    double sum = 0;
    for (const float score : scores)
        if (!std::isnan(score)) sum += static_cast<double>(std::exp(score - top));
    return static_cast<double>(top) + std::log(sum);
}

float log_probability(double log_sum, float score) { return static_cast<float>(static_cast<double>(score) - log_sum); }

}  // namespace

void Generator::start(std::vector<Token> prompt, GenerationRequest request) {
    std::erase(request.stop, "");
    prompt_ = std::move(prompt);
    request_ = std::move(request);
    sampler_ = Sampler(request_.sampling);
    generated_.clear();
    logprobs_.clear();
    prompt_logprobs_.clear();
    characters_.clear();
    held_.clear();
    done_ = started_ = false;
    finish_ = "none";
    begin_ = Clock::now();
    prompt_done_ = first_ = last_ = begin_;
}

void Generator::clear() {
    model_.truncate(0);
    cached_.clear();
    done_ = true;
}

void Generator::end(const char *reason) {
    if (!done_) finish_ = reason;
    done_ = true;
    cached_.resize(std::min(cached_.size(), model_.position()));
}

void Generator::evaluate_prompt(CancelToken cancel) {
    if (request_.prompt_logprobs) return evaluate_one_by_one(cancel);
    const auto differ = std::mismatch(cached_.begin(), cached_.end(), prompt_.begin(), prompt_.end()).second;
    // At least one token has to be evaluated: the scores of what follows it are not kept.
    const auto common = static_cast<std::size_t>(differ - prompt_.begin());
    model_.truncate(std::min(common, prompt_.size() - 1));
    reused_ = model_.position();
    cached_ = prompt_;
    begin_ = Clock::now();
    scores_ = model_.decode(std::span<const Token>(prompt_).subspan(reused_), cancel);
    prompt_done_ = Clock::now();
}

// As slow as an answer of that length, and the very arithmetic that an answer is made with.
void Generator::evaluate_one_by_one(CancelToken cancel) {
    model_.truncate(0);
    reused_ = 0;
    cached_ = prompt_;
    prompt_logprobs_.clear();
    begin_ = Clock::now();
    for (std::size_t i = 0; i < prompt_.size(); ++i) {
        cancel.check();
        if (i > 0)
            prompt_logprobs_.push_back(
                log_probability(log_sum_exp(scores_), scores_[static_cast<std::size_t>(prompt_[i])]));
        scores_ = model_.decode(std::span<const Token>(prompt_).subspan(i, 1), cancel);
    }
    prompt_done_ = Clock::now();
}

Token Generator::choose() {
    if (!request_.logprobs) return sampler_.choose(scores_);
    // The sampler changes the scores.
    const std::vector<float> own(scores_.begin(), scores_.end());
    const Token token = sampler_.choose(scores_);
    if (!model_.ends(token)) logprobs_.push_back(log_probability(log_sum_exp(own), own[static_cast<std::size_t>(token)]));
    return token;
}

void Generator::make_room() {
    if (cached_.size() < model_.context_size()) return;
    const std::size_t keep = std::min(request_.keep, cached_.size() / 2);
    const std::size_t count = (cached_.size() - keep) / 2;
    if (!request_.slide || count == 0 || !model_.slide(keep, count))
        throw Failure(HH_CONTEXT_FULL, "The model's context of " + std::to_string(model_.context_size()) +
                                           " tokens is full. Start a new conversation, give the option \"context\" a "
                                           "larger number, or set \"overflow\" to \"slide\".");
    const auto from = cached_.begin() + static_cast<std::ptrdiff_t>(keep);
    cached_.erase(from, from + static_cast<std::ptrdiff_t>(count));
}

void Generator::append(Token token, CancelToken cancel) {
    make_room();
    cached_.push_back(token);
    scores_ = model_.decode(std::span<const Token>(&token, 1), cancel);
}

// Adds the token's text to what is held; true if the answer ends with it.
bool Generator::take_text(Token token, std::string &piece) {
    std::string bytes;
    model_.detokenize(token, bytes);
    characters_.push(bytes, held_);
    std::size_t cut = std::string::npos;
    for (const std::string &stop : request_.stop) cut = std::min(cut, held_.find(stop));
    if (cut == std::string::npos) return false;
    piece = held_.substr(0, cut);
    held_.clear();
    characters_.clear();
    return true;
}

std::string Generator::release(bool at_end) {
    if (at_end) characters_.finish(held_);
    const std::size_t keep = at_end ? 0 : possible_stop(held_, request_.stop);
    std::string piece = held_.substr(0, held_.size() - keep);
    held_.erase(0, piece.size());
    return piece;
}

bool Generator::next(CancelToken cancel, std::string &piece) {
    piece.clear();
    while (!done_) {
        cancel.check();
        if (!started_) evaluate_prompt(cancel);
        else append(generated_.back(), cancel);
        started_ = true;
        const Token token = choose();
        last_ = Clock::now();
        if (generated_.empty()) first_ = last_;
        if (model_.ends(token)) {
            finish_ = "stop";
            done_ = true;
            piece = release(true);
            break;
        }
        generated_.push_back(token);
        if (take_text(token, piece)) {
            finish_ = "stop";
            done_ = true;
            break;
        }
        if (generated_.size() >= request_.max_tokens) {
            finish_ = "length";
            done_ = true;
        }
        piece = release(done_);
        if (!piece.empty()) return true;
    }
    return !piece.empty();
}

void Generator::report(Json &report) const {
    const std::size_t evaluated = prompt_.size() - std::min(reused_, prompt_.size());
    report[HH_REPORT_TIME_TO_FIRST_TOKEN_MS] = milliseconds(first_ - begin_);
    report[HH_REPORT_PROMPT_TOKENS] = evaluated;
    report[HH_REPORT_REUSED_TOKENS] = reused_;
    report[HH_REPORT_PROMPT_TOKENS_PER_S] = per_second(evaluated, prompt_done_ - begin_);
    report[HH_REPORT_GENERATED_TOKENS] = generated_.size();
    report[HH_REPORT_GENERATED_TOKENS_PER_S] =
        per_second(generated_.size() > 1 ? generated_.size() - 1 : 0, last_ - first_);
    report[HH_REPORT_FINISH_REASON] = finish_;
    report[HH_REPORT_THREADS] = model_.threads();
    report_resources(report, model_.memory(), model_.accelerator());
}

}  // namespace hh
