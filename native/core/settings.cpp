#include "core/settings.hpp"

#include <algorithm>

#include "core/failure.hpp"

namespace hh {
namespace {

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

bool in_range(const Json &value, const Json &declared) {
    const double number = value.get<double>();
    return !(declared.contains("minimum") && number < declared["minimum"].get<double>()) &&
           !(declared.contains("maximum") && number > declared["maximum"].get<double>());
}

bool all_texts(const Json &value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json &item) { return item.is_string(); });
}

// Empty if `value` fits, else what it must be.
std::string misfit(const Json &value, const Json &declared) {
    const std::string type = declared.value("type", "");
    if (type == "boolean") return value.is_boolean() ? "" : "true or false";
    if (type == "string") return value.is_string() ? "" : "a text";
    if (type == "strings") return all_texts(value) ? "" : "a list of texts";
    if (type == "choice") {
        const Json &choices = declared.at("choices");
        return std::find(choices.begin(), choices.end(), value) != choices.end() ? "" : "one of " + dump(choices);
    }
    const bool whole = type == "integer";
    const bool fits = whole ? value.is_number_integer() : value.is_number();
    if (fits && in_range(value, declared)) return "";
    return std::string(whole ? "a whole number" : "a number") + " from " + dump(declared.value("minimum", Json())) +
           " to " + dump(declared.value("maximum", Json()));
}

}  // namespace

Json parse_object(std::string_view text, hh_status code, std::string_view what) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::parse_error &error) {
        throw Failure(code, std::string(what) + " is not valid JSON at byte " + std::to_string(error.byte) + ".");
    }
    if (!json.is_object()) throw Failure(code, std::string(what) + " must be a JSON object.");
    return json;
}

Settings::Settings(const Json &declared, std::string_view what) : declared_(declared) {
    const auto refuse = [&](std::string_view name, std::string_view why) {
        throw Failure(HH_MANIFEST_INVALID, std::string(what) + " " + in_quotes(name) + " " + std::string(why) + ".");
    };
    for (const auto &[name, entry] : declared.items()) {
        if (!entry.is_object() || !entry.contains("default")) refuse(name, "has no default");
        static constexpr const char *kTypes[] = {"number", "integer", "boolean", "string", "strings", "choice"};
        const Json type = entry.value("type", Json());
        if (std::none_of(std::begin(kTypes), std::end(kTypes), [&](const char *known) { return type == known; }))
            refuse(name, "has an unknown type");
        if (type == "choice" && !all_texts(entry.value("choices", Json()))) refuse(name, "needs a list of choices");
        for (const char *limit : {"minimum", "maximum"})
            if (entry.contains(limit) && !entry[limit].is_number()) refuse(name, "has a limit that is no number");
        if (const std::string expected = misfit(entry["default"], entry); !expected.empty())
            refuse(name, "has a default that is not " + expected);
        values_[name] = entry["default"];
    }
}

void Settings::apply(const Json &changes) {
    Json next = values_;
    for (const auto &[name, value] : changes.items()) {
        if (!declared_.contains(name)) {
            std::string known;
            for (const auto &[other, unused] : declared_.items()) known += (known.empty() ? "" : ", ") + other;
            throw Failure(HH_INVALID_ARGUMENT, "There is no setting " + in_quotes(name) + "; there are: " + known + ".");
        }
        if (const std::string expected = misfit(value, declared_[name]); !expected.empty())
            throw Failure(HH_INVALID_ARGUMENT, "The setting " + in_quotes(name) + " must be " + expected + ".");
        next[name] = value;
    }
    values_ = std::move(next);
}

const Json &Settings::at(const char *name) const {
    const auto found = values_.find(name);
    if (found == values_.end())
        throw Failure(HH_MANIFEST_INVALID, "The manifest does not declare " + in_quotes(name) + ", which the task needs.");
    return *found;
}

// A manifest may declare a name with another type than the task expects; that must be a status, not a type error.
template <typename T>
static T typed(const Json &value, const char *name) {
    try {
        return value.get<T>();
    } catch (const Json::exception &) {
        throw Failure(HH_MANIFEST_INVALID, "The manifest declares " + in_quotes(name) + " with a type the task cannot use.");
    }
}

double Settings::number(const char *name) const { return typed<double>(at(name), name); }
std::int64_t Settings::integer(const char *name) const { return typed<std::int64_t>(at(name), name); }
bool Settings::boolean(const char *name) const { return typed<bool>(at(name), name); }
std::string Settings::text(const char *name) const { return typed<std::string>(at(name), name); }
std::vector<std::string> Settings::texts(const char *name) const {
    return typed<std::vector<std::string>>(at(name), name);
}

}  // namespace hh
