// What Core ML makes of a package before it can be loaded: compiled once, kept in a folder of the app's own.
#pragma once

#import <CoreML/CoreML.h>
#import <Foundation/Foundation.h>

#include <functional>
#include <string>

#include "core/failure.hpp"

namespace hh::runtimes::coreml {

/** Something for a progress bar, 0 to 1; throws Cancelled when the load was cancelled. */
using Progress = std::function<void(float)>;
/** Called on a queue of the framework, once; exactly one of the two is nil. */
using Handler = void (^)(id result, NSError *error);

[[nodiscard]] std::string text_of(NSString *text);
/** The error's own words, and those of what lies beneath it. */
[[nodiscard]] std::string text_of(NSError *error);

/** Runs a function of Objective-C; an exception of its kind becomes Failure(HH_RUNTIME_FAILED). */
template <typename Function>
auto guarded(const char *doing, Function function) {
    @try {
        return function();
    } @catch (NSException *exception) {
        throw Failure(HH_RUNTIME_FAILED, std::string("Core ML could not ") + doing + ": " + text_of(exception.reason));
    }
}

/**
 * Waits for something that a framework does on a queue of its own.
 * @param start  begins it, and hands the handler on
 * @param tick   called every 50 ms; what it throws ends the wait, not the work
 * @param late   takes a result that nobody waits for any more; may be nil
 * @param error  receives the error
 * @return the result, or nil
 */
id wait_for(void (^start)(Handler handler), const std::function<void()> &tick, void (^late)(id result), NSError **error);

/** Where a package's compiled form lies, or is made: <the app's caches>/handheld/coreml/<hash of all files>. */
struct Compiled {
    NSURL *place;
    bool made;  // compiled a moment ago, and not taken from the folder
};

/**
 * Takes the compiled form of the package at `path`, or compiles it, which may take a minute. A load that is cancelled or
 * killed leaves nothing in the folder.
 * @param bytes  of all files, for the progress
 * Throws Failure, Cancelled.
 */
[[nodiscard]] Compiled compiled_model(const std::string &path, std::uint64_t bytes, const Progress &progress);

/** Removes a compiled form that cannot be loaded. */
void forget(const Compiled &compiled);

}  // namespace hh::runtimes::coreml
