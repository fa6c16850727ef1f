// One open task: its queue, its runs, its life from open to close. This is what hh_task points to.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "core/runtime.hpp"

struct hh_task {
public:
    explicit hh_task(const hh_task_options &options);

    void load();
    [[nodiscard]] float progress() const { return progress_.load(std::memory_order_relaxed); }
    void configure(const char *json);
    hh_status send(const hh_value &in, hh_run *run);
    hh_status receive(hh_value &out);
    void cancel(hh_run run);
    void reset();
    void info(hh_value &out);
    void report(hh_value &out);
    hh_status trace(hh_value &out);

private:
    struct Queued {
        hh::Value value;
        hh_run run = 0;
    };
    using Clock = std::chrono::steady_clock;

    // These touch the queue and the runs; `inbox_` guards both, so that send and cancel never wait for work.
    bool take(Queued &into);
    void finish_run();
    [[nodiscard]] bool idle();

    void check_loaded();
    hh_status work(hh_value &out);
    hh_status work_on_run(hh_value &out);

    // Fixed after open, but for a load that takes too much.
    hh::Manifest manifest_;
    const hh::Runtime *runtime_ = nullptr;
    std::unique_ptr<hh::TaskLogic> logic_;

    std::mutex work_;  // load, receive and everything that must not overlap with them
    bool loaded_ = false;
    double load_ms_ = 0;
    hh::Settings settings_;
    hh::Value current_, reply_;
    std::deque<hh::Value> trace_;

    std::mutex inbox_;
    std::deque<Queued> queue_;
    std::size_t queued_bytes_ = 0;
    hh_run last_run_ = 0;          // newest run ever begun by a send
    hh_run open_run_ = 0;          // the run that still takes values, or 0
    bool discard_open_run_ = false;  // that run is over already: its late values vanish
    hh_run current_run_ = 0;       // the run that receive works on, or 0
    std::set<hh_run> cancelled_;   // runs cancelled before receive came to them
    bool loadable_ = true;           // no load has succeeded yet, so that one may be cancelled, also before it begins
    std::uint64_t dropped_ = 0;

    hh::CancelFlag cancel_run_, cancel_load_;
    std::atomic<float> progress_{0};
};
