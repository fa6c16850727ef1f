// Named, typed, ranged values as a manifest declares them ("settings" and "options").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "handheld.h"

namespace hh {

class Settings {
public:
    Settings() = default;
    /** `declared`: name -> {type, default, minimum, maximum, choices}. Throws Failure(HH_MANIFEST_INVALID). */
    Settings(const Json &declared, std::string_view what);

    /** Takes over every value of `changes`, or none: Failure(HH_INVALID_ARGUMENT) names the first bad one. */
    void apply(const Json &changes);

    [[nodiscard]] double number(const char *name) const;
    [[nodiscard]] std::int64_t integer(const char *name) const;
    [[nodiscard]] bool boolean(const char *name) const;
    [[nodiscard]] std::string text(const char *name) const;
    [[nodiscard]] std::vector<std::string> texts(const char *name) const;
    [[nodiscard]] const Json &values() const { return values_; }

private:
    [[nodiscard]] const Json &at(const char *name) const;

    Json declared_ = Json::object();
    Json values_ = Json::object();
};

/** Parses text that must be one JSON object. Throws Failure(code) that names `what` and the place of the fault. */
[[nodiscard]] Json parse_object(std::string_view text, hh_status code, std::string_view what);

}  // namespace hh
