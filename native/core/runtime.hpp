// What a runtime gives to the core, and what a task gives: one function each, named by the folder.
#pragma once

#include <memory>
#include <string>

#include "core/manifest.hpp"
#include "core/shapes.hpp"
#include "core/value.hpp"

namespace hh {

/** A runtime: plain facts and functions. A shape it does not have stays nullptr. */
struct Runtime {
    const char *name;
    /** Reads headers only and throws Failure(HH_FILE_*) if the files cannot be this runtime's. */
    void (*check)(const std::vector<File> &files);
    std::unique_ptr<GenerateModel> (*generate)(const ModelRequest &request) = nullptr;
    std::unique_ptr<TensorModel> (*tensors)(const ModelRequest &request) = nullptr;
    std::unique_ptr<EmbedModel> (*embed)(const ModelRequest &request) = nullptr;
};

/** How a run goes on after a step. */
enum class Step {
    value,       // `out` is filled
    need_input,  // nothing to do before the next value is sent
    finished,    // the request is complete
};

/** What a task does with its model. Every call comes from one thread at a time. */
class TaskLogic {
public:
    virtual ~TaskLogic() = default;
    /** Loads the models. Throws Failure or Cancelled; may then be called again. */
    virtual void load(const Runtime &runtime, const ModelRequest &request) = 0;
    /**
     * Refuses a value that the loaded model cannot take, by throwing Failure. Called from send, so it may run beside every
     * other call: it looks only at what stays as it is once the model is loaded.
     */
    virtual void admit(const Value &) const {}
    /** One value of a request, port and kind already checked; HH_KIND_END closes the request. */
    virtual void accept(Value value) = 0;
    /** Works until there is a value, or nothing to do. Throws Failure or Cancelled, which end the request. */
    virtual Step next(const Settings &settings, CancelToken cancel, Value &out) = 0;
    /** The request ended early (cancelled or failed): keep what was made, be ready for the next one. */
    virtual void abandon() = 0;
    /** Forgets everything but the model. */
    virtual void reset() = 0;
    /** Adds to hh_task_info() what only the loaded model knows, and to hh_task_report() what the last run did. */
    virtual void describe(Json &info) const = 0;
    virtual void report(Json &report) const = 0;
    /** Intermediate values of the last request, in order; called only when the option `trace` is on. */
    virtual std::vector<Value> trace() const { return {}; }
};

/** A task: its name and how to make one. */
struct TaskType {
    const char *name;
    std::unique_ptr<TaskLogic> (*make)(const Manifest &manifest);
};

/** The parts of this binary, from registry.inc. nullptr if it is not in. */
[[nodiscard]] const Runtime *find_runtime(const std::string &name);
[[nodiscard]] const TaskType *find_task(const std::string &name);
[[nodiscard]] const std::string &build_info();

}  // namespace hh
