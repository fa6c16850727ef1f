// Calls from several threads at once, for the thread sanitizer: threads <task.json>
#include <atomic>
#include <thread>

#include "harness.hpp"

namespace {

// Cancels come from another thread, at every moment of a run, and name runs that are over as often as not.
void cancel_from_another_thread(const std::string &manifest, int rounds) {
    Task task(manifest);
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 64})"));
    std::atomic<hh_run> latest{0};
    std::atomic<bool> stop{false};
    std::thread canceller([&] {
        for (unsigned i = 0; !stop; ++i) {
            const hh_run run = latest;
            if (run > 0) hh_task_cancel(task.raw, i % 3 == 0 ? run : run - 1);
            (void)hh_task_progress(task.raw);
            std::this_thread::yield();
        }
    });
    int cancelled = 0;
    // A busy machine may not let the canceller in before a short run is over: go on until it was.
    for (int i = 0; i < rounds || (cancelled == 0 && i < rounds * 100); ++i) {
        const bool wanted = i % 2 == 0;  // odd runs are never named by the canceller while they run
        if (!wanted) latest = 0;
        CHECK_STATUS(HH_OK, task.send("user", "a b c d e f g h"));
        CHECK_STATUS(HH_OK, task.end());
        if (wanted) latest = task.run;
        const hh_status status = task.drain();
        if (wanted) CHECK(status == HH_CANCELLED || status == HH_END);
        cancelled += status == HH_CANCELLED ? 1 : 0;
        CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));
    }
    stop = true;
    canceller.join();
    std::printf("%d runs were cancelled\n", cancelled);
    CHECK(cancelled > 0);
}

void send_while_receiving(const std::string &manifest, int requests) {
    Task task(manifest);
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 4})"));
    std::thread sender([&] {
        hh_error error = HH_ERROR_INIT;
        const std::string hello = "hello";
        for (int i = 0; i < requests;) {
            const hh_value value = text_value(i % 2 == 0 ? "user" : "system", hello);
            const hh_value end = HH_VALUE_INIT;
            if (hh_task_send(task.raw, &value, nullptr, &error) != HH_OK) continue;
            while (hh_task_send(task.raw, &end, nullptr, &error) == HH_AGAIN) std::this_thread::yield();
            ++i;
        }
    });
    int ended = 0;
    while (ended < requests) {
        const hh_status status = task.receive();
        if (status == HH_END || status == HH_CONTEXT_FULL) ++ended;
        else if (status == HH_AGAIN) std::this_thread::yield();
        else if (status != HH_OK) break;
    }
    sender.join();
    CHECK(ended == requests);
}

void load_cancelled(const std::string &manifest) {
    Task task(manifest);
    std::atomic<bool> done{false};
    std::thread canceller([&] {
        while (!done) hh_task_cancel(task.raw, HH_RUN_LOAD);
    });
    const hh_status status = task.load();
    done = true;
    canceller.join();
    CHECK(status == HH_CANCELLED || status == HH_OK);
    CHECK_STATUS(HH_OK, hh_task_reset(task.raw, &task.error));  // drops the cancels that came after the load
    CHECK_STATUS(HH_OK, task.load());
    CHECK_STATUS(HH_OK, task.configure(R"({"max_tokens": 4})"));
    CHECK_STATUS(HH_END, task.ask("after a cancelled load"));
}

void two_tasks_at_once(const std::string &manifest) {
    const auto chat = [&manifest](std::string *answer) {
        Task task(manifest);
        if (task.load() != HH_OK || task.configure(R"({"temperature": 0, "max_tokens": 8})") != HH_OK) return;
        if (task.ask("the same question") == HH_END) *answer = task.answer;
    };
    std::string first, second;
    std::thread other(chat, &first);
    chat(&second);
    other.join();
    CHECK(!first.empty() && first == second);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 100;
    cancel_from_another_thread(argv[1], rounds);
    send_while_receiving(argv[1], rounds);
    load_cancelled(argv[1]);
    two_tasks_at_once(argv[1]);
    return finish("threads");
}
