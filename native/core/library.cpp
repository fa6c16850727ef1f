#include "core/library.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <string>

#include "core/failure.hpp"

namespace hh {
namespace {

#if defined(__APPLE__)
constexpr const char *kSuffix = ".dylib";
#else
constexpr const char *kSuffix = ".so";
#endif

}  // namespace

// Where this code lies: in the core's library, or in the program that has it inside.
std::string library_folder() {
    Dl_info self = {};
    if (dladdr(reinterpret_cast<const void *>(&library_folder), &self) == 0 || self.dli_fname == nullptr) return {};
    const std::string path = self.dli_fname;
    return path.substr(0, path.find_last_of('/') + 1);
}

void *open_library(const char *name) {
    const std::string file = std::string(name) + kSuffix, folder = library_folder();
    void *library = folder.empty() ? nullptr : dlopen((folder + file).c_str(), RTLD_NOW | RTLD_LOCAL);
    std::string why;  // what is there and cannot be opened says more than that it is nowhere else
    if (library == nullptr && !folder.empty() && access((folder + file).c_str(), F_OK) == 0) why = dlerror();
    if (library == nullptr) library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    const char *error = library == nullptr ? dlerror() : nullptr;
    if (library == nullptr)
        throw Failure(HH_RUNTIME_MISSING,
                      file + " cannot be opened: " + (!why.empty() ? why : error != nullptr ? error : "no reason given") +
                          ". It belongs beside the core's library, or into the app's package: build the app again.");
    return library;
}

#if defined(__APPLE__)
void *open_framework(const char *name) {
    const std::string path = "@rpath/" + std::string(name) + ".framework/" + name;
    void *framework = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const char *error = framework == nullptr ? dlerror() : nullptr;
    if (framework == nullptr)
        throw Failure(HH_RUNTIME_MISSING, std::string(name) + ".framework cannot be opened: " +
                                              (error != nullptr ? error : "no reason given") +
                                              ". It belongs into the app's bundle: build the app again.");
    return framework;
}
#endif

void *library_function(void *library, const char *name) {
    void *function = dlsym(library, name);
    if (function == nullptr)
        throw Failure(HH_RUNTIME_MISSING, std::string("The runtime's library lacks ") + name + ": it is of another version.");
    return function;
}

}  // namespace hh
