#include "runtimes/llama_cpp/cpu_variants.hpp"

#ifndef HH_CPU_VARIANTS

#if defined(HH_NEEDS_DOT_PRODUCT) && defined(__aarch64__)
#include <sys/sysctl.h>

#include "core/failure.hpp"
#endif

namespace hh::runtimes::llama_cpp {

const CpuVariant &load_cpu_variant() {
#if defined(HH_NEEDS_DOT_PRODUCT) && defined(__aarch64__)
    int there = 0;
    size_t size = sizeof there;
    if (sysctlbyname("hw.optional.arm.FEAT_DotProd", &there, &size, nullptr, 0) != 0 || there == 0)
        throw Failure(HH_UNSUPPORTED, "This app was made for an A13 or a newer processor; this one has no dot product.");
#endif
    static const CpuVariant only;
    return only;
}

}  // namespace hh::runtimes::llama_cpp

#else

#include <dlfcn.h>
#include <ggml-backend.h>
#include <sys/auxv.h>

#include <cstdlib>
#include <string_view>

#include "core/failure.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

struct Variant {
    const char *name;  // the library is libggml-cpu-<name>.so; cpu_variants.cmake builds it
    bool (*runs_here)();
};

// Best first. What a processor can do is asked of the system, and before a library is loaded: running code of an unknown
// one, even to ask what it needs, may be what ends the process.
#if defined(__aarch64__)
// Bits of the auxiliary vector, as in the kernel's asm/hwcap.h; older headers lack the newer names.
constexpr unsigned long kHalfPrecision = 1UL << 10, kDotProduct = 1UL << 20;
constexpr unsigned long kMatrixProduct = 1UL << 13;  // of the second word

bool has_dot_product() {
    constexpr unsigned long needed = kHalfPrecision | kDotProduct;
    return (getauxval(AT_HWCAP) & needed) == needed;
}

constexpr Variant kVariants[] = {
    {"i8mm", [] { return has_dot_product() && (getauxval(AT_HWCAP2) & kMatrixProduct) != 0; }},
    {"dotprod", has_dot_product},
    {"baseline", [] { return true; }},
};
#elif defined(__x86_64__)
constexpr Variant kVariants[] = {
    {"avx2",
     [] {
         return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("f16c") != 0;
     }},
    {"baseline", [] { return true; }},
};
#endif

// Empty if the library is in now, else why not. By its plain name: inside an APK there is no folder to look into.
std::string load(const char *name) {
    const std::string library = std::string("libggml-cpu-") + name + ".so";
    void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char *why = dlerror();
        return why != nullptr ? why : library + " cannot be loaded";
    }
    const bool taken = ggml_backend_load(library.c_str()) != nullptr;
    dlclose(handle);  // ggml holds its own
    return taken ? "" : library + " is of another version";
}

CpuVariant load_named(std::string_view wanted) {
    for (const Variant &variant : kVariants) {
        if (wanted != variant.name) continue;
        if (!variant.runs_here())
            throw Failure(HH_INVALID_ARGUMENT, "HANDHELD_CPU_VARIANT asks for " + std::string(wanted) +
                                                   ", which this processor cannot run.");
        if (const std::string why = load(variant.name); !why.empty()) throw Failure(HH_RUNTIME_MISSING, why + ".");
        return {variant.name, "HANDHELD_CPU_VARIANT asks for it"};
    }
    throw Failure(HH_INVALID_ARGUMENT, "HANDHELD_CPU_VARIANT asks for the unknown " + std::string(wanted) + ".");
}

CpuVariant load_best() {
    std::string note;
    for (const Variant &variant : kVariants) {
        if (!variant.runs_here()) continue;
        const std::string why = load(variant.name);
        if (why.empty()) return {variant.name, note};
        note += (note.empty() ? "" : "; ") + std::string(variant.name) + " would fit this processor: " + why;
    }
    throw Failure(HH_RUNTIME_MISSING, "No library for this kind of processor can be loaded: " + note + ".");
}

}  // namespace

const CpuVariant &load_cpu_variant() {
    static const CpuVariant loaded = [] {
        const char *wanted = std::getenv("HANDHELD_CPU_VARIANT");
        return wanted != nullptr && *wanted != '\0' ? load_named(wanted) : load_best();
    }();
    return loaded;
}

}  // namespace hh::runtimes::llama_cpp

#endif
