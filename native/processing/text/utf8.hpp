// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hh {

/** True if `text` is valid UTF-8 as a whole. */
[[nodiscard]] bool utf8_valid(std::string_view text);

/** The longest prefix of at most `limit` bytes that does not cut a character. `text` must be valid. */
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t limit);

/**
 * Turns a stream of bytes into a stream of whole characters. A character split between two calls is held back until
 * whole; bytes that can never become one are replaced by U+FFFD, one for each maximal subpart (Unicode 15, D93b).
 */
class Utf8Stream {
public:
    /** Appends to `out` what became whole. */
    void push(std::string_view bytes, std::string &out);
    /** The stream ends: what was held back can no longer become whole. */
    void finish(std::string &out);
    void clear() { held_.clear(); }

private:
    std::string held_;
};

}  // namespace hh
