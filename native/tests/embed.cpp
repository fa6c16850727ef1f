// One scenario for every runtime of shape `embed`: embed <task.json> <weights>
//
// The model takes texts of at least 40 tokens; what its numbers are is tested elsewhere. Each runtime's folder makes it in
// tiny_model.py.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "harness.hpp"

namespace {

using Floats = std::vector<float>;
const std::string kParrot = "the parrot talks.", kRain = "rain.";

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

struct Answer {
    Floats vector;
    std::vector<std::int64_t> shape;
    std::vector<std::string> order;
    std::string summary;
};

hh_status receive_all(Task &task, Answer &answer) {
    answer = {};
    hh_status status = task.receive();
    for (; status == HH_OK; status = task.receive()) {
        answer.order.emplace_back(task.out.name);
        if (task.out.kind == HH_KIND_TEXT) answer.summary = task.text();
        if (task.out.kind != HH_KIND_TENSOR) continue;
        CHECK(task.out.dtype == HH_DTYPE_F32);
        answer.shape.assign(task.out.shape, task.out.shape + task.out.rank);
        const auto *numbers = static_cast<const float *>(task.out.data);
        answer.vector.assign(numbers, numbers + task.out.size / sizeof(float));
    }
    return status;
}

hh_status embed(Task &task, const std::string &text, Answer &answer) {
    if (const hh_status status = task.send("text", text); status != HH_OK) return status;
    if (const hh_status status = task.end(); status != HH_OK) return status;
    return receive_all(task, answer);
}

double dot(const Floats &a, const Floats &b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

void runs(const std::string &manifest) {
    Task task(manifest);
    CHECK_STATUS(HH_INVALID_STATE, task.receive());
    CHECK_STATUS(HH_OK, task.load());
    CHECK(hh_task_progress(task.raw) == 1.0F);
    Answer first, other, again, nameless;
    CHECK_STATUS(HH_END, embed(task, kParrot, first));
    CHECK((first.order == std::vector<std::string>{"embedding", "summary"}));
    CHECK((first.shape == std::vector<std::int64_t>{static_cast<std::int64_t>(first.vector.size())}));
    CHECK(first.vector.size() >= 8 && std::fabs(dot(first.vector, first.vector) - 1) < 1e-5);
    const std::string dimensions = std::to_string(first.vector.size());
    CHECK(contains(first.summary, "in text, 17 bytes\nout embedding f32 [" + dimensions + "] = "));
    CHECK_STATUS(HH_END, embed(task, kRain, other));
    CHECK(other.vector != first.vector && dot(other.vector, first.vector) < 0.9999);
    CHECK_STATUS(HH_END, embed(task, kParrot, again));  // nothing is left of the text before
    CHECK(again.vector == first.vector);
    const hh_value value = text_value(nullptr, kRain);  // the first input
    CHECK_STATUS(HH_OK, hh_task_send(task.raw, &value, nullptr, &task.error));
    CHECK_STATUS(HH_OK, task.send("text", kParrot));  // a later one of a request replaces it
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_END, receive_all(task, nameless));
    CHECK(nameless.vector == first.vector);
    const std::string info = task.json(hh_task_info), report = task.json(hh_task_report);
    for (const std::string &part : {"\"dimensions\":" + dimensions, R"("shape":[)" + dimensions + "]", std::string("\"pooling\":\""),
                                    std::string(R"("name":"text","type":"text")"), std::string("\"context\":")})
        CHECK(contains(info, part));
    for (const char *part : {R"("runs":1)", "run_ms", "load_ms", "prompt_tokens", R"("accelerator":"cpu")", R"("threads":1)"})
        CHECK(contains(report, part));
}

void refused(const std::string &manifest) {
    Task task(manifest, R"({"threads": 1, "context": 16})");
    CHECK_STATUS(HH_OK, task.load());
    Answer answer, whole;
    CHECK_STATUS(HH_UNKNOWN_PORT, task.send("txt", "x"));
    CHECK(contains(task.error.message, "\"txt\"") && contains(task.error.message, "text"));
    CHECK_STATUS(HH_INVALID_ARGUMENT, task.send("text", ""));
    CHECK(contains(task.error.message, "empty"));
    CHECK_STATUS(HH_INVALID_TEXT, task.send("text", "\xC3"));
    CHECK_STATUS(HH_TOO_LARGE, task.send("text", std::string((std::size_t{1} << 20) + 1, 'a')));
    CHECK(contains(task.error.message, "1048577") && contains(task.error.message, "1048576"));
    const float number = 1;
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_TENSOR;
    value.name = "text";
    value.rank = 1;
    value.shape[0] = 1;
    value.data = &number;
    value.size = sizeof number;
    CHECK_STATUS(HH_WRONG_KIND, hh_task_send(task.raw, &value, nullptr, &task.error));
    CHECK_STATUS(HH_OK, task.end());  // a request without a text
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(task, answer));
    CHECK(answer.order.empty());

