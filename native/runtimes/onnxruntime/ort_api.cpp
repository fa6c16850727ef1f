#include "runtimes/onnxruntime/ort_api.hpp"

#include <dlfcn.h>

#include <charconv>
#include <mutex>
#include <optional>

#include "core/failure.hpp"
#include "core/library.hpp"
#include "core/log.hpp"

namespace hh::runtimes::onnxruntime {

void take_log(void *, int severity, const char *category, const char *, const char *place, const char *message);

namespace {

constexpr std::uint32_t kApiVersion = 17;       // onnxruntime 1.17; later libraries give it too
constexpr std::uint32_t kCountingVersion = 24;  // has HH_ORT_FUNCTIONS_24

struct ApiBase {
    const void *(*get_api)(std::uint32_t version);
    const char *(*get_version)();
};

#if defined(HH_ONNXRUNTIME_LINKED)  // where a system opens no libraries, the app is linked to it
extern "C" const ApiBase *OrtGetApiBase();

const ApiBase *open_library(Api &) { return OrtGetApiBase(); }
#else
const ApiBase *open_library(Api &api) {
    void *library = hh::open_library("libonnxruntime");
    void *nnapi = dlsym(library, "OrtSessionOptionsAppendExecutionProvider_Nnapi");
    api.append_nnapi = reinterpret_cast<decltype(api.append_nnapi)>(nnapi);
    return reinterpret_cast<const ApiBase *(*)()>(library_function(library, "OrtGetApiBase"))();
}
#endif

thread_local LogListener *listener = nullptr;

// 32 of "1.32.0"; onnxruntime numbers its interface like this.
std::uint32_t minor_version(const std::string &version) {
    std::uint32_t minor = 0;
    const char *end = version.data() + version.size();
    const std::size_t dot = version.find('.');
    if (dot != version.npos) std::from_chars(version.data() + dot + 1, end, minor);
    return minor;
}

Api load() {
    Api api;
    const ApiBase *base = open_library(api);
    const auto *table = static_cast<void *const *>(base->get_api(kApiVersion));
    api.version = base->get_version();
    if (table == nullptr)
        throw Failure(HH_RUNTIME_MISSING, "onnxruntime's library is version " + api.version + "; at least 1." +
                                              std::to_string(kApiVersion) + " is needed.");
#define HH_ORT_TAKE(place, result, name, parameters) \
    api.name = reinterpret_cast<result(*) parameters>(table[place]);
    HH_ORT_FUNCTIONS(HH_ORT_TAKE)
    // An older library prints a line when it is asked for a version that it has not: it is asked by its name.
    if (minor_version(api.version) >= kCountingVersion) {
        table = static_cast<void *const *>(base->get_api(kCountingVersion));
        if (table != nullptr) {
            HH_ORT_FUNCTIONS_24(HH_ORT_TAKE)
        }
    }
#undef HH_ORT_TAKE
    OrtEnv *env = nullptr;
    OrtStatus *status = api.CreateEnvWithCustomLogger(take_log, nullptr, kLogWarning, "handheld", &env);
    if (status == nullptr) status = api.DisableTelemetryEvents(env);
    if (status == nullptr) status = api.GetAllocatorWithDefaultOptions(&api.allocator);
    if (status != nullptr) {
        const std::string message = api.GetErrorMessage(status);
        api.ReleaseStatus(status);
        throw Failure(HH_RUNTIME_FAILED, "onnxruntime " + api.version + " cannot start: " + message);
    }
    api.env = env;
    return api;
}

}  // namespace

void take_log(void *, int severity, const char *category, const char *, const char *place, const char *message) {
    if (severity >= kLogWarning)
        log_append(std::string(category != nullptr ? category : "onnxruntime") + ": " + message + "\n");
    if (listener != nullptr) listener->take_(place != nullptr ? place : "", message);
}

LogListener::LogListener(Take take) : take_(std::move(take)) { listener = this; }
LogListener::~LogListener() { listener = nullptr; }

const Api &ort() {
    static std::mutex mutex;
    static std::optional<Api> api;
    const std::lock_guard lock(mutex);
    if (!api) api = load();
    return *api;
}

}  // namespace hh::runtimes::onnxruntime
