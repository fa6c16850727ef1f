#include "core/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/failure.hpp"

namespace hh {
namespace {

[[noreturn]] void unreadable(const std::string &label, int error) {
    const hh_status code = error == ENOENT ? HH_FILE_NOT_FOUND : error == ENOMEM ? HH_OUT_OF_MEMORY : HH_FILE_UNREADABLE;
    throw Failure(code, "Cannot read " + label + ": " + std::strerror(error) + ".");
}

// A stdio stream over a part of a descriptor, or over memory: neither has a descriptor that begins where the file does.
struct Window {
    int fd = -1;                 // owned
    const char *data = nullptr;  // borrowed
    std::int64_t offset = 0, size = 0, position = 0;

    std::int64_t read(char *into, std::size_t count) {
        const std::int64_t n = std::min(static_cast<std::int64_t>(count), size - position);
        if (n <= 0) return 0;
        if (data != nullptr) std::memcpy(into, data + position, static_cast<std::size_t>(n));
        const ssize_t got = data != nullptr ? static_cast<ssize_t>(n)
                                            : pread(fd, into, static_cast<std::size_t>(n), offset + position);
        if (got > 0) position += got;
        return got;
    }

    bool seek(std::int64_t by, int whence) {
        const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : size;
        if (base + by < 0) return false;
        position = base + by;
        return true;
    }
};

int close_window(void *cookie) {
    auto *window = static_cast<Window *>(cookie);
    if (window->fd >= 0) close(window->fd);
    delete window;
    return 0;
}

#if defined(__GLIBC__)
std::FILE *open_window(Window *window) {
    cookie_io_functions_t functions = {};
    functions.read = [](void *cookie, char *into, std::size_t count) -> ssize_t {
        return static_cast<Window *>(cookie)->read(into, count);
    };
    functions.seek = [](void *cookie, off64_t *position, int whence) -> int {
        auto *w = static_cast<Window *>(cookie);
        if (!w->seek(*position, whence)) return -1;
        *position = w->position;
        return 0;
    };
    functions.close = close_window;
    return fopencookie(window, "rb", functions);
}
#else  // Bionic and Apple's libc have the BSD function instead
std::FILE *open_window(Window *window) {
    return funopen(
        window,
        [](void *cookie, char *into, int count) -> int {
            return static_cast<int>(static_cast<Window *>(cookie)->read(into, static_cast<std::size_t>(count)));
        },
        nullptr,
        [](void *cookie, fpos_t position, int whence) -> fpos_t {
            auto *w = static_cast<Window *>(cookie);
            return w->seek(position, whence) ? static_cast<fpos_t>(w->position) : static_cast<fpos_t>(-1);
        },
        close_window);
}
#endif

}  // namespace

File File::from_path(std::string role, std::string path) {
    File file;
    file.role_ = std::move(role);
    file.path_ = std::move(path);
    struct stat info = {};
    if (stat(file.path_.c_str(), &info) != 0) unreadable(file.label(), errno);
    file.size_ = S_ISREG(info.st_mode) ? static_cast<std::int64_t>(info.st_size) : 0;
    return file;
}

File File::from_api(const hh_file &in) {
    if (in.role == nullptr || *in.role == '\0') throw Failure(HH_INVALID_ARGUMENT, "A file without a role was given.");
    const int forms = (in.path != nullptr ? 1 : 0) + (in.fd >= 0 ? 1 : 0) + (in.data != nullptr ? 1 : 0);
    if (forms != 1)
        throw Failure(HH_INVALID_ARGUMENT, std::string("Give the file for role \"") + in.role +
                                               "\" as a path, a descriptor or memory, exactly one of them.");
    if (in.path != nullptr) return from_path(in.role, in.path);
    if (in.offset < 0 || in.length < 0)
        throw Failure(HH_INVALID_ARGUMENT, "A file's offset and length cannot be negative.");
    File file;
    file.role_ = in.role;
    file.data_ = in.data;
    file.size_ = in.length;
    if (in.data != nullptr) return file;
    struct stat info = {};
    if (fstat(in.fd, &info) != 0) unreadable(file.label(), errno);
    const std::int64_t end = info.st_size;
    if (in.offset > end || in.length > end - in.offset)
        throw Failure(HH_FILE_INVALID, "The descriptor for " + file.role_ + " is shorter than its offset and length say.");
    file.fd_ = in.fd;
    file.offset_ = in.offset;
    file.size_ = in.length > 0 ? in.length : end - in.offset;
    file.whole_ = in.offset + file.size_ == end;
    return file;
}

std::string File::label() const {
    if (!path_.empty()) return path_;
    return (data_ != nullptr ? "the memory given for " : "the descriptor given for ") + role_;
}

Stream File::open() const {
    std::FILE *stream = nullptr;
    if (!path_.empty()) {
        stream = std::fopen(path_.c_str(), "rb");
    } else if (mappable()) {
        // A stream of its own over the same open file: /proc and /dev give it its own position.
        stream = std::fopen(("/dev/fd/" + std::to_string(fd_)).c_str(), "rb");
    }
    if (stream == nullptr && path_.empty()) {
        auto *window = new Window{.fd = data_ != nullptr ? -1 : dup(fd_), .data = static_cast<const char *>(data_),
                                  .offset = offset_, .size = size_};
        stream = open_window(window);
        if (stream == nullptr) close_window(window);
    }
    if (stream == nullptr) unreadable(label(), errno);
    return Stream(stream);
}

std::string File::head(std::size_t limit) const {
    const Stream stream = open();
    std::string bytes(limit, '\0');
    bytes.resize(std::fread(bytes.data(), 1, limit, stream.get()));
    if (std::ferror(stream.get()) != 0) unreadable(label(), errno != 0 ? errno : EIO);
    return bytes;
}

const File &file_with_role(const std::vector<File> &files, const std::string &role) {
    for (const File &file : files)
        if (file.role() == role) return file;
    throw Failure(HH_MANIFEST_INVALID, "The manifest names no file for the role \"" + role + "\".");
}

}  // namespace hh
