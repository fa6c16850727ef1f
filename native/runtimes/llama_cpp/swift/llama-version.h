#pragma once

// What CMake writes from llama-version.h.in. SwiftPM writes no files; a test compares this with the pinned sources.
#define LLAMA_VERSION "0.5.0-dev"
#define LLAMA_COMMIT "0c1e57098"
