// One scenario for every runtime of shape `tensors`: tensors <task.json> <weights> [what is otherwise ...]
//
// The model has the inputs x f32 [n, 2], step and sum f32 [1, 2], pixels u8 [4], and the outputs y = 2 x,
// total = step + sum and copy = pixels. Each runtime's folder makes it in tiny_model.py, which says what is otherwise:
//   i32      pixels and copy are i32, as the runtime has no elements of 8 bits
//   chooses  the runtime itself chooses processor and threads: the report may name another processor, and no threads
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "harness.hpp"

namespace {

using Floats = std::vector<float>;
constexpr const char *kState = R"({"threads": 1, "state": ["sum=total"]})";

bool whole32 = false, chooses = false;

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/** The bytes of what `pixels` is given. */
const std::string &pixels() {
    static const std::string bytes = [] {
        std::string levels;
        for (const std::int32_t level : {0, 1, 128, 255}) {
            if (whole32) levels.append(reinterpret_cast<const char *>(&level), sizeof level);
            else levels += static_cast<char>(level);
        }
        return levels;
    }();
    return bytes;
}

hh_value tensor(const char *name, hh_dtype dtype, const std::vector<std::int64_t> &shape, const void *data, std::size_t bytes) {
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_TENSOR;
    value.name = name;
    value.dtype = dtype;
    value.rank = static_cast<std::int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), value.shape);
    value.data = data;
    value.size = bytes;
    return value;
}

hh_status send(Task &task, const char *name, const Floats &data, const std::vector<std::int64_t> &shape) {
    const hh_value value = tensor(name, HH_DTYPE_F32, shape, data.data(), data.size() * sizeof(float));
    return hh_task_send(task.raw, &value, &task.run, &task.error);
}

hh_status send_pixels(Task &task) {
    const hh_value value = tensor("pixels", whole32 ? HH_DTYPE_I32 : HH_DTYPE_U8, {4}, pixels().data(), pixels().size());
    return hh_task_send(task.raw, &value, &task.run, &task.error);
}

struct Answer {
    std::map<std::string, std::string> bytes;
    std::map<std::string, std::vector<std::int64_t>> shapes;
    std::vector<std::string> order;

    Floats floats(const char *name) {
        Floats numbers(bytes[name].size() / sizeof(float));
        if (!numbers.empty()) std::memcpy(numbers.data(), bytes[name].data(), bytes[name].size());
        return numbers;
    }
};

hh_status receive_all(Task &task, Answer &answer) {
    answer = {};
    hh_status status = task.receive();
    for (; status == HH_OK; status = task.receive()) {
        const std::string name = task.out.name;
        answer.order.push_back(name);
        answer.bytes[name] = task.text();
        if (task.out.kind == HH_KIND_TENSOR) answer.shapes[name].assign(task.out.shape, task.out.shape + task.out.rank);
    }
    return status;
}

hh_status ask(Task &task, Answer &answer, const Floats &x, std::int64_t rows, const Floats &step) {
    CHECK_STATUS(HH_OK, send(task, "x", x, {rows, 2}));
    CHECK_STATUS(HH_OK, send(task, "step", step, {1, 2}));
    CHECK_STATUS(HH_OK, send_pixels(task));
    CHECK_STATUS(HH_OK, task.end());
    return receive_all(task, answer);
}

