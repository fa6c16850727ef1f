// One file of a task, whatever form it came in: path, descriptor with offset and length, or memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "handheld.h"

namespace hh {

struct FileCloser {
    void operator()(std::FILE *file) const noexcept { std::fclose(file); }
};
using Stream = std::unique_ptr<std::FILE, FileCloser>;

class File {
public:
    static File from_path(std::string role, std::string path);
    /** Checks that exactly one form is given and that it can be read. Throws Failure. */
    static File from_api(const hh_file &file);

    [[nodiscard]] const std::string &role() const { return role_; }
    /** What a message calls it: the path, or "the descriptor/memory for <role>". */
    [[nodiscard]] std::string label() const;
    /** Not empty if the file has a path of its own. */
    [[nodiscard]] const std::string &path() const { return path_; }
    [[nodiscard]] std::int64_t size() const { return size_; }

    /** A new stdio stream over just this file, at its start. Throws Failure(HH_FILE_*). */
    [[nodiscard]] Stream open() const;
    /** True if open() gives a stream on a real file that begins at its first byte, so that it can be mapped. */
    [[nodiscard]] bool mappable() const { return data_ == nullptr && offset_ == 0 && whole_; }
    /** Up to `limit` bytes from the start. */
    [[nodiscard]] std::string head(std::size_t limit) const;

private:
    std::string role_, path_;
    int fd_ = -1;
    const void *data_ = nullptr;
    std::int64_t offset_ = 0, size_ = 0;
    bool whole_ = true;
};

/** The file with this role. Throws Failure(HH_MANIFEST_INVALID) if the task has none. */
[[nodiscard]] const File &file_with_role(const std::vector<File> &files, const std::string &role);

}  // namespace hh
