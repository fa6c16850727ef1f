// One greedy answer and what made it, for lanes that compare builds: answer <task.json> <weights> <threads> <prompt>
// Prints the report on the first line, then the answer; a status and its sentence, with exit code 3, if it fails.
#include "harness.hpp"

static int fail(const Task &task, hh_status status) {
    std::printf("%d %s\n%s\n", status, task.error.message, task.error.log);
    return 3;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    hh_file weights = HH_FILE_INIT;
    weights.role = "weights";
    weights.path = argv[2];
    const std::string options = R"({"threads": )" + std::string(argv[3]) + "}";
    Task task;
    if (const hh_status status = task.open(argv[1], options.c_str(), {weights}); status != HH_OK) return fail(task, status);
    if (const hh_status status = task.load(); status != HH_OK) return fail(task, status);
    if (const hh_status status = task.configure(R"({"temperature": 0, "repeat_penalty": 1, "max_tokens": 24})");
        status != HH_OK)
        return fail(task, status);
    if (const hh_status status = task.ask(argv[4]); status != HH_END) return fail(task, status);
    const std::string answer = task.answer;
    std::printf("%s\n%s", task.json(hh_task_report).c_str(), answer.c_str());
    return 0;
}