void runs(const std::string &manifest) {
    Task task(manifest);
    CHECK_STATUS(HH_INVALID_STATE, task.receive());
    CHECK_STATUS(HH_OK, task.load());
    CHECK(hh_task_progress(task.raw) == 1.0F);
    Answer answer;
    CHECK_STATUS(HH_OK, send(task, "sum", {10, 20}, {1, 2}));
    CHECK_STATUS(HH_END, ask(task, answer, {1, 2, 3, 4, 5, 6}, 3, {1, 2}));
    CHECK((answer.order == std::vector<std::string>{"y", "total", "copy"}));
    CHECK((answer.floats("y") == Floats{2, 4, 6, 8, 10, 12}));
    CHECK((answer.floats("total") == Floats{11, 22}));
    CHECK(answer.bytes["copy"] == pixels());
    CHECK((answer.shapes["y"] == std::vector<std::int64_t>{3, 2}));
    const std::string report = task.json(hh_task_report);
    for (const char *field : {R"("runs":1)", "run_ms", "load_ms", R"("accelerator":")"}) CHECK(contains(report, field));
    if (!chooses) CHECK(contains(report, R"("accelerator":"cpu")") && contains(report, R"("threads":1)"));
    const std::string info = task.json(hh_task_info);
    CHECK(contains(info, std::string(R"("name":"pixels","type":")") + (whole32 ? "i32" : "u8") + R"(","shape":[4])"));
    CHECK(contains(info, R"("name":"total")"));
    const std::string x = R"("name":"x","type":"f32","shape":[)";  // not every kind of model names its free sizes
    CHECK(contains(info, x + R"("n",2])") || contains(info, x + "null,2]"));
}

void dynamic_shapes(const std::string &manifest) {
    Task task(manifest);
    CHECK_STATUS(HH_OK, task.load());
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, std::int64_t{0}, std::int64_t{1000}, std::int64_t{1}}) {
        Answer answer;
        CHECK_STATUS(HH_OK, send(task, "sum", {0, 0}, {1, 2}));
        const hh_status status = ask(task, answer, Floats(static_cast<std::size_t>(rows) * 2, 3), rows, {0, 0});
        if (rows == 0 && status == HH_UNSUPPORTED) continue;  // not every runtime takes arrays without elements
        CHECK_STATUS(HH_END, status);
        CHECK((answer.shapes["y"] == std::vector<std::int64_t>{rows, 2}));
        CHECK((answer.floats("y") == Floats(static_cast<std::size_t>(rows) * 2, 6)));
    }
}

void refused(const std::string &manifest) {
    Task task(manifest);
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_UNKNOWN_PORT, send(task, "ex", {1, 2}, {1, 2}));
    CHECK(contains(task.error.message, "\"ex\"") && contains(task.error.message, "x, f32 ["));
    CHECK_STATUS(HH_WRONG_SHAPE, send(task, "x", {1, 2, 3}, {1, 3}));
    CHECK(contains(task.error.message, "[1, 3]") && contains(task.error.message, ", 2].") && contains(task.error.message, "the model takes f32 ["));
    CHECK_STATUS(HH_WRONG_SHAPE, send(task, "x", {1, 2}, {2}));
    const std::int64_t whole[] = {1, 2};
    hh_value value = tensor("x", HH_DTYPE_I64, {1, 2}, whole, sizeof whole);
    CHECK_STATUS(HH_WRONG_TYPE, hh_task_send(task.raw, &value, nullptr, &task.error));
    CHECK(contains(task.error.message, "i64") && contains(task.error.message, "f32"));
    value.size = 3;
    CHECK_STATUS(HH_INVALID_ARGUMENT, hh_task_send(task.raw, &value, nullptr, &task.error));
    value.kind = HH_KIND_JSON;
    CHECK(hh_task_send(task.raw, &value, nullptr, &task.error) != HH_OK);
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.send("example", "seven"));
    CHECK(contains(task.error.message, "seven"));

    Answer answer;  // what was refused left nothing behind; what is missing is named
    CHECK_STATUS(HH_OK, send(task, "x", {1, 2}, {1, 2}));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(task, answer));
    CHECK(contains(task.error.message, "step, f32 [1, 2]") && !contains(task.error.message, "x, f32"));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(task, answer));
    CHECK(contains(task.error.message, "x, f32 ["));  // the failed request left nothing behind either

    Task early(manifest);  // before the model is loaded nobody knows its names: the request fails then
    CHECK_STATUS(HH_OK, send(early, "ex", {1, 2}, {1, 2}));
    CHECK_STATUS(HH_OK, early.end());
    CHECK_STATUS(HH_OK, early.load());
    CHECK_STATUS(HH_UNKNOWN_PORT, receive_all(early, answer));
}

