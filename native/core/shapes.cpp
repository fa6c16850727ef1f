#include "core/shapes.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "core/failure.hpp"

namespace hh {
namespace {

std::string megabytes(std::uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / 1e6);
    return text;
}

}  // namespace

void check_memory(const Memory &needed, std::uint64_t allowed, const std::string &model) {
    const std::uint64_t sum = needed.model + needed.cache + needed.compute;
    if (allowed == 0 || sum <= allowed) return;
    throw Failure(HH_OUT_OF_MEMORY, model + " needs " + megabytes(sum) + " MB (weights " + megabytes(needed.model) +
                                        ", cache " + megabytes(needed.cache) + ", arithmetic " +
                                        megabytes(needed.compute) + "), and the option \"memory_mb\" allows " +
                                        megabytes(allowed) + ".");
}

int default_threads() {
    // More threads than performance cores make phones slower, and four is what today's phones have. One core stays free:
    // threads wait for each other after every operation, so a busy core would slow down all of them.
    const unsigned cores = std::max(std::thread::hardware_concurrency(), 2U);
    return static_cast<int>(std::min(cores - 1, 4U));
}

bool asks_for_more(const std::string &accelerator) { return accelerator == "gpu" || accelerator == "npu"; }

Accelerator fall_back(const std::string &asked, const std::string &why) {
    Accelerator cpu;
    if (asks_for_more(asked)) cpu.note = asked + " was asked for; " + why;
    return cpu;
}

std::string rest_on_cpu(const std::map<std::string, std::size_t> &operators, std::size_t nodes) {
    std::vector<std::pair<std::string, std::size_t>> sorted(operators.begin(), operators.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) { return a.second > b.second; });
    std::size_t left = 0;
    std::string names;
    for (const auto &[name, times] : sorted) {
        left += times;
        names += (names.empty() ? "" : ", ") + name + " (" + std::to_string(times) + ")";
    }
    if (left == 0) return {};
    return "the CPU computes " + std::to_string(left) + " of " + std::to_string(nodes) + " nodes: " + names;
}

void report_resources(Json &report, const Memory &memory, const Accelerator &accelerator) {
    report[HH_REPORT_MEMORY] = {{"model", memory.model}, {"cache", memory.cache}, {"compute", memory.compute}};
    report[HH_REPORT_ACCELERATOR] = accelerator.kind;
    if (!accelerator.device.empty()) report[HH_REPORT_DEVICE] = accelerator.device;
    if (accelerator.nodes > 0) {
        report[HH_REPORT_ACCELERATOR_NODES] = accelerator.taken;
        report[HH_REPORT_GRAPH_NODES] = accelerator.nodes;
    }
    if (!accelerator.note.empty()) report[HH_REPORT_ACCELERATOR_NOTE] = accelerator.note;
}

}  // namespace hh
