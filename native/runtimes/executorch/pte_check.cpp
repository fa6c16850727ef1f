#include "runtimes/executorch/pte_check.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

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

/** The FlatBuffer of a program. Whatever is read lies inside of it, or the file is refused. */
class Tables {
public:
    Tables(const File &file, std::size_t size) : file_(file), data_(file.head(size)) {}

    [[nodiscard]] std::size_t root() const { return follow(0); }

    /** Where a table's field lies, or 0 if it is not there. */
    [[nodiscard]] std::size_t field(std::size_t table, std::size_t slot) const {
        const std::int64_t back = static_cast<std::int64_t>(table) - at<std::int32_t>(table);
        if (back < 0) refuse(file_, "a table lies before its beginning");
        const std::size_t vtable = static_cast<std::size_t>(back), place = 4 + 2 * slot;
        if (place + 2 > at<std::uint16_t>(vtable)) return 0;
        const std::uint16_t offset = at<std::uint16_t>(vtable + place);
        return offset == 0 ? 0 : table + offset;
    }
    [[nodiscard]] std::size_t follow(std::size_t place) const { return place + at<std::uint32_t>(place); }
    /** The table or list that a field leads to. ExecuTorch reads the fields that every program has without asking. */
    [[nodiscard]] std::size_t inner(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        if (place == 0) refuse(file_, "a part that every program has is missing");
        return follow(place);
    }
    void must_have(std::size_t table, std::initializer_list<std::size_t> slots) const {
        for (const std::size_t slot : slots) (void)inner(table, slot);
    }

    template <typename T>
    [[nodiscard]] T at(std::size_t place) const {
        if (place > data_.size() || data_.size() - place < sizeof(T)) refuse(file_, "it points behind its end");
        return number_at<T>(data_, place);
    }
    template <typename T>
    [[nodiscard]] T number(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        return place == 0 ? 0 : at<T>(place);
    }
    /** The elements of a vector, or none. */
    template <typename T>
    [[nodiscard]] std::vector<T> list(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        if (place == 0) return {};
        const std::size_t first = follow(place), count = at<std::uint32_t>(first);
        if (count > (data_.size() - std::min(first, data_.size())) / sizeof(T)) refuse(file_, "a list ends behind its end");
        std::vector<T> items(count);
        for (std::size_t i = 0; i < count; ++i) items[i] = at<T>(first + 4 + i * sizeof(T));
        return items;
    }
    /** The text of a field, or none. */
    [[nodiscard]] std::string text(std::size_t table, std::size_t slot) const {
        const std::vector<char> letters = list<char>(table, slot);
        return {letters.begin(), letters.end()};
    }
    /** The tables of a vector. */
    [[nodiscard]] std::vector<std::size_t> tables(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        if (place == 0) return {};
        const std::size_t first = follow(place), count = list<std::uint32_t>(table, slot).size();
        std::vector<std::size_t> items(count);
        for (std::size_t i = 0; i < count; ++i) items[i] = follow(first + 4 + 4 * i);
        return items;
    }

    /** Refuses places that are not below `count`; -1 stands for a value that is not given. */
    template <typename T>
    void check_places(const std::vector<T> &places, std::size_t count, const char *what) const {
        for (const T place : places)
            if (place < -1 || place >= static_cast<std::int64_t>(count))
                refuse(file_, std::string("it names ") + what + " that it does not have");
    }

private:
    const File &file_;
    std::string data_;
};

// Of schema/program.fbs: where a field lies in its table, and what a union holds.
namespace slot {
constexpr std::size_t plans = 1, inline_data = 3;                                             // Program
constexpr std::size_t name = 0, values = 2, inputs = 3, outputs = 4, chains = 5, operators = 6, delegates = 7,
                      buffer_sizes = 8;                                                       // ExecutionPlan
constexpr std::size_t kind = 0, content = 1;                                                  // EValue, Instruction
constexpr std::size_t sizes = 2, order = 3;                                                   // Tensor
constexpr std::size_t instructions = 2;                                                       // Chain
constexpr std::size_t overload = 1;                                                           // Operator, behind its name
constexpr std::size_t index = 0, arguments = 1;                                               // KernelCall, DelegateCall
constexpr std::size_t identity = 0, processed = 1, where = 0, which = 1;                                    // BackendDelegate and its data
}  // namespace slot
enum Kind : std::uint8_t { kNull = 1, kTensor = 5, kString = 6, kInts = 7, kTensors = 10, kOptionalTensors = 11, kMost = 11 };
enum Instruction : std::uint8_t { kKernel = 1, kDelegate = 2, kMove = 3, kJump = 4, kFree = 5 };

