// One scenario for every runtime of shape `generate`: scenario <task.json> <weights>
#include <fcntl.h>
#include <unistd.h>

#include "harness.hpp"

namespace {

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

void wrong_arguments(const std::string &manifest) {
    hh_error error = HH_ERROR_INIT;
    hh_task *task = nullptr;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_open(nullptr, &task, &error));
    CHECK(task == nullptr && error.message[0] != '\0');
    hh_task_options options = HH_TASK_OPTIONS_INIT;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_open(&options, &task, &error));
    options.struct_size = 4;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_open(&options, &task, &error));
    options = HH_TASK_OPTIONS_INIT;
    options.manifest_path = "nowhere/task.json";
    CHECK_STATUS(HH_FILE_NOT_FOUND, hh_task_open(&options, &task, &error));
    CHECK(contains(error.message, "nowhere/task.json"));
    options.manifest_path = manifest.c_str();
    options.options_json = R"({"contxt": 5})";
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_open(&options, &task, nullptr));
    options.options_json = R"({"context": 5.5})";
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_open(&options, &task, &error));
    CHECK(contains(error.message, "context"));
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_load(nullptr, &error));
    hh_task_cancel(nullptr, 1);
    hh_task_close(nullptr);
}

void before_load(const std::string &manifest) {
    Task task(manifest);
    CHECK(hh_task_progress(task.raw) == 0.0F);
    CHECK_STATUS(HH_INVALID_STATE, task.receive());
    hh_task_cancel(task.raw, HH_RUN_LOAD);  // before the load begins: stops it all the same, and only this one
    CHECK_STATUS(HH_CANCELLED, task.load());
    CHECK_STATUS(HH_INVALID_STATE, task.receive());
    hh_task_cancel(task.raw, HH_RUN_LOAD);
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.load());
    CHECK(hh_task_progress(task.raw) == 1.0F);
    hh_task_cancel(task.raw, HH_RUN_LOAD);  // too late
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_END, task.ask("still here"));
}

// A picture is looked at before it is said that the task takes none.
void refused_pictures(Task &task) {
    const unsigned char plane[16] = {};
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_IMAGE;
    value.name = "user";
    value.data = value.planes[0] = value.planes[1] = plane;
    value.size = sizeof plane;
    value.width = value.height = 2;
    for (int i = 0; i < 3; ++i) {
        value.row_strides[i] = 8;
        value.pixel_strides[i] = i == 0 ? 4 : 1;
    }
    for (const int layout : {0, 1}) {
        std::memcpy(&value.pixels, &layout, sizeof layout);
        CHECK_STATUS(HH_WRONG_KIND, hh_task_send(task.raw, &value, nullptr, &task.error));
    }
    for (const int layout : {2, -1, 0x7FFFFFFF}) {
        std::memcpy(&value.pixels, &layout, sizeof layout);
        CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_send(task.raw, &value, nullptr, &task.error));
        CHECK(contains(task.error.message, "layout"));
    }
}

void refused_values(Task &task) {
    CHECK_STATUS(HH_UNKNOWN_PORT, task.send("usr", "x"));
    CHECK(contains(task.error.message, "user"));
    CHECK_STATUS(HH_INVALID_TEXT, task.send("user", "\xC3"));
    CHECK_STATUS(HH_INVALID_TEXT, task.send("user", "\xED\xA0\x80"));
    const std::string x = "x";
    hh_value value = text_value("user", x);
    value.kind = HH_KIND_AUDIO;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_send(task.raw, &value, nullptr, &task.error));
    value.rate = value.channels = 1;
    value.data = "\0\0\0\0";
    value.size = 4;
    CHECK_STATUS(HH_WRONG_KIND, hh_task_send(task.raw, &value, nullptr, &task.error));
    value.kind = HH_KIND_TENSOR;
    value.rank = 9;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_send(task.raw, &value, nullptr, &task.error));
    value = text_value("user", x);
    value.data = nullptr;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_send(task.raw, &value, nullptr, &task.error));
    const std::string large(std::size_t{65} << 20, 'x');
    CHECK_STATUS(HH_TOO_LARGE, task.send("user", large));
    CHECK_STATUS(HH_AGAIN, task.receive());
}

void settings(Task &task) {
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.configure("{"));
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.configure(R"({"temperature": -1})"));
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.configure(R"({"temprature": 1})"));
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.configure(R"({"max_tokens": "7"})"));
    CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 0, "repeat_penalty": 1, "max_tokens": 12, "seed": 7})"));
    CHECK_STATUS(HH_OK, task.send("user", "half a request"));
    CHECK_STATUS(HH_BUSY, task.configure(R"({"max_tokens": 1})"));
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK(contains(task.json(hh_task_info), R"("max_tokens":12)"));
}

