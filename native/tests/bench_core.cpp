// The core, driven from C++, for `nox -s bench`: bench_core <task.json> <max_tokens> <prompt file>
// Answers every line on standard input with one line of JSON: CPU seconds and tokens of one run.

#include <iostream>

#include "bench.hpp"
#include "harness.hpp"

// Tokens, not pieces: a character may take several tokens, and a piece may hold several characters.
static int generated_tokens(Task &task) {
    const std::string report = task.json(hh_task_report), field = "\"generated_tokens\":";
    const std::size_t at = report.find(field);
    return at == std::string::npos ? 0 : std::atoi(report.c_str() + at + field.size());
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    Task task(argv[1]);
    const std::string prompt = read_file(argv[3]);
    const std::string settings =
        R"({"temperature": 0, "repeat_penalty": 1, "max_tokens": )" + std::string(argv[2]) + "}";
    if (task.load() != HH_OK || task.configure(settings.c_str()) != HH_OK) return 1;
    for (std::string line; std::getline(std::cin, line);) {
        if (hh_task_reset(task.raw, &task.error) != HH_OK || task.send("user", prompt) != HH_OK || task.end() != HH_OK)
            return 1;
        const double start = cpu_seconds();
        if (task.receive() != HH_OK) return 1;
        const double first = cpu_seconds();
        if (task.drain() != HH_END) return 1;
        const double done = cpu_seconds();
        std::printf("{\"prompt_s\": %.9f, \"generate_s\": %.9f, \"tokens\": %d, \"peak_kb\": %ld}\n", first - start,
                    done - first, generated_tokens(task) - 1, peak_kilobytes());
        std::fflush(stdout);
    }
    return 0;
}