    std::string long_text;  // at least a token each
    for (int i = 0; i < 20; ++i) long_text += "a.";
    CHECK_STATUS(HH_TOO_LARGE, embed(task, long_text, answer));
    CHECK(contains(task.error.message, "the most is 16") && contains(task.error.message, "\"context\""));
    CHECK(contains(task.error.message, "tokens"));
    CHECK_STATUS(HH_END, embed(task, "a.", whole));  // and the next one is answered
    CHECK(!whole.vector.empty());

    Task early(manifest);  // before the model is loaded nothing is asked: the request fails then
    CHECK_STATUS(HH_OK, early.send("text", ""));
    CHECK_STATUS(HH_OK, early.end());
    CHECK_STATUS(HH_OK, early.load());
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(early, answer));
    for (const char *wrong : {R"({"context": 0})", R"({"pooling": "max"})", R"({"state": ["a=b"]})"})
        CHECK_STATUS(HH_INVALID_ARGUMENT, Task().open(manifest, wrong));
}

void cancelling(const std::string &manifest) {
    Task task(manifest);
    hh_task_cancel(task.raw, HH_RUN_LOAD);
    CHECK_STATUS(HH_CANCELLED, task.load());
    CHECK_STATUS(HH_OK, task.load());
    Answer before, answer;
    CHECK_STATUS(HH_END, embed(task, kParrot, before));
    CHECK_STATUS(HH_OK, task.send("text", kRain));
    CHECK_STATUS(HH_OK, task.end());
    hh_task_cancel(task.raw, task.run);
    CHECK_STATUS(HH_CANCELLED, receive_all(task, answer));
    CHECK(answer.order.empty() && task.out.run == task.run);
    CHECK_STATUS(HH_END, embed(task, kParrot, answer));
    CHECK(answer.vector == before.vector);
    hh_task_cancel(task.raw, task.run);  // too late: touches no other run
    CHECK_STATUS(HH_END, embed(task, kParrot, answer));

    bool cancelled = false;  // from another thread: first at any moment, in the end surely
    std::string text;
    for (int i = 0; i < 18; ++i) text += "a.";
    for (int i = 0; i < 50; ++i) {
        CHECK_STATUS(HH_OK, task.send("text", text));
        CHECK_STATUS(HH_OK, task.end());
        std::atomic<bool> begun{false}, done{false};
        std::thread canceller([&] {
            for (; !done; begun = true) hh_task_cancel(task.raw, task.run);
        });
        while (i == 49 && !begun) std::this_thread::yield();
        cancelled = receive_all(task, answer) == HH_CANCELLED;
        done = true;
        canceller.join();
    }
    CHECK(cancelled);
    CHECK_STATUS(HH_OK, task.send("text", kRain));  // forgotten with everything else
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    CHECK_STATUS(HH_OK, task.end());
    CHECK_STATUS(HH_INVALID_ARGUMENT, receive_all(task, answer));
    CHECK_STATUS(HH_END, embed(task, kParrot, answer));
    CHECK(answer.vector == before.vector);
}

