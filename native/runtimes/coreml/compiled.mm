#import "runtimes/coreml/compiled.hpp"

#import <CommonCrypto/CommonDigest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "core/file.hpp"

#if !__has_feature(objc_arc)
#error "compile this file with -fobjc-arc"
#endif

namespace hh::runtimes::coreml {
namespace {

namespace fs = std::filesystem;

constexpr float kHashed = 0.1F, kCompiled = 0.8F;  // of the load's progress
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::chrono::hours kForgotten{1};  // after which a folder that was begun belongs to nobody

/** What a queue of the framework hands over to the thread that waits. */
struct Outcome {
    dispatch_semaphore_t done = dispatch_semaphore_create(0);
    std::mutex mutex;
    id result = nil;
    NSError *error = nil;
    bool abandoned = false;
};

std::string hex(const unsigned char *bytes, std::size_t count) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
    return text;
}

class Sha256 {
public:
    Sha256() { CC_SHA256_Init(&context_); }
    void add(const void *bytes, std::size_t count) { CC_SHA256_Update(&context_, bytes, static_cast<CC_LONG>(count)); }
    [[nodiscard]] std::string finish() {
        unsigned char digest[CC_SHA256_DIGEST_LENGTH];
        CC_SHA256_Final(digest, &context_);
        return hex(digest, sizeof digest);
    }

private:
    CC_SHA256_CTX context_;
};

/** The hash of a folder: of a line with name and hash for each file, sorted, as app.lock.toml has it. */
std::string hash_of(const fs::path &folder, std::uint64_t bytes, const Progress &progress) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (!it->is_directory()) names.push_back(it->path().lexically_relative(folder).generic_string());
    std::sort(names.begin(), names.end());
    Sha256 whole;
    std::string chunk(kChunk, '\0');
    std::uint64_t done = 0;
    for (const std::string &name : names) {
        Sha256 one;
        const Stream stream = File::from_path("model", (folder / name).string()).open();
        while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), stream.get())) {
            one.add(chunk.data(), count);
            done += count;
            progress(kHashed * static_cast<float>(done) / static_cast<float>(std::max<std::uint64_t>(bytes, done)));
        }
        const std::string line = name + " " + one.finish() + "\n";
        whole.add(line.data(), line.size());
    }
    return whole.finish();
}

/** The folder for compiled models, made if it is not there. */
NSURL *own_folder() {
    NSError *error = nil;
    NSFileManager *files = NSFileManager.defaultManager;
    NSURL *caches = [files URLForDirectory:NSCachesDirectory inDomain:NSUserDomainMask appropriateForURL:nil create:YES
                                     error:&error];
    NSURL *folder = [caches URLByAppendingPathComponent:@"handheld/coreml" isDirectory:YES];
    if (caches == nil || ![files createDirectoryAtURL:folder withIntermediateDirectories:YES attributes:nil error:&error])
        throw Failure(HH_RUNTIME_FAILED, "There is no folder for the compiled model: " + text_of(error));
    return folder;
}

/** Removes what was compiled for another system, and what a killed process had begun. */
void tidy(const fs::path &folder, const std::string &hash, const std::string &wanted) {
    std::error_code error;
    std::vector<fs::path> stale;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        const auto age = fs::file_time_type::clock::now() - it->last_write_time(error);
        const bool begun = name.starts_with(".begun-") && age > kForgotten;
        if (begun || (name.starts_with(hash) && name != wanted)) stale.push_back(it->path());
    }
    for (const fs::path &path : stale) fs::remove_all(path, error);
}

