// The one exception of the core. It carries a status and a sentence for a person, and never leaves the C API.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "handheld.h"

namespace hh {

class Failure : public std::exception {
public:
    Failure(hh_status code, std::string message) : code_(code), message_(std::move(message)) {}
    [[nodiscard]] hh_status code() const noexcept { return code_; }
    [[nodiscard]] const char *what() const noexcept override { return message_.c_str(); }

private:
    hh_status code_;
    std::string message_;
};

}  // namespace hh
