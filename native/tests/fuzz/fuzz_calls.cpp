// Any order of calls on an open task: a status, never a crash or a hang. Each byte chooses the next call.
#include <cstdint>

#include "../harness.hpp"

static std::string manifest;

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    const char *path = std::getenv("HH_MANIFEST");
    if (path == nullptr) std::abort();
    manifest = path;
    return 0;
}

static void call(Task &task, std::uint8_t byte) {
    static const char *const kPorts[] = {"user", "system", "assistant", "answer", nullptr, "nowhere"};
    static const char *const kSettings[] = {R"({"max_tokens": 2})", R"({"temperature": 5, "top_k": 0})", "{}", "[]",
                                            R"({"stop": ["a", "\u00e9", ""]})", R"({"temperature": 0, "repeat_last": 1})"};
    const unsigned which = byte >> 4;
    switch (byte & 15) {
        case 0: task.load(); break;
        case 1: task.send(kPorts[which % 6], "a\xC3\xA9" "b\xF0\x9F\x90\xA6"); break;
        case 2: task.send(kPorts[which % 6], std::string(which * 40, 'x')); break;
        case 3: task.send(kPorts[which % 6], "\xFF"); break;
        case 4: task.end(); break;
        case 5: task.receive(); break;
        case 6: task.drain(); break;
        case 7: hh_task_cancel(task.raw, which); break;
        case 8: hh_task_cancel(task.raw, task.run); break;
        case 9: hh_task_reset(task.raw, &task.error); break;
        case 10: task.configure(kSettings[which % 6]); break;
        case 11: task.json(hh_task_info); break;
        case 12: task.json(hh_task_report); break;
        case 13: hh_task_trace(task.raw, &task.out, &task.error); break;
        case 14: task.configure("{\"seed\": "); break;
        default: task.open(manifest, which % 2 == 0 ? R"({"context": 64, "overflow": "slide"})" : R"({"trace": true})");
    }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Task task(manifest, R"({"context": 64})");
    for (std::size_t i = 0; i < size && i < 200; ++i)
        if (task.raw != nullptr) call(task, data[i]);
    return 0;
}
