// Libraries that a runtime opens when a model is loaded, so that a missing one is a status and not an app without start.
#pragma once

#include <string>

namespace hh {

/**
 * Opens a library and keeps it for as long as the process lives: beside the core first, where a build puts it, then where
 * the system looks by itself, which is where an Android app has its own.
 * @param name  without ".so" or ".dylib"
 * Throws Failure(HH_RUNTIME_MISSING) that says what could not be opened, and why.
 */
[[nodiscard]] void *open_library(const char *name);

#if defined(__APPLE__)
/** The same for a framework of the app's bundle, which is where an iPhone has libraries; `name` without ".framework". */
[[nodiscard]] void *open_framework(const char *name);
#endif

/** Where the core itself lies, which is where a build puts what it opens; with "/" at its end, or empty if nobody knows. */
[[nodiscard]] std::string library_folder();

/** A function of an open library. Throws Failure(HH_RUNTIME_MISSING) that names what is not there. */
[[nodiscard]] void *library_function(void *library, const char *name);

}  // namespace hh
