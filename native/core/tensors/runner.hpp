// One request after the other to a model of shape `tensors`: which inputs are there, whether they fit, what is kept.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/shapes.hpp"
#include "core/tensors/example.hpp"

namespace hh {

class TensorRunner {
public:
    /**
     * @param state  "input=output" for each tensor that is kept: the output of one run is the input of the next one, from
     *               zeros on, until clear()
     * Throws Failure(HH_INVALID_ARGUMENT) if a pair names what the model does not have, or does not fit together.
     */
    TensorRunner(std::unique_ptr<TensorModel> model, const std::vector<std::string> &state);

    /**
     * Throws Failure if the model cannot take the tensor: HH_UNKNOWN_PORT, HH_WRONG_TYPE, HH_WRONG_SHAPE. An empty name
     * stands for the first input. From any thread.
     */
    void admit(const Value &value) const;
    /** Takes one input of the request; what admit() refuses is refused here too. A later one of that name replaces it. */
    void give(Value value);
    /** Fills what was not given and is not kept. */
    void give_examples(const Example &example);
    /**
     * Runs the model `repeats` times with the same inputs; the last run counts, the time is the median.
     * Throws Failure(HH_INVALID_ARGUMENT) that names the inputs which were not given; Cancelled.
     */
    void run(std::size_t repeats, CancelToken cancel);

    /** The outputs of the last run, in the model's order, without those that are kept. */
    [[nodiscard]] std::vector<Value> outputs() const;
    /** The inputs of the last run, in the model's order. */
    [[nodiscard]] std::vector<Value> inputs() const;

    /** Forgets the inputs of a request that ended early; what is kept stays as it was before it. */
    void abandon();
    /** Forgets what is kept, and the inputs. */
    void clear();

    /** Inputs and outputs with types, shapes and what they stand for, and what the runtime knows of the model. */
    [[nodiscard]] Json describe() const;
    void report(Json &report) const;

private:
    struct Kept {
        std::size_t input, output;
        Tensor tensor;  // no data: zeros
    };
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] std::size_t input_called(const std::string &name) const;
    [[nodiscard]] bool keeps_output(std::size_t output) const;
    void keep(const std::string &pair);
    void fill_kept();

    std::unique_ptr<TensorModel> model_;
    std::vector<Kept> kept_;
    std::vector<Tensor> given_;  // one for each input; without a shape and data until it is given
    std::vector<bool> is_given_;
    std::vector<Tensor> ran_with_, results_;
    std::size_t runs_ = 0;
    double run_ms_ = 0;
};

}  // namespace hh