void two_threads(const std::string &manifest) {
    Answer expected[2];
    Task first(manifest);
    CHECK_STATUS(HH_OK, first.load());
    CHECK_STATUS(HH_END, embed(first, kParrot, expected[0]));
    CHECK_STATUS(HH_END, embed(first, kRain, expected[1]));
    std::atomic<int> right{0};
    const auto work = [&](int which) {
        Task task(manifest);
        if (task.load() != HH_OK) return;
        for (int i = 0; i < 50; ++i) {
            Answer answer;
            if (task.send("text", which == 0 ? kParrot : kRain) != HH_OK || task.end() != HH_OK) return;
            right += receive_all(task, answer) == HH_END && answer.vector == expected[which].vector;
        }
    };
    std::thread other(work, 1);
    work(0);
    other.join();
    CHECK(right == 100);
}

void forms_of_files(const std::string &manifest, const std::string &weights) {
    const std::string bytes = read_file(weights);
    char path[] = "/tmp/handheld-embed-XXXXXX";
    const int embedded = mkstemp(path);  // the file inside another one, as in an APK
    unlink(path);
    const std::string around(4096, '#');
    CHECK(write(embedded, around.data(), around.size()) == static_cast<ssize_t>(around.size()));
    CHECK(write(embedded, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(write(embedded, around.data(), around.size()) == static_cast<ssize_t>(around.size()));
    hh_file forms[3] = {HH_FILE_INIT, HH_FILE_INIT, HH_FILE_INIT};
    for (hh_file &form : forms) form.role = "weights";
    forms[0].path = weights.c_str();
    forms[1].fd = embedded;
    forms[1].offset = static_cast<int64_t>(around.size());
    forms[1].length = static_cast<int64_t>(bytes.size());
    forms[2].data = bytes.data();
    forms[2].length = static_cast<int64_t>(bytes.size());
    Floats first;
    for (const hh_file &form : forms) {
        Task task;
        Answer answer;
        CHECK_STATUS(HH_OK, task.open(manifest, R"({"threads": 1})", {form}));
        CHECK_STATUS(HH_OK, task.load());
        CHECK_STATUS(HH_END, embed(task, kParrot, answer));
        if (first.empty()) first = answer.vector;
        CHECK(answer.vector == first && !first.empty());
    }
    close(embedded);

    const auto opened_and_loaded = [&](const std::string &content) {
        hh_file file = forms[2];
        file.data = content.data();
        file.length = static_cast<int64_t>(content.size());
        Task task;
        const hh_status status = task.open(manifest, R"({"threads": 2})", {file});
        const hh_status loaded = status == HH_OK ? task.load() : status;
        CHECK(loaded == HH_OK || std::strlen(task.error.message) > 20);
        return loaded;
    };
    for (const std::string &wrong : {std::string("\x7f" "ELF and so on, this is no model at all"), std::string("GGUF and more"),
                                     std::string("<html>please log in</html>"), bytes.substr(0, bytes.size() / 2)})
        CHECK_STATUS(HH_FILE_INVALID, opened_and_loaded(wrong));
    // Damaged: a status or a model, never the end of the process.
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 4096); i += 3) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
        (void)opened_and_loaded(damaged);
    }
}

void many_times(const std::string &manifest) {
    long before = 0;
    for (int i = 0; i < 1000; ++i) {
        Task task(manifest);
        Answer answer;
        if (task.load() != HH_OK) break;
        if (i % 10 == 0) CHECK_STATUS(HH_END, embed(task, kRain, answer));
        if (i == 200) before = resident_kilobytes();
    }
    CHECK(before > 0);
    if (!kSanitized) CHECK(resident_kilobytes() < before + 4096);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const std::string manifest = argv[1], weights = argv[2];
    runs(manifest);
    refused(manifest);
    cancelling(manifest);
    two_threads(manifest);
    forms_of_files(manifest, weights);
    many_times(manifest);
    return finish("embed");
}
