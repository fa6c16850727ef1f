// The shape `embed` of the runtime `llama_cpp`; see embed.cpp.
#pragma once

#include <memory>

#include "core/shapes.hpp"

namespace hh::runtimes::llama_cpp {

[[nodiscard]] std::unique_ptr<EmbedModel> make_embed(const ModelRequest &request);

}  // namespace hh::runtimes::llama_cpp
