#include "core/generate/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/failure.hpp"

namespace hh {
namespace {

// Comparisons with not-a-number are false, so a broken score never wins.
Token likeliest(std::span<const float> scores) {
    std::size_t best = 0;
    float top = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (scores[i] > top) {
            top = scores[i];
            best = i;
        }
    }
    return static_cast<Token>(best);
}

}  // namespace

Sampling Sampling::from(const Settings &settings) {
    return {
        .temperature = static_cast<float>(settings.number("temperature")),
        .top_k = static_cast<std::size_t>(settings.integer("top_k")),
        .top_p = static_cast<float>(settings.number("top_p")),
        .min_p = static_cast<float>(settings.number("min_p")),
        .repeat_penalty = static_cast<float>(settings.number("repeat_penalty")),
        .repeat_last = static_cast<std::size_t>(settings.integer("repeat_last")),
        .seed = static_cast<std::uint32_t>(settings.integer("seed")),
    };
}

Sampler::Sampler(const Sampling &sampling)
    : sampling_(sampling), random_(sampling.seed != 0 ? sampling.seed : std::random_device{}()) {}

Token Sampler::choose(std::span<float> scores) {
    penalise(scores);
    Token token = 0;
    if (sampling_.temperature <= 0) {
        token = likeliest(scores);
    } else {
        keep_likeliest(scores);
        keep_nucleus();
        token = draw();
    }
    if (sampling_.repeat_last > 0) {
        recent_.push_back(token);
        if (recent_.size() > sampling_.repeat_last) recent_.pop_front();
    }
    return token;
}

void Sampler::penalise(std::span<float> scores) const {
    if (sampling_.repeat_penalty == 1.0F) return;
    for (const Token token : std::set<Token>(recent_.begin(), recent_.end())) {
        float &score = scores[static_cast<std::size_t>(token)];
        score = score > 0 ? score / sampling_.repeat_penalty : score * sampling_.repeat_penalty;
    }
}

void Sampler::keep_likeliest(std::span<const float> scores) {
    const auto likelier = [](const Candidate &a, const Candidate &b) {
        return a.score != b.score ? a.score > b.score : a.token < b.token;
    };
    const std::size_t k = sampling_.top_k == 0 ? scores.size() : std::min(sampling_.top_k, scores.size());
    candidates_.clear();
    candidates_.reserve(std::min<std::size_t>(k, 1024));
    // A heap of the best k, the worst on top: a vocabulary is large and k is small, so nearly every token costs one
    // comparison.
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (!(scores[i] > -std::numeric_limits<float>::infinity())) continue;
        if (candidates_.size() < k) {
            candidates_.push_back({static_cast<Token>(i), scores[i]});
            if (candidates_.size() == k) std::make_heap(candidates_.begin(), candidates_.end(), likelier);
        } else if (scores[i] > candidates_.front().score) {
            std::pop_heap(candidates_.begin(), candidates_.end(), likelier);
            candidates_.back() = {static_cast<Token>(i), scores[i]};
            std::push_heap(candidates_.begin(), candidates_.end(), likelier);
        }
    }
    if (candidates_.empty()) throw Failure(HH_RUNTIME_FAILED, "The model gave no usable score for any token.");
    std::sort(candidates_.begin(), candidates_.end(), likelier);
}

void Sampler::keep_nucleus() {
    // Probabilities before temperature decide what stays, so that temperature only changes the draw among it.
    const float top = candidates_.front().score;
    double total = 0;
    for (const Candidate &candidate : candidates_) total += std::exp(candidate.score - top);
    double sum = 0;
    std::size_t kept = 0;
    for (const Candidate &candidate : candidates_) {
        const double relative = std::exp(candidate.score - top);
        if (kept > 0 && (relative < sampling_.min_p || sum / total >= sampling_.top_p)) break;
        sum += relative;
        ++kept;
    }
    candidates_.resize(kept);
}

Token Sampler::draw() {
    const float top = candidates_.front().score;
    double total = 0;
    for (Candidate &candidate : candidates_) {
        candidate.score = std::exp((candidate.score - top) / sampling_.temperature);
        total += candidate.score;
    }
    // The standard library's distributions differ between platforms; the generator itself does not.
    double rest = static_cast<double>(random_()) / 4294967296.0 * total;
    for (const Candidate &candidate : candidates_) {
        rest -= candidate.score;
        if (rest < 0) return candidate.token;
    }
    return candidates_.back().token;
}

}  // namespace hh
