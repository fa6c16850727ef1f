#include "core/shapes.hpp"

namespace hh {

void report_resources(Json &report, const Memory &memory, const Accelerator &accelerator) {
    report[HH_REPORT_MEMORY] = {{"model", memory.model}, {"cache", memory.cache}, {"compute", memory.compute}};
    report[HH_REPORT_ACCELERATOR] = accelerator.kind;
    if (!accelerator.device.empty()) report[HH_REPORT_DEVICE] = accelerator.device;
    if (!accelerator.note.empty()) report[HH_REPORT_ACCELERATOR_NOTE] = accelerator.note;
}

}  // namespace hh