void state(const std::string &manifest) {
    Task task(manifest, kState);
    CHECK_STATUS(HH_OK, task.load());
    CHECK(contains(task.json(hh_task_info), R"("state":[{"input":"sum","output":"total"}])"));
    // The sum is not given back, so it is looked at through the next trace of the inputs.
    Task traced(manifest, R"({"threads": 1, "trace": true, "state": ["sum=total"]})");
    CHECK_STATUS(HH_OK, traced.load());
    const auto sum_before = [&] {
        Floats sum;
        while (hh_task_trace(traced.raw, &traced.out, &traced.error) == HH_OK)
            if (std::string(traced.out.name) == "sum")
                sum.assign(static_cast<const float *>(traced.out.data), static_cast<const float *>(traced.out.data) + 2);
        return sum;
    };
    Answer answer;
    for (const float expected : {0.0F, 1.0F, 2.0F}) {
        CHECK_STATUS(HH_END, ask(traced, answer, {1, 2}, 1, {1, 10}));
        CHECK((answer.order == std::vector<std::string>{"y", "copy"}));
        CHECK((sum_before() == Floats{expected, 10 * expected}));
    }
    CHECK_STATUS(HH_OK, task.send("example", "1"));  // fails in the middle: the state stays as it was
    hh_task_cancel(traced.raw, 0);
    CHECK_STATUS(HH_OK, send(traced, "x", {1, 2}, {1, 2}));
    CHECK_STATUS(HH_OK, traced.end());
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(traced, answer));
    CHECK_STATUS(HH_END, ask(traced, answer, {1, 2}, 1, {1, 10}));
    CHECK((sum_before() == Floats{3, 30}));
    CHECK_STATUS(HH_OK, send(traced, "sum", {100, 100}, {1, 2}));  // given: replaces what was kept
    CHECK_STATUS(HH_END, ask(traced, answer, {1, 2}, 1, {1, 10}));
    CHECK((sum_before() == Floats{100, 100}));
    CHECK_STATUS(HH_OK, hh_task_reset(traced.raw, &traced.error));
    CHECK_STATUS(HH_END, ask(traced, answer, {1, 2}, 1, {1, 10}));
    CHECK((sum_before() == Floats{0, 0}));

    for (const char *wrong : {R"({"state": ["sum"]})", R"({"state": ["summ=total"]})", R"({"state": ["pixels=total"]})"}) {
        Task other(manifest, wrong);
        CHECK_STATUS(HH_INVALID_ARGUMENT, other.load());
        CHECK(contains(other.error.message, "state"));
    }
}

void examples(const std::string &manifest) {
    Answer first, again, other, wide;
    for (Answer *answer : {&first, &again, &other, &wide}) {
        Task task(manifest);
        CHECK_STATUS(HH_OK, task.load());
        CHECK_STATUS(HH_OK, task.configure(R"({"repeats": 3})"));
        CHECK_STATUS(HH_OK, task.send("example", answer == &other ? "2" : answer == &wide ? "1 x.0=5" : "1"));
        CHECK_STATUS(HH_OK, task.end());
        CHECK_STATUS(HH_END, receive_all(task, *answer));
        CHECK(contains(task.json(hh_task_report), R"("runs":3)"));
    }
    CHECK((first.order == std::vector<std::string>{"y", "total", "copy", "summary"}));
    CHECK(first.bytes == again.bytes && first.bytes != other.bytes);
    CHECK((wide.shapes["y"] == std::vector<std::int64_t>{5, 2}));
    CHECK(contains(first.bytes["summary"], "y f32 [1, 2] = ") && contains(wide.bytes["summary"], "y f32 [5, 2] = "));
    for (const float number : first.floats("y")) CHECK(number >= 0 && number < 2);
}