void answers(Task &task) {
    CHECK_STATUS(HH_END, task.ask("Hello there"));
    CHECK(task.pieces > 0 && task.pieces <= 12);
    const hh_run first = task.out.run;
    CHECK(first == task.run);
    const std::string report = task.json(hh_task_report);
    for (const char *field : {"load_ms", "generated_tokens", "prompt_tokens", "accelerator", "process_peak"})
        CHECK(contains(report, field));
    CHECK_STATUS(HH_END, task.ask("And again"));
    CHECK(task.out.run == first + 1);
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_END, task.drain());
    CHECK(task.answer.empty());  // an empty request has an empty answer
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
}

void same_seed_same_answer(Task &task) {
    CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 1, "seed": 42, "max_tokens": 16})"));
    std::string first;
    for (int i = 0; i < 2; ++i) {
        CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
        CHECK_STATUS(HH_END, task.ask("Tell me something"));
        if (i == 0) first = task.answer;
    }
    CHECK(!first.empty() && task.answer == first);
    CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 0, "max_tokens": 12})"));
}

void restored_conversation(Task &task) {
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.send("system", "Be brief."));
    CHECK_STATUS(HH_OK, task.send("user", "Hi"));
    CHECK_STATUS(HH_OK, task.send("assistant", "Hello!"));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_END, task.drain());
    CHECK(task.answer.empty());
    CHECK_STATUS(HH_END, task.ask("How are you?"));
    CHECK(!task.answer.empty());
}

void cancelling(Task &task) {
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 200})"));
    CHECK_STATUS(HH_OK, task.send("user", "Count: 1 2 3 4 5 6 7 8 9"));
    CHECK_STATUS(HH_OK, task.end());
    const hh_run first = task.run;
    CHECK_STATUS(HH_OK, task.send("user", "the next one"));
    CHECK_STATUS(HH_OK, task.end());
    const hh_run second = task.run;
    CHECK(second == first + 1);
    CHECK_STATUS(HH_OK, task.receive());
    hh_task_cancel(task.raw, first);
    hh_task_cancel(task.raw, first);
    CHECK_STATUS(HH_CANCELLED, task.receive());
    CHECK(task.out.run == first);
    hh_task_cancel(task.raw, first);  // late: must not touch the second run
    CHECK_STATUS(HH_BUSY, task.configure("{}"));
    CHECK_STATUS(HH_OK, task.receive());
    CHECK(task.out.run == second);
    CHECK_STATUS(HH_END, task.drain());

    CHECK_STATUS(HH_OK, task.send("user", "cancelled while it is still being written"));
    hh_task_cancel(task.raw, task.run);
    CHECK_STATUS(HH_CANCELLED, task.receive());
    CHECK_STATUS(HH_OK, task.send("user", "this belongs to the cancelled run"));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_AGAIN, task.receive());

    CHECK_STATUS(HH_OK, task.send("user", "cancelled in the queue"));
    CHECK_STATUS(HH_OK, task.end());
    hh_task_cancel(task.raw, task.run);
    CHECK_STATUS(HH_CANCELLED, task.receive());
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 12})"));
    CHECK_STATUS(HH_END, task.ask("still alive"));
    CHECK(!task.answer.empty());
}

void full_queue(Task &task) {
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    int taken = 0;
    while (task.send("system", "again") == HH_OK && taken < 1000) ++taken;
    CHECK(taken == 64);
    CHECK_STATUS(HH_AGAIN, task.receive());  // takes all in
    CHECK_STATUS(HH_OK, task.send("user", "room again"));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_END, task.drain());
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
}

void long_prompt(const std::string &manifest) {
    Task task(manifest, R"({"threads": 1, "context": 64})");
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 0, "max_tokens": 8})"));
    std::string text;
    while (text.size() < 2000) text += "many words ";
    CHECK_STATUS(HH_CONTEXT_FULL, task.ask(text));
    CHECK(contains(task.error.message, "64"));
    CHECK_STATUS(HH_CONTEXT_FULL, task.ask(std::string(std::size_t{8} << 20, 'a')));
    CHECK_STATUS(HH_END, task.ask("short"));  // the refused turns left nothing behind
    CHECK(!task.answer.empty());
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 500})"));
    hh_status status = HH_END;
    for (int i = 0; i < 60 && status == HH_END; ++i) status = task.ask("more and more and more");
    CHECK_STATUS(HH_CONTEXT_FULL, status);

    Task sliding(manifest, R"({"threads": 1, "context": 64, "overflow": "slide"})");
    CHECK_STATUS(HH_OK, sliding.load());
    CHECK_STATUS(HH_OK, sliding.configure(R"({"temperature": 0, "max_tokens": 30})"));
    CHECK_STATUS(HH_OK, sliding.send("system", "Be brief."));
    for (int i = 0; i < 12; ++i) {
        CHECK_STATUS(HH_END, sliding.ask("turn number " + std::to_string(i)));
        CHECK(!sliding.answer.empty());
    }
}

