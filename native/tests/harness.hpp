// What the test programs share: checks that count, and a task that closes itself.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "handheld.h"

// Sanitizers keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

/** Memory in use now, kB. The peak would hide what leaks below it; where nothing else is to be had, it has to do. */
inline long resident_kilobytes() {
#if defined(__linux__)
    std::ifstream statm("/proc/self/statm");
    long pages = 0;
    statm >> pages >> pages;
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
#else
    struct rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
#endif
}

inline std::atomic<int> checks = 0, failures = 0;  // some programs check in several threads

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_STATUS(expected, call) check_status((expected), (call), #call, __FILE__, __LINE__)

inline bool check(bool holds, const char *what, const char *file, int line) {
    ++checks;
    if (!holds) {
        ++failures;
        std::printf("%s:%d: failed: %s\n", file, line, what);
    }
    return holds;
}

inline bool check_status(hh_status expected, hh_status got, const char *what, const char *file, int line) {
    const bool holds = check(expected == got, what, file, line);
    if (!holds) std::printf("  expected %d, got %d: %s\n", expected, got, hh_status_sentence(got));
    return holds;
}

// The last line is read by the test lane, which also asks for a number of checks above zero.
inline int finish(const char *name) {
    std::printf("%s: %d checks, %d failures\n", name, checks.load(), failures.load());
    return failures == 0 ? 0 : 1;
}

inline hh_value text_value(const char *port, const std::string &text) {
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_TEXT;
    value.name = port;
    value.data = text.data();
    value.size = text.size();
    return value;
}

hh_value text_value(const char *port, std::string &&text) = delete;  // the value would point to a text that is gone

inline std::string read_file(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class Task {
public:
    Task() = default;
    explicit Task(const std::string &manifest, const char *options = R"({"threads": 1})") { open(manifest, options); }
    Task(const Task &) = delete;
    Task &operator=(const Task &) = delete;
    ~Task() { hh_task_close(raw); }

    hh_status open(const std::string &manifest, const char *options_json, const std::vector<hh_file> &files = {}) {
        hh_task_options options = HH_TASK_OPTIONS_INIT;
        options.manifest_path = manifest.c_str();
        options.options_json = options_json;
        options.files = files.data();
        options.file_count = files.size();
        hh_task_close(raw);
        return hh_task_open(&options, &raw, &error);
    }

    hh_status load() { return hh_task_load(raw, &error); }
    hh_status configure(const char *json) { return hh_task_configure(raw, json, &error); }
    hh_status send(const char *port, const std::string &text) {
        const hh_value value = text_value(port, text);
        return hh_task_send(raw, &value, &run, &error);
    }
    hh_status end() {
        const hh_value value = HH_VALUE_INIT;
        return hh_task_send(raw, &value, &run, &error);
    }
    hh_status receive() { return hh_task_receive(raw, &out, &error); }
    std::string text() const { return {static_cast<const char *>(out.data), out.size}; }

    // Receives until something else than a value comes; the pieces are in `answer`.
    hh_status drain() {
        answer.clear();
        pieces = 0;
        hh_status status = receive();
        for (; status == HH_OK; status = receive()) {
            answer += text();
            ++pieces;
        }
        return status;
    }
    hh_status ask(const std::string &text) {
        if (const hh_status status = send("user", text); status != HH_OK) return status;
        if (const hh_status status = end(); status != HH_OK) return status;
        return drain();
    }
    std::string json(hh_status (*get)(hh_task *, hh_value *)) {
        if (get(raw, &out) != HH_OK) return "";
        return text();
    }

    hh_task *raw = nullptr;
    hh_error error = HH_ERROR_INIT;
    hh_value out = HH_VALUE_INIT;
    hh_run run = 0;
    std::string answer;
    int pieces = 0;
};
