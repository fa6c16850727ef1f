#include "runtimes/onnxruntime/ort_api.hpp"

#include <dlfcn.h>

#include <mutex>
#include <optional>

#include "core/failure.hpp"
#include "core/log.hpp"

namespace hh::runtimes::onnxruntime {
namespace {

constexpr std::uint32_t kApiVersion = 17;  // onnxruntime 1.17; later libraries give it too

struct ApiBase {
    const void *(*get_api)(std::uint32_t version);
    const char *(*get_version)();
};

#if defined(__APPLE__)
constexpr const char *kLibrary = "libonnxruntime.dylib";
#else
constexpr const char *kLibrary = "libonnxruntime.so";
#endif

#if defined(HH_ONNXRUNTIME_LINKED)  // where a system opens no libraries, the app is linked to it
extern "C" const ApiBase *OrtGetApiBase();

const ApiBase *open_library() { return OrtGetApiBase(); }
#else
// A build puts the library beside the core; an Android app has it where the system looks by itself.
void *open_beside_core() {
    Dl_info self = {};
    if (dladdr(reinterpret_cast<const void *>(&open_beside_core), &self) == 0 || self.dli_fname == nullptr) return nullptr;
    const std::string path = self.dli_fname;
    if (path.find('/') == std::string::npos) return nullptr;
    return dlopen((path.substr(0, path.find_last_of('/') + 1) + kLibrary).c_str(), RTLD_NOW | RTLD_LOCAL);
}

const ApiBase *open_library() {
    void *library = open_beside_core();
    if (library == nullptr) library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    const char *error = library == nullptr ? dlerror() : nullptr;
    if (library == nullptr)
        throw Failure(HH_RUNTIME_MISSING,
                      std::string(kLibrary) + " cannot be opened: " + (error != nullptr ? error : "no reason given") +
                          ". It belongs beside the core's library, or into the app's package: build the app again.");
    void *function = dlsym(library, "OrtGetApiBase");
    if (function == nullptr)
        throw Failure(HH_RUNTIME_MISSING, std::string(kLibrary) + " is not onnxruntime: it has no OrtGetApiBase.");
    return reinterpret_cast<const ApiBase *(*)()>(function)();
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
        throw Failure(HH_RUNTIME_MISSING, std::string(kLibrary) + " is version " + api.version +
                                              "; at least 1." + std::to_string(kApiVersion) + " is needed.");
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