void stop_texts(Task &task) {
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 24})"));
    CHECK_STATUS(HH_END, task.ask("one two three four"));
    const std::string whole = task.answer;
    if (!CHECK(whole.size() > 6)) return;
    const std::string stop = whole.substr(3, 3);
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.configure((R"({"stop": [")" + stop + "\"]}").c_str()));
    CHECK_STATUS(HH_END, task.ask("one two three four"));
    CHECK(task.answer == whole.substr(0, whole.find(stop)));
    CHECK_STATUS(HH_OK, task.configure(R"({"stop": []})"));
}

void traced(const std::string &manifest) {
    Task task(manifest, R"({"threads": 1, "trace": true})");
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 0, "max_tokens": 4})"));
    CHECK_STATUS(HH_END, task.ask("trace me"));
    std::vector<std::string> names;
    while (hh_task_trace(task.raw, &task.out, &task.error) == HH_OK) names.emplace_back(task.out.name);
    CHECK((names == std::vector<std::string>{"prompt_tokens", "generated_tokens", "generated_logprobs", "answer"}));
    Task untraced(manifest);
    CHECK_STATUS(HH_UNSUPPORTED, hh_task_trace(untraced.raw, &untraced.out, &untraced.error));
}

void forms_of_files(const std::string &manifest, const std::string &weights) {
    const std::string bytes = read_file(weights);
    CHECK(!bytes.empty());
    char path[] = "/tmp/handheld-scenario-XXXXXX";
    const int embedded = mkstemp(path);  // the file inside another one, as in an APK
    unlink(path);
    const std::string before(4096, '#');
    CHECK(write(embedded, before.data(), before.size()) == static_cast<ssize_t>(before.size()));
    CHECK(write(embedded, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(write(embedded, "tail", 4) == 4);
    const int whole = open(weights.c_str(), O_RDONLY);

    hh_file forms[3] = {HH_FILE_INIT, HH_FILE_INIT, HH_FILE_INIT};
    for (hh_file &form : forms) form.role = "weights";
    forms[0].fd = whole;
    forms[1].fd = embedded;
    forms[1].offset = static_cast<int64_t>(before.size());
    forms[1].length = static_cast<int64_t>(bytes.size());
    forms[2].data = bytes.data();
    forms[2].length = static_cast<int64_t>(bytes.size());
    std::string first;
    for (const hh_file &form : forms) {
        Task task;
        CHECK_STATUS(HH_OK, task.open(manifest, R"({"threads": 1})", {form}));
        CHECK_STATUS(HH_OK, task.load());
        CHECK_STATUS(HH_OK, task.configure(R"({"temperature": 0, "max_tokens": 6})"));
        CHECK_STATUS(HH_END, task.ask("the same"));
        if (first.empty()) first = task.answer;
        CHECK(!first.empty() && task.answer == first);
    }
    close(whole);
    close(embedded);

    Task task;
    hh_file both = forms[2];
    both.path = weights.c_str();
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.open(manifest, nullptr, {both}));
    hh_file cut = forms[2];
    cut.length = cut.length / 2;
    CHECK_STATUS(HH_FILE_INVALID, task.open(manifest, nullptr, {cut}));
    const std::string other = "\x7f" "ELF and so on, this is no model at all";
    hh_file wrong = forms[2];
    wrong.data = other.data();
    wrong.length = static_cast<int64_t>(other.size());
    CHECK_STATUS(HH_FILE_INVALID, task.open(manifest, nullptr, {wrong}));
    hh_file missing = HH_FILE_INIT;
    missing.role = "weights";
    missing.path = "nowhere.gguf";
    CHECK_STATUS(HH_FILE_NOT_FOUND, task.open(manifest, nullptr, {missing}));
    CHECK(contains(task.error.message, "nowhere.gguf"));
}

void many_times(const std::string &manifest) {
    long before = 0;
    for (int i = 0; i < 1000; ++i) {
        Task task(manifest);
        if (task.raw == nullptr) break;
        if (i == 100) before = resident_kilobytes();
    }
    CHECK(before > 0);
    if (!kSanitized) CHECK(resident_kilobytes() < before + 4096);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const std::string manifest = argv[1], weights = argv[2];
    CHECK(std::strcmp(hh_version(), HH_VERSION) == 0);
    wrong_arguments(manifest);
    before_load(manifest);
    {
        Task task(manifest);
        CHECK_STATUS(HH_OK, task.load());
        refused_values(task);
        refused_pictures(task);
        settings(task);
        answers(task);
        same_seed_same_answer(task);
        restored_conversation(task);
        cancelling(task);
        full_queue(task);
        stop_texts(task);
    }
    long_prompt(manifest);
    traced(manifest);
    forms_of_files(manifest, weights);
    many_times(manifest);
    return finish("scenario");
}
