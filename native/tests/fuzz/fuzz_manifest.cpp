// task.json from a stranger: a status, never a crash. A manifest that opens is also loaded and asked once.
#include <cstdint>

#include "../harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string manifest(reinterpret_cast<const char *>(data), size);
    hh_file weights = HH_FILE_INIT;
    weights.role = "weights";
    weights.data = "echo\ncontext=64";
    weights.length = 15;
    hh_task_options options = HH_TASK_OPTIONS_INIT;
    options.manifest_json = manifest.c_str();
    options.files = &weights;
    options.file_count = 1;
    Task task;
    if (hh_task_open(&options, &task.raw, &task.error) != HH_OK || task.load() != HH_OK) return 0;
    task.ask("hello");
    task.json(hh_task_info);
    task.json(hh_task_report);
    return 0;
}
