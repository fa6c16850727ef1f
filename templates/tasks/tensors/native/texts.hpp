// The task `tensors` over a model of shape `embed`; see texts.cpp.
#pragma once

#include <memory>

#include "core/runtime.hpp"

namespace hh::tasks::tensors {

[[nodiscard]] std::unique_ptr<TaskLogic> make_texts(const Manifest &manifest);

}  // namespace hh::tasks::tensors