/** Moves a compiled model into its place, whole or not at all; whoever comes second takes the first one's. */
void keep(NSURL *made, NSURL *folder, NSURL *place) {
    NSFileManager *files = NSFileManager.defaultManager;
    NSString *name = [@".begun-" stringByAppendingString:NSUUID.UUID.UUIDString];
    NSURL *begun = [folder URLByAppendingPathComponent:name isDirectory:YES];
    NSError *error = nil;
    // The system's folder for temporary files may lie on another disk, where moving means copying.
    if (![files moveItemAtURL:made toURL:begun error:&error]) {
        [files removeItemAtURL:made error:nil];
        [files removeItemAtURL:begun error:nil];
        throw Failure(HH_RUNTIME_FAILED, "The compiled model cannot be kept: " + text_of(error));
    }
    if (std::rename(begun.fileSystemRepresentation, place.fileSystemRepresentation) == 0) return;
    const int reason = errno;
    [files removeItemAtURL:begun error:nil];
    if (reason != ENOTEMPTY && reason != EEXIST)
        throw Failure(HH_RUNTIME_FAILED, std::string("The compiled model cannot be kept: ") + std::strerror(reason) + ".");
}

NSURL *compile(const std::string &path, const Progress &progress) {
    const auto begin = std::chrono::steady_clock::now();
    // Core ML does not say how far it is: the bar comes nearer to its end, and never reaches it.
    const auto tick = [&] {
        const std::chrono::duration<float> elapsed = std::chrono::steady_clock::now() - begin;
        progress(kHashed + (kCompiled - kHashed) * (1 - std::exp(-elapsed.count() / 10)));
    };
    NSError *error = nil;
    NSURL *source = [NSURL fileURLWithPath:@(path.c_str()) isDirectory:YES];
    id made = wait_for(
        ^(Handler handler) {
            [MLModel compileModelAtURL:source completionHandler:^(NSURL *result, NSError *reason) { handler(result, reason); }];
        },
        tick, ^(id result) { [NSFileManager.defaultManager removeItemAtURL:result error:nil]; }, &error);
    if (made == nil) throw Failure(HH_FILE_INVALID, path + " cannot be compiled by Core ML: " + text_of(error));
    return made;
}

}  // namespace

std::string text_of(NSString *text) {
    const char *bytes = text.UTF8String;
    return bytes != nullptr ? bytes : "no reason given";
}

std::string text_of(NSError *error) {
    if (error == nil) return "no reason given";
    std::string text = text_of(error.localizedDescription);
    if (NSError *beneath = error.userInfo[NSUnderlyingErrorKey]; beneath != nil)
        text += " (" + text_of(beneath.localizedDescription) + ")";
    return text;
}

id wait_for(void (^start)(Handler), const std::function<void()> &tick, void (^late)(id), NSError **error) {
    const auto outcome = std::make_shared<Outcome>();
    start(^(id result, NSError *reason) {
        {
            const std::lock_guard lock(outcome->mutex);
            outcome->result = result;
            outcome->error = reason;
            if (outcome->abandoned && result != nil && late != nil) late(result);
        }
        dispatch_semaphore_signal(outcome->done);
    });
    try {
        while (dispatch_semaphore_wait(outcome->done, dispatch_time(DISPATCH_TIME_NOW, 50 * NSEC_PER_MSEC)) != 0) tick();
        tick();
    } catch (...) {
        const std::lock_guard lock(outcome->mutex);
        outcome->abandoned = true;
        if (outcome->result != nil && late != nil) late(outcome->result);
        throw;
    }
    *error = outcome->error;
    return outcome->result;
}

Compiled compiled_model(const std::string &path, std::uint64_t bytes, const Progress &progress) {
    const std::string hash = hash_of(path, bytes, progress);
    // What was compiled by one version of the system is not for another one.
    const NSOperatingSystemVersion system = NSProcessInfo.processInfo.operatingSystemVersion;
    const std::string name = hash + "-" + std::to_string(system.majorVersion) + "." + std::to_string(system.minorVersion) +
                             "." + std::to_string(system.patchVersion) + ".mlmodelc";
    NSURL *folder = own_folder();
    NSURL *place = [folder URLByAppendingPathComponent:@(name.c_str()) isDirectory:YES];
    tidy(folder.fileSystemRepresentation, hash, name);
    if ([NSFileManager.defaultManager fileExistsAtPath:place.path]) return {place, false};
    keep(compile(path, progress), folder, place);
    return {place, true};
}

void forget(const Compiled &compiled) { [NSFileManager.defaultManager removeItemAtURL:compiled.place error:nil]; }

}  // namespace hh::runtimes::coreml
