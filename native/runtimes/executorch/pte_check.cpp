#include "runtimes/executorch/pte_check.hpp"

#include <algorithm>
#include <vector>

#include "core/failure.hpp"
#include "core/file_kind.hpp"
#include "runtimes/executorch/pte_tables.hpp"

namespace hh::runtimes::executorch {
namespace {

// The extended header, as in 1.5.1: behind the first 8 bytes of a FlatBuffer, all of it little-endian.
constexpr std::size_t kHeader = 8, kLength = 12, kProgramSize = 16, kSegmentBase = 24, kSegmentSize = 32;
constexpr std::size_t kHeaderEnd = 40, kOldLength = 24;

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

// ExecuTorch takes most places in lists as they are.
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
    check_tables(tables);
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
