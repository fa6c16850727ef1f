#include "processing/text/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace hh {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Scan {
    std::size_t bytes;  // whole: the character's length; else: length of the maximal subpart, at least 1
    enum { whole, invalid, cut } state;
};

struct Range {
    std::uint8_t low, high;
};

// Table 3-7 of the Unicode standard: the second byte's range depends on the first byte.
Range second_byte(std::uint8_t first) {
    switch (first) {
        case 0xE0: return {0xA0, 0xBF};
        case 0xED: return {0x80, 0x9F};
        case 0xF0: return {0x90, 0xBF};
        case 0xF4: return {0x80, 0x8F};
        default: return {0x80, 0xBF};
    }
}

Scan scan_one(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return {1, Scan::whole};
    if (first < 0xC2 || first > 0xF4) return {1, Scan::invalid};
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size()) return {i, Scan::cut};
        const Range range = i == 1 ? second_byte(first) : Range{0x80, 0xBF};
        if (byte(i) < range.low || byte(i) > range.high) return {i, Scan::invalid};
    }
    return {length, Scan::whole};
}

}  // namespace

bool utf8_valid(std::string_view text) {
    while (!text.empty()) {
        // Most text is ASCII: skip it without a call for each byte.
        const auto ascii = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
        text.remove_prefix(static_cast<std::size_t>(ascii - text.begin()));
        if (text.empty()) break;
        const Scan scan = scan_one(text);
        if (scan.state != Scan::whole) return false;
        text.remove_prefix(scan.bytes);
    }
    return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<std::uint8_t>(text[limit]) & 0xC0U) == 0x80U) --limit;
    return text.substr(0, limit);
}

void Utf8Stream::push(std::string_view bytes, std::string &out) {
    held_.append(bytes);
    std::string_view rest = held_;
    while (!rest.empty()) {
        const Scan scan = scan_one(rest);
        if (scan.state == Scan::cut) break;
        out.append(scan.state == Scan::whole ? rest.substr(0, scan.bytes) : kReplacement);
        rest.remove_prefix(scan.bytes);
    }
    held_.erase(0, held_.size() - rest.size());
}

void Utf8Stream::finish(std::string &out) {
    if (!held_.empty()) out.append(kReplacement);
    held_.clear();
}

}  // namespace hh