void check_instruction(const Tables &file, std::size_t instruction, std::size_t plan, std::size_t values) {
    const std::size_t call = file.inner(instruction, slot::content);
    const std::vector<std::int32_t> first = {file.number<std::int32_t>(call, slot::index)};
    const auto kind = file.number<std::uint8_t>(instruction, slot::kind);
    if (kind == kKernel || kind == kDelegate) file.must_have(call, {slot::arguments});
    switch (kind) {
        case kKernel:
            file.check_places(first, file.tables(plan, slot::operators).size(), "an operator");
            file.check_places(file.list<std::int32_t>(call, slot::arguments), values, "a value");
            break;
        case kDelegate:
            file.check_places(first, file.tables(plan, slot::delegates).size(), "a delegate");
            file.check_places(file.list<std::int32_t>(call, slot::arguments), values, "a value");
            break;
        case kMove:
            file.check_places<std::int32_t>({first[0], file.number<std::int32_t>(call, slot::arguments)}, values, "a value");
            break;
        case kJump:
        case kFree: file.check_places(first, values, "a value"); break;
        default: break;  // refused by ExecuTorch
    }
}

// ExecuTorch verifies that tables and lists lie inside the file, but takes most places in lists as they are.
void check_plan(const Tables &file, std::size_t plan, std::size_t blobs) {
    file.must_have(plan, {slot::name, slot::values, slot::inputs, slot::outputs, slot::chains, slot::operators,
                          slot::delegates, slot::buffer_sizes});
    const std::vector<std::size_t> values = file.tables(plan, slot::values);
    for (const std::size_t list : {slot::inputs, slot::outputs})
        file.check_places(file.list<std::int32_t>(plan, list), values.size(), "an input or output");
    for (const std::size_t value : values) {
        const auto kind = file.number<std::uint8_t>(value, slot::kind);
        if (kind < kNull || kind > kMost) continue;  // refused by ExecuTorch
        const std::size_t content = file.inner(value, slot::content);
        if (kind == kTensor) file.must_have(content, {slot::sizes, slot::order});
        if (kind >= kString) file.must_have(content, {0});
        if (kind == kInts) file.check_places(file.list<std::int64_t>(content, 0), values.size(), "a value");
        if (kind >= kTensors) file.check_places(file.list<std::int32_t>(content, 0), values.size(), "a value");
    }
    for (const std::size_t chain : file.tables(plan, slot::chains)) {
        file.must_have(chain, {slot::instructions});
        for (const std::size_t instruction : file.tables(chain, slot::instructions))
            check_instruction(file, instruction, plan, values.size());
    }
    for (const std::size_t known : file.tables(plan, slot::operators)) file.must_have(known, {slot::name, slot::overload});
    for (const std::size_t delegate : file.tables(plan, slot::delegates)) {
        file.must_have(delegate, {slot::identity});
        const std::size_t data = file.inner(delegate, slot::processed);
        if (file.number<std::uint8_t>(data, slot::where) == 0)  // inline
            file.check_places<std::int64_t>({file.number<std::uint32_t>(data, slot::which)}, blobs, "a delegate's data");
    }
}

Tables tables_of(const File &file) {
    check_pte(file);
    const std::string head = file.head(kHeaderEnd);
    const bool extended = head.compare(kHeader, 4, "eh00") == 0;
    return {file, static_cast<std::size_t>(extended ? number_at<std::uint64_t>(head, kProgramSize)
                                                    : static_cast<std::uint64_t>(file.size()))};
}

}  // namespace

void check_program(const File &file) {
    const Tables tables = tables_of(file);
    const std::size_t program = tables.root();
    for (const std::size_t plan : tables.tables(program, slot::plans))
        check_plan(tables, plan, tables.tables(program, slot::inline_data).size());
}

std::vector<std::string> operators_of(const File &file) {
    const Tables tables = tables_of(file);
    std::vector<std::string> names;
    for (const std::size_t plan : tables.tables(tables.root(), slot::plans))
        for (const std::size_t known : tables.tables(plan, slot::operators)) {
            const std::string overload = tables.text(known, slot::overload);
            names.push_back(tables.text(known, slot::name) + (overload.empty() ? "" : "." + overload));
        }
    return names;
}

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
