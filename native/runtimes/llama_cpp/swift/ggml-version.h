#pragma once

// What CMake writes from ggml-version.h.in. SwiftPM writes no files; a test compares this with the pinned sources.
#define GGML_VERSION "0.25.3"
#define GGML_COMMIT "0c1e57098"
