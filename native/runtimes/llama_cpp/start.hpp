// What both shapes over llama.cpp begin with: the library itself, what computes, the weights; and what both ask a model.
#pragma once

#include <llama.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "core/shapes.hpp"

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

/** The CPU, with the code in use for it; `why` is the reason where more was asked for. */
[[nodiscard]] Accelerator choose_cpu(const std::string &asked, const std::string &why);

/**
 * Loads a checked file.
 * @param stream  is opened on the file; llama.cpp borrows it for as long as the weights live
 * @throws Cancelled; Failure(HH_FILE_INVALID)
 */
[[nodiscard]] Weights load_weights(const File &file, const ModelRequest &request, Stream &stream);

/**
 * @param whole  whether the tokens that the model wants around a text are added
 * @param special  whether control tokens written as text become that token
 */
[[nodiscard]] std::vector<Token> tokens_of(const llama_vocab *vocab, std::string_view text, bool whole, bool special);

/** A text of the model's header; empty if it has none. */
[[nodiscard]] std::string metadata_of(const llama_model *model, const char *key);

}  // namespace hh::runtimes::llama_cpp
