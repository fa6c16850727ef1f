// SwiftPM compiles the same sources for every processor; ggml has one file for each.
#if defined(__x86_64__)
#include "arch/x86/repack.cpp"
#elif defined(__aarch64__)
#include "arch/arm/repack.cpp"
#else
#error "No ggml kernels for this processor"
#endif
