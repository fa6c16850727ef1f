#include "runtimes/litert/litert_api.hpp"

#include <mutex>
#include <optional>

#include "core/library.hpp"

namespace hh::runtimes::litert {
namespace {

Api load() {
    void *library = open_library("libLiteRt");
    Api api;
#define HH_LITERT_TAKE(name, parameters) \
    api.name = reinterpret_cast<decltype(api.name)>(library_function(library, "LiteRt" #name));
    HH_LITERT_FUNCTIONS(HH_LITERT_TAKE)
    HH_LITERT_RELEASES(HH_LITERT_TAKE)
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
