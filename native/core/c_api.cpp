// The C functions of handheld.h: arguments are checked here and no exception passes.
#include <cstdio>
#include <new>

#include "core/failure.hpp"
#include "core/log.hpp"
#include "core/session.hpp"
#include "processing/text/utf8.hpp"

namespace {

template <std::size_t N>
void copy_text(char (&into)[N], std::string_view text) {
    const std::string_view fit = hh::utf8_prefix(text, N - 1);
    fit.copy(into, fit.size());
    into[fit.size()] = '\0';
}

hh_status fill(hh_error *error, std::size_t mark, hh_status code, std::string_view message) {
    if (error == nullptr) return code;
    // Messages and logs may quote file names and model metadata, which are bytes: make them text.
    std::string clean_message, clean_log;
    for (const auto &[from, to] : {std::pair{std::string(message), &clean_message},
                                   std::pair{hh::log_since(mark, sizeof error->log - 1), &clean_log}}) {
        hh::Utf8Stream stream;
        stream.push(from, *to);
        stream.finish(*to);
    }
    error->code = code;
    copy_text(error->message, clean_message);
    copy_text(error->log, clean_log);
    return code;
}

// Runs `body`, which returns a status or throws, and turns everything into a status.
template <typename Body>
hh_status guarded(hh_error *error, Body body) noexcept {
    const std::size_t mark = hh::log_mark();
    try {
        const hh_status status = body();
        if (error != nullptr) {  // its texts are kilobytes, which nobody reads now
            error->code = status;
            error->message[0] = error->log[0] = '\0';
        }
        return status;
    } catch (const hh::Cancelled &) {
        return fill(error, mark, HH_CANCELLED, hh_status_sentence(HH_CANCELLED));
    } catch (const hh::Failure &failure) {
        return fill(error, mark, failure.code(), failure.what());
    } catch (const std::bad_alloc &) {
        return fill(error, mark, HH_OUT_OF_MEMORY, hh_status_sentence(HH_OUT_OF_MEMORY));
    } catch (const std::exception &other) {
        return fill(error, mark, HH_INTERNAL, other.what());
    } catch (...) {
        return fill(error, mark, HH_INTERNAL, hh_status_sentence(HH_INTERNAL));
    }
}

hh::Failure missing(const char *what) {
    return {HH_INVALID_ARGUMENT, std::string(what) + " is NULL or its struct_size is not set."};
}

hh_value &checked(hh_value *value, const char *what) {
    if (value == nullptr || value->struct_size < sizeof(hh_value)) throw missing(what);
    return *value;
}

hh_task &checked(hh_task *task) {
    if (task == nullptr) throw missing("task");
    return *task;
}

}  // namespace

extern "C" {

const char *hh_version(void) { return HH_VERSION; }

const char *hh_status_sentence(hh_status status) {
    switch (status) {
#define HH_STATUS_ROW(id, name, sentence) \
    case id: return sentence;
        HH_STATUS_LIST(HH_STATUS_ROW)
#undef HH_STATUS_ROW
        default: return "Unknown status.";
    }
}

const char *hh_build_info(void) {
    static const char *text = []() noexcept { return hh::build_info().c_str(); }();
    return text;
}

hh_status hh_task_open(const hh_task_options *options, hh_task **out, hh_error *error) {
    return guarded(error, [&] {
        if (out == nullptr) throw missing("out");
        *out = nullptr;
        if (options == nullptr || options->struct_size < sizeof(hh_task_options)) throw missing("options");
        if (options->files == nullptr && options->file_count != 0) throw missing("options.files");
        *out = new hh_task(*options);
        return HH_OK;
    });
}

hh_status hh_task_load(hh_task *task, hh_error *error) {
    return guarded(error, [&] {
        checked(task).load();
        return HH_OK;
    });
}

float hh_task_progress(const hh_task *task) { return task == nullptr ? 0.0F : task->progress(); }

hh_status hh_task_configure(hh_task *task, const char *json, hh_error *error) {
    return guarded(error, [&] {
        if (json == nullptr) throw missing("json");
        checked(task).configure(json);
        return HH_OK;
    });
}

hh_status hh_task_send(hh_task *task, const hh_value *in, hh_run *run, hh_error *error) {
    return guarded(error, [&] {
        if (in == nullptr) throw missing("in");
        return checked(task).send(*in, run);
    });
}

hh_status hh_task_receive(hh_task *task, hh_value *out, hh_error *error) {
    return guarded(error, [&] { return checked(task).receive(checked(out, "out")); });
}

void hh_task_cancel(hh_task *task, hh_run run) {
    guarded(nullptr, [&] {
        checked(task).cancel(run);
        return HH_OK;
    });
}

hh_status hh_task_reset(hh_task *task, hh_error *error) {
    return guarded(error, [&] {
        checked(task).reset();
        return HH_OK;
    });
}

hh_status hh_task_info(hh_task *task, hh_value *json) {
    return guarded(nullptr, [&] {
        checked(task).info(checked(json, "json"));
        return HH_OK;
    });
}

hh_status hh_task_report(hh_task *task, hh_value *json) {
    return guarded(nullptr, [&] {
        checked(task).report(checked(json, "json"));
        return HH_OK;
    });
}

hh_status hh_task_trace(hh_task *task, hh_value *out, hh_error *error) {
    return guarded(error, [&] { return checked(task).trace(checked(out, "out")); });
}

void hh_task_close(hh_task *task) { delete task; }

}  // extern "C"
