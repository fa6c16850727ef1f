#include "runtimes/litert/litert_api.hpp"

#include <dlfcn.h>

#include <mutex>
#include <optional>

#include "core/library.hpp"

namespace hh::runtimes::litert {
namespace {

#if defined(HH_LITERT_FRAMEWORK)  // a framework of the app, which its Swift package brings
void *library_of_litert() { return open_framework("CLiteRT"); }
#else
void *library_of_litert() { return open_library("libLiteRt"); }
#endif

Api load() {
    void *library = library_of_litert();
    Api api;
#define HH_LITERT_TAKE(name, parameters) \
    api.name = reinterpret_cast<decltype(api.name)>(library_function(library, "LiteRt" #name));
    HH_LITERT_FUNCTIONS(HH_LITERT_TAKE)
    HH_LITERT_RELEASES(HH_LITERT_TAKE)
#undef HH_LITERT_TAKE
#define HH_LITERT_TAKE(name, parameters) \
    api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, "LiteRt" #name));
    HH_LITERT_REGISTRY(HH_LITERT_TAKE)
#undef HH_LITERT_TAKE
    return api;
}

}  // namespace

const Api &api() {
    static std::mutex mutex;
    static std::optional<Api> loaded;
    const std::lock_guard lock(mutex);
    if (!loaded) loaded = load();
    return *loaded;
}

}  // namespace hh::runtimes::litert
