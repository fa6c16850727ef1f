#include "core/shapes.hpp"

#include <algorithm>
#include <thread>

namespace hh {

int default_threads() {
    // More threads than performance cores make phones slower, and four is what today's phones have. One core stays free:
    // threads wait for each other after every operation, so a busy core would slow down all of them.
    const unsigned cores = std::max(std::thread::hardware_concurrency(), 2U);
    return static_cast<int>(std::min(cores - 1, 4U));
}

void report_resources(Json &report, const Memory &memory, const Accelerator &accelerator) {
    report[HH_REPORT_MEMORY] = {{"model", memory.model}, {"cache", memory.cache}, {"compute", memory.compute}};
    report[HH_REPORT_ACCELERATOR] = accelerator.kind;
    if (!accelerator.device.empty()) report[HH_REPORT_DEVICE] = accelerator.device;
    if (!accelerator.note.empty()) report[HH_REPORT_ACCELERATOR_NOTE] = accelerator.note;
}

}  // namespace hh
