// The shape `embed` of the runtime `echo`; see embed.cpp.
#pragma once

#include <memory>

#include "core/shapes.hpp"

namespace hh::runtimes::echo {

[[nodiscard]] std::unique_ptr<EmbedModel> make_embed(const ModelRequest &request);

}  // namespace hh::runtimes::echo