void cancelling(const std::string &manifest) {
    Task task(manifest, kState);
    hh_task_cancel(task.raw, HH_RUN_LOAD);
    CHECK_STATUS(HH_CANCELLED, task.load());
    CHECK_STATUS(HH_OK, task.load());
    Answer answer;
    CHECK_STATUS(HH_OK, task.send("example", "1"));
    CHECK_STATUS(HH_OK, task.end());
    hh_task_cancel(task.raw, task.run);
    CHECK_STATUS(HH_CANCELLED, receive_all(task, answer));
    CHECK(answer.order.empty() && task.out.run == task.run);
    CHECK_STATUS(HH_END, ask(task, answer, {1, 2}, 1, {1, 1}));
    hh_task_cancel(task.raw, task.run);  // too late: touches no other run
    CHECK_STATUS(HH_END, ask(task, answer, {1, 2}, 1, {1, 1}));

    CHECK_STATUS(HH_OK, task.configure(R"({"repeats": 10000})"));  // from another thread, in the middle of the work
    bool cancelled = false;
    for (int i = 0; i < 50 && !cancelled; ++i) {
        CHECK_STATUS(HH_OK, task.send("example", "1 x.0=4096"));
        CHECK_STATUS(HH_OK, task.end());
        std::thread canceller([&task] { hh_task_cancel(task.raw, task.run); });
        cancelled = receive_all(task, answer) == HH_CANCELLED;
        canceller.join();
    }
    CHECK(cancelled);
    CHECK_STATUS(HH_END, ask(task, answer, {1, 2}, 1, {1, 1}));
}

void two_threads(const std::string &manifest) {
    std::atomic<int> right{0};
    const auto work = [&](float factor) {
        Task task(manifest);
        if (task.load() != HH_OK) return;
        for (int i = 0; i < 100; ++i) {
            Answer answer;
            const Floats x = {factor * static_cast<float>(i), 1};
            if (send(task, "x", x, {1, 2}) != HH_OK || send(task, "step", x, {1, 2}) != HH_OK ||
                send(task, "sum", x, {1, 2}) != HH_OK || send_pixels(task) != HH_OK || task.end() != HH_OK)
                return;
            if (receive_all(task, answer) == HH_END && answer.floats("y") == Floats{2 * x[0], 2} &&
                answer.floats("total") == Floats{2 * x[0], 2})
                ++right;
        }
    };
    std::thread other(work, 1.0F);
    work(-3.0F);
    other.join();
    CHECK(right == 200);
}

void answers_from(const std::string &manifest, const hh_file &form) {
    Task task;
    Answer answer;
    CHECK_STATUS(HH_OK, task.open(manifest, kState, {form}));
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_END, ask(task, answer, {1, 2}, 1, {1, 1}));
    CHECK((answer.floats("y") == Floats{2, 4}));
}

hh_file weights_at(const std::string &path) {
    hh_file file = HH_FILE_INIT;
    file.role = "weights";
    file.path = path.c_str();
    return file;
}

// What is refused is refused in words.
hh_status opened_and_loaded(const std::string &manifest, const hh_file &file) {
    Task task;
    const hh_status status = task.open(manifest, nullptr, {file});
    const hh_status loaded = status == HH_OK ? task.load() : status;
    CHECK(loaded == HH_OK || std::strlen(task.error.message) > 20);
    return loaded;
}

const char *const kStrangers[] = {"\x7f" "ELF and so on, this is no model at all", "GGUF and more", "<html>please log in</html>"};

