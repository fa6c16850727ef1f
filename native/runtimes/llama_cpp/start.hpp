// What both shapes over llama.cpp begin with: the library itself, what computes, the weights; and what both ask a model.
#pragma once

#include <llama.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "core/shapes.hpp"
#include "runtimes/llama_cpp/gpu.hpp"

namespace hh::runtimes::llama_cpp {

struct ModelFree {
    void operator()(llama_model *model) const noexcept { llama_model_free(model); }
};
struct ContextFree {
    void operator()(llama_context *context) const noexcept { llama_free(context); }
};
using Weights = std::unique_ptr<llama_model, ModelFree>;
using Context = std::unique_ptr<llama_context, ContextFree>;

/** Starts llama.cpp at the first call: its log goes into ours, and a failed check throws instead of ending the process. */
void init_once();

/**
 * Starts a model where it was asked for, or else on the CPU.
 * @param start  loads and evaluates something while `count` is on, on the GPU or, without one, on the CPU. What fails on
 *               the GPU is done again on the CPU, which finds whatever is wrong with the model itself
 * @return what computes, and why it is not what was asked for
 * @throws Cancelled; whatever `start` throws on the CPU
 */
[[nodiscard]] Accelerator start_where_asked(const std::string &asked, const NodeCount &count,
                                            const std::function<void(const Gpu *)> &start);

/**
 * Loads a checked file.
 * @param gpu  what the weights are for, or nullptr
 * @param measure  only finds out what they take, and so does a context with them
 * @param stream  is opened on the file; llama.cpp borrows it for as long as the weights live
 * @throws Cancelled; Failure(HH_FILE_INVALID, HH_OUT_OF_MEMORY)
 */
[[nodiscard]] Weights load_weights(const File &file, const ModelRequest &request, const Gpu *gpu, bool measure,
                                   Stream &stream);

/**
 * @param whole  whether the tokens that the model wants around a text are added
 * @param special  whether control tokens written as text become that token
 */
[[nodiscard]] std::vector<Token> tokens_of(const llama_vocab *vocab, std::string_view text, bool whole, bool special);

/** A text of the model's header; empty if it has none. */
[[nodiscard]] std::string metadata_of(const llama_model *model, const char *key);

/** What hh_task_info() tells of any model. */
[[nodiscard]] Json describe_model(const llama_model *model);

/** What the weights, the cache and the arithmetic of a context take. */
[[nodiscard]] Memory memory_of(const llama_context *context);

}  // namespace hh::runtimes::llama_cpp
