// Which runtimes and tasks are in this binary: one line each in registry.inc, which the generator renders.
#include "core/runtime.hpp"

#define HH_RUNTIME(name) \
    namespace hh::runtimes::name { \
    extern const Runtime runtime; \
    }
#define HH_TASK(name) \
    namespace hh::tasks::name { \
    extern const TaskType type; \
    }
#include "core/registry.inc"
#undef HH_RUNTIME
#undef HH_TASK

namespace hh {
namespace {

#define HH_RUNTIME(name) &runtimes::name::runtime,
#define HH_TASK(name)
constexpr const Runtime *kRuntimes[] = {
#include "core/registry.inc"
    nullptr};
#undef HH_RUNTIME
#undef HH_TASK

#define HH_RUNTIME(name)
#define HH_TASK(name) &tasks::name::type,
constexpr const TaskType *kTasks[] = {
#include "core/registry.inc"
    nullptr};
#undef HH_RUNTIME
#undef HH_TASK

template <typename Part, std::size_t N>
const Part *find(const Part *const (&parts)[N], const std::string &name) {
    for (const Part *part : parts)
        if (part != nullptr && name == part->name) return part;
    return nullptr;
}

template <typename Part, std::size_t N>
Json names(const Part *const (&parts)[N]) {
    Json list = Json::array();
    for (const Part *part : parts)
        if (part != nullptr) list.push_back(part->name);
    return list;
}

Json shapes() {
    Json list = Json::object();
    for (const Runtime *runtime : kRuntimes) {
        if (runtime == nullptr) continue;
        Json &of = list[runtime->name] = Json::array();
        if (runtime->generate != nullptr) of.push_back("generate");
        if (runtime->tensors != nullptr) of.push_back("tensors");
        if (runtime->embed != nullptr) of.push_back("embed");
    }
    return list;
}

}  // namespace

const Runtime *find_runtime(const std::string &name) { return find(kRuntimes, name); }
const TaskType *find_task(const std::string &name) { return find(kTasks, name); }

const std::string &build_info() {
    static const std::string text =
        dump(Json{{"version", HH_VERSION}, {"runtimes", names(kRuntimes)}, {"shapes", shapes()}, {"tasks", names(kTasks)}});
    return text;
}

}  // namespace hh
