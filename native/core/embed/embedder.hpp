// One text after the other to a model of shape `embed`: what is refused, and the length of the vector.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "core/shapes.hpp"
#include "core/value.hpp"

namespace hh {

class Embedder {
public:
    explicit Embedder(std::unique_ptr<EmbedModel> model);

    /** Throws Failure for what no model takes: an empty text (HH_INVALID_ARGUMENT), one above 1 MiB (HH_TOO_LARGE). */
    static void admit(std::string_view text);
    /**
     * The vector of a text, f32 [dimensions], divided by its Euclidean length, so that the dot product of two is the cosine
     * of their angle; all zeros stay zeros.
     * Throws what admit() throws; Failure(HH_TOO_LARGE) with the numbers if the text has more tokens than the model takes:
     * nothing is cut off in silence; Failure(HH_INVALID_ARGUMENT) if it has none; Failure(HH_RUNTIME_FAILED); Cancelled.
     */
    [[nodiscard]] Tensor run(std::string_view text, CancelToken cancel);

    /** The text as the input "text", the vector as the output named `output`, and what the runtime knows of the model. */
    [[nodiscard]] Json describe(const std::string &output) const;
    void report(Json &report) const;

private:
    using Clock = std::chrono::steady_clock;

    std::unique_ptr<EmbedModel> model_;
    std::size_t around_ = 0;  // tokens that the model puts around a text
    std::size_t tokens_ = 0, runs_ = 0;
    double run_ms_ = 0;
};

}  // namespace hh
