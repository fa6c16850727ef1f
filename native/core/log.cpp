#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>

namespace hh {
namespace {

constexpr std::size_t kLines = 64;
constexpr std::size_t kLineBytes = 400;

struct Ring {
    std::mutex mutex;
    std::array<std::string, kLines> lines;
    std::size_t written = 0;  // lines ever finished
    std::string open;         // a line whose '\n' has not come yet

    void finish() {
        if (open.empty()) return;
        lines[written % kLines] = std::move(open);
        open.clear();
        ++written;
    }
};

Ring &ring() {
    // Never destroyed: a runtime's own threads may still log while the process exits.
    static Ring *instance = new Ring;
    return *instance;
}

}  // namespace

void log_append(std::string_view text) {
    Ring &r = ring();
    const std::lock_guard lock(r.mutex);
    for (const char c : text) {
        if (c == '\n') r.finish();
        else if (r.open.size() < kLineBytes) r.open.push_back(c);
    }
}

std::size_t log_mark() {
    Ring &r = ring();
    const std::lock_guard lock(r.mutex);
    return r.written;
}

std::string log_since(std::size_t mark, std::size_t limit) {
    Ring &r = ring();
    const std::lock_guard lock(r.mutex);
    std::string text = r.open;
    for (std::size_t i = r.written; i > mark && r.written - i < kLines; --i) {
        const std::string &line = r.lines[(i - 1) % kLines];
        if (line.size() + 1 + text.size() > limit) break;
        text.insert(0, line + "\n");
    }
    return text.size() > limit ? text.substr(0, limit) : text;
}

bool memory_ran_out(std::size_t mark) {
    static constexpr const char *kSigns[] = {"bad_alloc", "Cannot allocate memory", "failed to allocate",
                                             "unable to allocate", "ENOMEM"};
    const std::string text = log_since(mark, kLines * kLineBytes);
    return std::any_of(std::begin(kSigns), std::end(kSigns),
                       [&](const char *sign) { return text.find(sign) != std::string::npos; });
}

}  // namespace hh
