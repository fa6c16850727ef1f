#include "runtimes/llama_cpp/start.hpp"

#include <llama.h>

#include <mutex>
#include <string>

#include "core/failure.hpp"
#include "core/log.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

void take_log(ggml_log_level level, const char *text, void *) {
    if (level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR) log_append(text);
}

// ggml's answer to a failed check is abort(); an exception from here ends only the call that asked for too much.
[[noreturn]] void throw_instead_of_abort(const char *message) {
    log_append(std::string(message) + "\n");
    throw Failure(HH_RUNTIME_FAILED, std::string("llama.cpp stopped at an internal check: ") + message);
}

}  // namespace

void init_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(take_log, nullptr);
        ggml_set_abort_callback(throw_instead_of_abort);
        llama_backend_init();
    });
}

}  // namespace hh::runtimes::llama_cpp
