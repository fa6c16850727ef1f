// The JSON library, in one place, so that its settings are the same everywhere.
#pragma once

#include <nlohmann/json.hpp>

namespace hh {
using Json = nlohmann::ordered_json;  // screens show ports and settings in the order in which the task lists them

/** Compact text; text that is not UTF-8 is replaced instead of thrown at the caller. */
inline std::string dump(const Json &json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
}  // namespace hh
