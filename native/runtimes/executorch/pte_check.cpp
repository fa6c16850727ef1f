#include "runtimes/executorch/pte_check.hpp"

#include <cstring>

#include "core/failure.hpp"
#include "core/file_kind.hpp"

namespace hh::runtimes::executorch {
namespace {

// The extended header, as in 1.5.1: behind the first 8 bytes of a FlatBuffer, all of it little-endian.
constexpr std::size_t kHeader = 8, kLength = 12, kProgramSize = 16, kSegmentBase = 24, kSegmentSize = 32;
constexpr std::size_t kHeaderEnd = 40, kOldLength = 24;

template <typename T>
T number_at(const std::string &head, std::size_t at) {
    T value = 0;
    std::memcpy(&value, head.data() + at, sizeof value);
    return value;
}

[[noreturn]] void refuse(const File &file, const std::string &why) {
    throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or truncated ExecuTorch program: " + why + ".");
}

}  // namespace

void check_pte(const File &file) {
    const std::string head = file.head(std::max<std::size_t>(kKindBytes, kHeaderEnd));
    if (head.size() < 8 || head.compare(4, 2, "ET") != 0)
        throw Failure(HH_FILE_INVALID, file.label() + " is not an ExecuTorch program; it is " + file_kind(head) + ".");
    if (head.compare(4, 4, "ET12") != 0)
        throw Failure(HH_UNSUPPORTED, file.label() + " is an ExecuTorch program of the version " + head.substr(4, 4) +
                                          "; this runtime reads ET12. Export it with ExecuTorch 1.5.");
    if (head.size() < kHeaderEnd) refuse(file, "it ends inside its header");
    const auto size = static_cast<std::uint64_t>(file.size());
    if (number_at<std::uint32_t>(head, 0) >= size) refuse(file, "its first table lies behind its end");
    if (head.compare(kHeader, 4, "eh00") != 0) return;  // everything is in the FlatBuffer, which is verified as a whole
    const auto length = number_at<std::uint32_t>(head, kLength);
    const auto program = number_at<std::uint64_t>(head, kProgramSize), base = number_at<std::uint64_t>(head, kSegmentBase);
    const std::uint64_t data = length > kOldLength ? number_at<std::uint64_t>(head, kSegmentSize) : 0;
    if (length < kOldLength || length > size) refuse(file, "its header has a wrong length");
    if (program > size) refuse(file, "the program should be " + std::to_string(program) + " bytes long");
    if (base > size || data > size - base) refuse(file, "its weights should end behind its end");
}

}  // namespace hh::runtimes::executorch
