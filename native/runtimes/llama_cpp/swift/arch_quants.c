// SwiftPM compiles the same sources for every processor; ggml has one file for each.
#if defined(__x86_64__)
#include "arch/x86/quants.c"
#elif defined(__aarch64__)
#include "arch/arm/quants.c"
#else
#error "No ggml kernels for this processor"
#endif
