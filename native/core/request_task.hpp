// A task that answers a request as a whole, unlike one that gives its answer while it is still at work.
#pragma once

#include <algorithm>
#include <vector>

#include "core/runtime.hpp"

namespace hh {

/** Takes values up to the end of a request, then lets the answer be computed and gives it value by value. */
class RequestTask : public TaskLogic {
public:
    void accept(Value value) final {
        if (value.view.kind == HH_KIND_END) complete_ = true;
        else take(std::move(value));
    }

    Step next(const Settings &settings, CancelToken cancel, Value &out) final {
        if (!complete_) return Step::need_input;
        if (!computed_) {
            answer_ = compute(settings, cancel);
            std::reverse(answer_.begin(), answer_.end());
            computed_ = true;
        }
        if (answer_.empty()) {
            forget_request();
            return Step::finished;
        }
        out = std::move(answer_.back());
        answer_.pop_back();
        return Step::value;
    }

    void abandon() override { forget_request(); }
    void reset() override { abandon(); }

protected:
    /** A value of the request. */
    virtual void take(Value value) = 0;
    /** The answer to what was taken, in order. Throws Failure or Cancelled. */
    virtual std::vector<Value> compute(const Settings &settings, CancelToken cancel) = 0;
    /** Lets go of what was taken. */
    virtual void forget() = 0;

private:
    void forget_request() {
        forget();
        answer_.clear();
        complete_ = computed_ = false;
    }

    std::vector<Value> answer_;  // what is still to be given, the last one first
    bool complete_ = false, computed_ = false;
};

}  // namespace hh