void forms_of_files(const std::string &manifest, const std::string &weights) {
    const std::string bytes = read_file(weights);
    char path[] = "/tmp/handheld-tensors-XXXXXX";
    const int embedded = mkstemp(path);  // the file inside another one, as in an APK
    unlink(path);
    const std::string around(4096, '#');
    CHECK(write(embedded, around.data(), around.size()) == static_cast<ssize_t>(around.size()));
    CHECK(write(embedded, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(write(embedded, around.data(), around.size()) == static_cast<ssize_t>(around.size()));
    hh_file forms[2] = {HH_FILE_INIT, HH_FILE_INIT};
    for (hh_file &form : forms) {
        form.role = "weights";
        form.length = static_cast<int64_t>(bytes.size());
    }
    forms[0].fd = embedded;
    forms[0].offset = static_cast<int64_t>(around.size());
    forms[1].data = bytes.data();
    answers_from(manifest, weights_at(weights));
    for (const hh_file &form : forms) answers_from(manifest, form);
    close(embedded);

    const auto given = [&](const std::string &content) {
        hh_file file = forms[1];
        file.data = content.data();
        file.length = static_cast<int64_t>(content.size());
        return opened_and_loaded(manifest, file);
    };
    for (const char *stranger : kStrangers) CHECK_STATUS(HH_FILE_INVALID, given(stranger));
    CHECK_STATUS(HH_FILE_INVALID, given(bytes.substr(0, bytes.size() / 2)));
    for (std::size_t i = 0; i < bytes.size(); ++i) {  // damaged anywhere: a status or a model, never the end of the process
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
        (void)given(damaged);
    }
}

// A model that is a folder is given by its path alone. Loading one may compile it, so it is damaged in fewer places.
void forms_of_folders(const std::string &manifest, const std::string &weights) {
    namespace fs = std::filesystem;
    answers_from(manifest, weights_at(weights));
    char path[] = "/tmp/handheld-tensors-XXXXXX";
    if (!CHECK(mkdtemp(path) != nullptr)) return;
    const fs::path folder = fs::path(path) / fs::path(weights).filename();
    const auto given = [&](const std::string &name, const std::string &content) {
        fs::remove_all(folder);
        fs::copy(weights, folder, fs::copy_options::recursive);
        std::ofstream(folder / name, std::ios::binary) << content;
        return opened_and_loaded(manifest, weights_at(folder.string()));
    };
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(weights)) {
        if (!entry.is_regular_file()) continue;
        const std::string name = entry.path().lexically_relative(weights).string(), bytes = read_file(entry.path().string());
        for (std::size_t i = 0; i < bytes.size(); i += 31) {
            std::string damaged = bytes;
            damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
            (void)given(name, damaged);
        }
        CHECK_STATUS(HH_FILE_INVALID, given(name, bytes.substr(0, bytes.size() / 2)));
    }
    for (const char *stranger : kStrangers) {
        fs::remove_all(folder);
        std::ofstream(folder, std::ios::binary) << stranger;
        CHECK_STATUS(HH_FILE_INVALID, opened_and_loaded(manifest, weights_at(folder.string())));
    }
    fs::remove_all(folder.parent_path());
}

void missing_file(const std::string &manifest) {
    Task task;
    CHECK_STATUS(HH_FILE_NOT_FOUND, task.open(manifest, nullptr, {weights_at("nowhere.model")}));
}

void many_times(const std::string &manifest) {
    long before = 0;
    for (int i = 0; i < 1000; ++i) {
        Task task(manifest);
        Answer answer;
        if (task.load() != HH_OK) break;
        if (i % 10 == 0) CHECK_STATUS(HH_END, (task.send("example", "1"), task.end(), receive_all(task, answer)));
        if (i == 200) before = resident_kilobytes();
    }
    CHECK(before > 0);
    if (!kSanitized) CHECK(resident_kilobytes() < before + 4096);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const std::string manifest = argv[1], weights = argv[2];
    for (int i = 3; i < argc; ++i) {
        if (std::string(argv[i]) == "i32") whole32 = true;
        else if (std::string(argv[i]) == "chooses") chooses = true;
        else return 2;
    }
    runs(manifest);
    dynamic_shapes(manifest);
    refused(manifest);
    state(manifest);
    examples(manifest);
    cancelling(manifest);
    two_threads(manifest);
    if (std::filesystem::is_directory(weights)) forms_of_folders(manifest, weights);
    else forms_of_files(manifest, weights);
    missing_file(manifest);
    many_times(manifest);
    return finish("tensors");
}
