// How a run learns that it should stop.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace hh {

/** Thrown by a runtime that stopped half-way because it was told to; ends the run as HH_CANCELLED, not as an error. */
struct Cancelled {};

/** What hh_task_cancel() sets for the run in progress. From any thread. */
class CancelFlag {
public:
    void set() {
        set_.store(true, std::memory_order_relaxed);
        const std::lock_guard lock(mutex_);
        if (stop_) stop_();
    }
    void clear() { set_.store(false, std::memory_order_relaxed); }
    [[nodiscard]] bool is_set() const noexcept { return set_.load(std::memory_order_relaxed); }

private:
    friend class CancelToken;
    void on_set(std::function<void()> stop) const {
        const std::lock_guard lock(mutex_);
        stop_ = std::move(stop);
        if (stop_ && is_set()) stop_();
    }

    std::atomic<bool> set_{false};
    mutable std::mutex mutex_;
    mutable std::function<void()> stop_;
};

/** A view of that flag. Cheap to copy and to ask. */
class CancelToken {
public:
    explicit CancelToken(const CancelFlag &flag) : flag_(&flag) {}
    [[nodiscard]] bool cancelled() const noexcept { return flag_->is_set(); }
    void check() const {
        if (cancelled()) throw Cancelled{};
    }

    /** While it lives, a cancel calls `stop` on the cancelling thread: for runtimes that cannot ask by themselves. */
    class Hook {
    public:
        Hook(CancelToken token, std::function<void()> stop) : flag_(token.flag_) { flag_->on_set(std::move(stop)); }
        Hook(const Hook &) = delete;
        Hook &operator=(const Hook &) = delete;
        ~Hook() { flag_->on_set(nullptr); }

    private:
        const CancelFlag *flag_;
    };

private:
    const CancelFlag *flag_;
};

}  // namespace hh
