#include "core/embed/embedder.hpp"

#include <cmath>
#include <string>

#include "core/failure.hpp"

namespace hh {
namespace {

// No model comes near it. A tokenizer cannot be cancelled, so what it is given has a bound.
constexpr std::size_t kLargestText = std::size_t{1} << 20;

Failure nothing_to_embed() { return {HH_INVALID_ARGUMENT, "The text is empty: there is nothing to embed."}; }

Tensor normalized(std::span<const float> vector) {
    double sum = 0;
    for (const float number : vector) sum += static_cast<double>(number) * number;
    if (!std::isfinite(sum)) throw Failure(HH_RUNTIME_FAILED, "The model gave a vector that holds no numbers.");
    const auto scale = static_cast<float>(sum > 0 ? 1 / std::sqrt(sum) : 0);
    const auto numbers = std::make_shared<std::vector<float>>(vector.begin(), vector.end());
    for (float &number : *numbers) number *= scale;
    return {.dtype = HH_DTYPE_F32, .shape = {static_cast<std::int64_t>(vector.size())}, .data = numbers->data(),
            .bytes = vector.size_bytes(), .owner = numbers};
}

}  // namespace

Embedder::Embedder(std::unique_ptr<EmbedModel> model) : model_(std::move(model)), around_(model_->tokenize("").size()) {}

void Embedder::admit(std::string_view text) {
    if (text.empty()) throw nothing_to_embed();
    if (text.size() > kLargestText)
        throw Failure(HH_TOO_LARGE, "The text has " + std::to_string(text.size()) + " bytes; the most is " +
                                        std::to_string(kLargestText) + ". Embed its parts one by one.");
}

Tensor Embedder::run(std::string_view text, CancelToken cancel) {
    admit(text);
    const Clock::time_point start = Clock::now();
    const std::vector<Token> tokens = model_->tokenize(text);
    if (tokens.size() <= around_) throw nothing_to_embed();  // white space, for example
    if (tokens.size() > model_->context_size())
        throw Failure(HH_TOO_LARGE, "The text has " + std::to_string(tokens.size()) + " tokens; the most is " +
                                        std::to_string(model_->context_size()) +
                                        ", which is what the option \"context\" and the model allow. Embed its parts one by one.");
    cancel.check();
    Tensor vector = normalized(model_->embed(tokens, cancel));
    tokens_ = tokens.size();
    runs_ = 1;
    run_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    return vector;
}

Json Embedder::describe(const std::string &output) const {
    Json json = model_->describe();
    json["context"] = model_->context_size();
    json["dimensions"] = model_->dimensions();
    json["inputs"] = Json::array({{{"name", "text"}, {"type", "text"}}});
    json["outputs"] = Json::array(
        {{{"name", output}, {"type", "f32"}, {"shape", Json::array({model_->dimensions()})}}});
    return json;
}

void Embedder::report(Json &report) const {
    report[HH_REPORT_PROMPT_TOKENS] = tokens_;
    report[HH_REPORT_RUNS] = runs_;
    report[HH_REPORT_RUN_MS] = run_ms_;
    report[HH_REPORT_THREADS] = model_->threads();
    report_resources(report, model_->memory(), model_->accelerator());
}

}  // namespace hh
