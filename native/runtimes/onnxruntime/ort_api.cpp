#include "runtimes/onnxruntime/ort_api.hpp"

#include <mutex>
#include <optional>

#include "core/failure.hpp"
#include "core/library.hpp"
#include "core/log.hpp"

namespace hh::runtimes::onnxruntime {
namespace {

constexpr std::uint32_t kApiVersion = 17;  // onnxruntime 1.17; later libraries give it too

struct ApiBase {
    const void *(*get_api)(std::uint32_t version);
    const char *(*get_version)();
};

#if defined(HH_ONNXRUNTIME_LINKED)  // where a system opens no libraries, the app is linked to it
extern "C" const ApiBase *OrtGetApiBase();

const ApiBase *open_library() { return OrtGetApiBase(); }
#else
const ApiBase *open_library() {
    void *library = hh::open_library("libonnxruntime");
    return reinterpret_cast<const ApiBase *(*)()>(library_function(library, "OrtGetApiBase"))();
}
#endif

void take_log(void *, int, const char *category, const char *, const char *, const char *message) {
    log_append(std::string(category != nullptr ? category : "onnxruntime") + ": " + message + "\n");
}

Api load() {
    const ApiBase *base = open_library();
    const auto *table = static_cast<void *const *>(base->get_api(kApiVersion));
    Api api;
    api.version = base->get_version();
    if (table == nullptr)
        throw Failure(HH_RUNTIME_MISSING, "onnxruntime's library is version " + api.version + "; at least 1." +
                                              std::to_string(kApiVersion) + " is needed.");
#define HH_ORT_TAKE(place, result, name, parameters) \
    api.name = reinterpret_cast<result(*) parameters>(table[place]);
    HH_ORT_FUNCTIONS(HH_ORT_TAKE)
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

const Api &ort() {
    static std::mutex mutex;
    static std::optional<Api> api;
    const std::lock_guard lock(mutex);
    if (!api) api = load();
    return *api;
}

}  // namespace hh::runtimes::onnxruntime
