#include "core/session.hpp"

#include <sys/resource.h>

#include "core/failure.hpp"

namespace {

constexpr std::size_t kQueueValues = 64;
constexpr std::size_t kQueueBytes = std::size_t{64} << 20;  // a photo of 12 megapixels as rgba8 has 49 MB

using hh::Failure;

std::uint64_t process_peak_bytes() {
    struct rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
    return static_cast<std::uint64_t>(usage.ru_maxrss);  // bytes there, kilobytes elsewhere
#else
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

std::uint64_t sizes(const std::vector<hh::File> &files) {
    std::uint64_t sum = 0;
    for (const hh::File &file : files) sum += static_cast<std::uint64_t>(file.size());
    return sum;
}

}  // namespace

hh_task::hh_task(const hh_task_options &options) : manifest_(hh::read_manifest(options)) {
    const hh::TaskType *type = hh::find_task(manifest_.task);
    if (type == nullptr)
        throw Failure(HH_TASK_MISSING, "The task \"" + manifest_.task + "\" is not in this build: " + hh::build_info());
    runtime_ = hh::find_runtime(manifest_.runtime);
    if (runtime_ == nullptr)
        throw Failure(HH_RUNTIME_MISSING,
                      "The runtime \"" + manifest_.runtime + "\" is not in this build: " + hh::build_info());
    settings_ = manifest_.settings;
    logic_ = type->make(manifest_);
    runtime_->check(manifest_.files);
}

void hh_task::load() {
    const std::lock_guard work(work_);
    if (loaded_) return;
    struct Done {  // whatever came of it: a cancel is used up
        hh_task *task;
        ~Done() {
            const std::lock_guard inbox(task->inbox_);
            task->cancel_load_.clear();
            task->loadable_ = !task->loaded_;
        }
    } const done{this};
    progress_ = 0;
    const Clock::time_point start = Clock::now();
    const hh::CancelToken cancel(cancel_load_);
    const auto advance = [&](float fraction) {
        progress_ = fraction;
        cancel.check();
    };
    cancel.check();
    hh::check_memory({.model = sizes(manifest_.files)}, manifest_.memory, "The model");
    logic_->load(*runtime_, {manifest_.files, manifest_.options, manifest_.chat_template, manifest_.memory,
                             manifest_.accelerator, advance, cancel});
    if (manifest_.memory > 0) check_loaded();
    load_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    progress_ = 1;
    loaded_ = true;
}

// What takes too much goes again.
void hh_task::check_loaded() {
    hh::Json report;
    logic_->report(report);
    const hh::Json &bytes = report[HH_REPORT_MEMORY];
    const hh::Memory memory = {.model = bytes.value("model", std::uint64_t{0}),
                               .cache = bytes.value("cache", std::uint64_t{0}),
                               .compute = bytes.value("compute", std::uint64_t{0})};
    try {
        hh::check_memory(memory, manifest_.memory, "The model");
    } catch (const Failure &) {
        logic_ = hh::find_task(manifest_.task)->make(manifest_);
        throw;
    }
}

bool hh_task::idle() {
    const std::lock_guard inbox(inbox_);
    return current_run_ == 0 && queue_.empty();
}

void hh_task::configure(const char *json) {
    const std::lock_guard work(work_);
    if (!idle()) throw Failure(HH_BUSY, "Settings change between requests; a request is in progress.");
    settings_.apply(hh::parse_object(json, HH_INVALID_ARGUMENT, "The settings"));
}

hh_status hh_task::send(const hh_value &in, hh_run *run) {
    hh::Value value = hh::Value::copy_of(in);
    if (in.kind != HH_KIND_END) {
        const hh::Port &port = manifest_.input(value.name, in.kind);
        if (value.bytes() > kQueueBytes)
            throw Failure(HH_TOO_LARGE, "The value has " + std::to_string(value.bytes()) + " bytes; the most is " +
                                            std::to_string(kQueueBytes) + ".");
        if (!port.any_name()) value.name = port.name;
    }
    const std::lock_guard inbox(inbox_);
    if (!loadable_ && in.kind != HH_KIND_END) logic_->admit(value);
    if (queue_.size() >= kQueueValues || queued_bytes_ + value.bytes() > kQueueBytes) {
        if (in.kind == HH_KIND_AUDIO) ++dropped_;
        return HH_AGAIN;
    }
    if (open_run_ == 0) {
        open_run_ = ++last_run_;
        discard_open_run_ = false;
    }
    if (run != nullptr) *run = open_run_;
    const hh_run this_run = open_run_;
    if (in.kind == HH_KIND_END) open_run_ = 0;
    if (discard_open_run_) return HH_OK;
    queued_bytes_ += value.bytes();
    queue_.push_back({std::move(value), this_run});
    return HH_OK;
}

bool hh_task::take(Queued &into) {
    const std::lock_guard inbox(inbox_);
    if (queue_.empty()) return false;
    if (current_run_ == 0) {
        current_run_ = queue_.front().run;
        if (cancelled_.erase(current_run_) > 0) cancel_run_.set();
        else cancel_run_.clear();
    }
    // Runs are queued in order, so a value of a later run means that the current one has got all of its own.
    if (queue_.front().run != current_run_) return false;
    into = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= into.value.bytes();
    return true;
}

void hh_task::finish_run() {
    const std::lock_guard inbox(inbox_);
    while (!queue_.empty() && queue_.front().run == current_run_) {
        queued_bytes_ -= queue_.front().value.bytes();
        queue_.pop_front();
    }
    if (open_run_ == current_run_) discard_open_run_ = true;
    current_run_ = 0;
    cancel_run_.clear();
}

hh_status hh_task::receive(hh_value &out) {
    const std::lock_guard work(work_);
    if (!loaded_) throw Failure(HH_INVALID_STATE, "The model is not loaded; call hh_task_load() first.");
    current_ = hh::Value();
    const hh_run before = current_run_;
    try {
        return this->work(out);
    } catch (const hh::Cancelled &) {
        logic_->abandon();
    } catch (...) {
        out.run = current_run_ != 0 ? current_run_ : before;
        logic_->abandon();
        finish_run();
        throw;
    }
    out.run = current_run_;
    finish_run();
    return HH_CANCELLED;
}

hh_status hh_task::work(hh_value &out) {
    if (current_run_ == 0) {
        Queued queued;
        if (!take(queued)) return HH_AGAIN;
        trace_.clear();
        hh::CancelToken(cancel_run_).check();
        logic_->accept(std::move(queued.value));
    }
    return work_on_run(out);
}

hh_status hh_task::work_on_run(hh_value &out) {
    const hh::CancelToken cancel(cancel_run_);
    for (;;) {
        cancel.check();
        switch (logic_->next(settings_, cancel, current_)) {
            case hh::Step::value:
                current_.borrow(out);
                out.run = current_run_;
                return HH_OK;
            case hh::Step::finished:
                out.run = current_run_;
                if (manifest_.options.values().value("trace", false)) {
                    std::vector<hh::Value> values = logic_->trace();
                    trace_.assign(std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
                }
                finish_run();
                return HH_END;
            case hh::Step::need_input: {
                Queued queued;
                if (!take(queued)) return HH_AGAIN;
                logic_->accept(std::move(queued.value));
                break;
            }
        }
    }
}

void hh_task::cancel(hh_run run) {
    const std::lock_guard inbox(inbox_);
    if (run == HH_RUN_LOAD) {
        if (loadable_) cancel_load_.set();
    } else if (run == current_run_) {
        cancel_run_.set();
    } else if ((!queue_.empty() && run >= queue_.front().run && run <= last_run_) ||
               (run == open_run_ && !discard_open_run_)) {
        cancelled_.insert(run);
    }
}

void hh_task::reset() {
    const std::lock_guard work(work_);
    {
        const std::lock_guard inbox(inbox_);
        queue_.clear();
        queued_bytes_ = 0;
        cancelled_.clear();
        open_run_ = 0;
        current_run_ = 0;
        cancel_run_.clear();
        cancel_load_.clear();
    }
    trace_.clear();
    logic_->reset();
}

void hh_task::info(hh_value &out) {
    const std::lock_guard work(work_);
    hh::Json json = manifest_.json;
    json["version"] = HH_VERSION;
    json["values"] = settings_.values();
    if (loaded_) logic_->describe(json);
    reply_ = hh::Value::json(hh::dump(json));
    reply_.borrow(out);
}

void hh_task::report(hh_value &out) {
    const std::lock_guard work(work_);
    hh::Json json = hh::Json::object();
    json[HH_REPORT_LOAD_MS] = load_ms_;
    logic_->report(json);
    json[HH_REPORT_MEMORY]["process_peak"] = process_peak_bytes();
    {
        const std::lock_guard inbox(inbox_);
        json[HH_REPORT_DROPPED] = dropped_;
    }
    reply_ = hh::Value::json(hh::dump(json));
    reply_.borrow(out);
}

hh_status hh_task::trace(hh_value &out) {
    const std::lock_guard work(work_);
    if (!manifest_.options.values().value("trace", false))
        throw Failure(HH_UNSUPPORTED, "Tracing is off; open the task with the option {\"trace\": true}.");
    if (trace_.empty()) return HH_END;
    reply_ = std::move(trace_.front());
    trace_.pop_front();
    reply_.borrow(out);
    return HH_OK;
}
