// Chooses the next token from a model's scores. The same for every runtime of shape `generate`.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

#include "core/settings.hpp"
#include "core/shapes.hpp"

namespace hh {

/** The settings that a sampler reads; ranges are those of the task's manifest. */
struct Sampling {
    float temperature = 0;     // 0: always the likeliest token
    std::size_t top_k = 0;     // 0: all
    float top_p = 1;           // nucleus sampling, Holtzman et al. 2019 (arXiv:1904.09751)
    float min_p = 0;           // arXiv:2407.01082
    float repeat_penalty = 1;  // CTRL, Keskar et al. 2019 (arXiv:1909.05858), section 4.1
    std::size_t repeat_last = 0;
    std::uint32_t seed = 0;    // 0: a new one each time

    static Sampling from(const Settings &settings);
};

/**
 * One run's sampler. Order of the steps: repeat penalty, top-k, top-p, min-p, temperature, draw. Only tokens of the
 * answer are penalised, never those of the prompt: penalising a chat template's end marker would keep answers from ending.
 */
class Sampler {
public:
    explicit Sampler(const Sampling &sampling);

    /** Chooses from `scores` (changed in place) and remembers the choice. Not-a-number counts as impossible. */
    Token choose(std::span<float> scores);

private:
    struct Candidate {
        Token token;
        float score;  // logit, later probability
    };

    void penalise(std::span<float> scores) const;
    void keep_likeliest(std::span<const float> scores);
    void keep_nucleus();
    Token draw();

    Sampling sampling_;
    std::mt19937 random_;
    std::deque<Token> recent_;
    std::vector<Candidate> candidates_;  // likeliest first
};

}  // namespace hh
