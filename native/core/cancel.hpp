// How a run learns that it should stop.
#pragma once

#include <atomic>

namespace hh {

/** Thrown by a runtime that stopped half-way because it was told to; ends the run as HH_CANCELLED, not as an error. */
struct Cancelled {};

/** A view of the flag that hh_task_cancel() sets for the run in progress. Cheap to copy and to ask. */
class CancelToken {
public:
    explicit CancelToken(const std::atomic<bool> &flag) : flag_(&flag) {}
    [[nodiscard]] bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }
    void check() const {
        if (cancelled()) throw Cancelled{};
    }

private:
    const std::atomic<bool> *flag_;
};

}  // namespace hh
