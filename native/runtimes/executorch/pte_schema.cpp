// schema/program.fbs of ExecuTorch 1.5, as far as it says where something lies: what FlatBuffers' own verifier looks at.
#include <span>

#include "runtimes/executorch/pte_tables.hpp"

namespace hh::runtimes::executorch {
namespace {

struct Field;
using Table = std::span<const Field>;  // a field for each slot

struct Field {
    enum Is : std::uint8_t { kNumber, kText, kNumbers, kTable, kTables, kUnion } is;
    std::size_t bytes = 0;                // of a number
    Table of = {};                        // a table's fields
    std::span<const Table> choices = {};  // what a union holds; the slot before it says which, from 1 on
};

constexpr Field number(std::size_t bytes) { return {Field::kNumber, bytes}; }
constexpr Field numbers(std::size_t bytes) { return {Field::kNumbers, bytes}; }
constexpr Field table(Table of) { return {Field::kTable, 0, of}; }
constexpr Field tables(Table of) { return {Field::kTables, 0, of}; }
constexpr Field one_of(std::span<const Table> choices) { return {Field::kUnion, 0, {}, choices}; }
constexpr Field kText = {Field::kText};
constexpr Field kByte = number(1), kInt = number(4), kLong = number(8);

constexpr Field kAllocation[] = {kInt, kInt, kInt};
constexpr Field kExtra[] = {kLong, kText, kByte, kByte, kByte};
constexpr Field kTensor[] = {kByte, kInt, numbers(4), numbers(1), kByte, kInt, table(kAllocation), kByte, kByte, table(kExtra)};
constexpr Field kOneByte[] = {kByte}, kOneLong[] = {kLong}, kOneText[] = {kText};
constexpr Field kBytes[] = {numbers(1)}, kInts[] = {numbers(4)}, kLongs[] = {numbers(8)};
constexpr Table kKinds[] = {{}, kOneLong, kOneByte, kOneLong, kTensor, kOneText, kLongs, kLongs, kBytes, kInts, kInts};
constexpr Field kValue[] = {kByte, one_of(kKinds)};

constexpr Field kCall[] = {kInt, numbers(4)}, kTwo[] = {kInt, kInt}, kOne[] = {kInt};
constexpr Table kCalls[] = {kCall, kCall, kTwo, kTwo, kOne};
constexpr Field kInstruction[] = {kByte, one_of(kCalls)};
constexpr Field kFrame[] = {kText, kInt, kText, kText};
constexpr Field kFrames[] = {tables(kFrame)};
constexpr Field kChain[] = {numbers(4), numbers(4), tables(kInstruction), tables(kFrames)};

constexpr Field kTexts[] = {kText, kText};
constexpr Field kReference[] = {kByte, kInt}, kSpec[] = {kText, numbers(1)};
constexpr Field kDelegate[] = {kText, table(kReference), tables(kSpec)};
constexpr Field kDevice[] = {kInt, kByte, kByte};
constexpr Field kPlan[] = {kText, table(kTexts), tables(kValue), numbers(4), numbers(4), tables(kChain), tables(kTexts),
                           tables(kDelegate), numbers(8), tables(kDevice)};

constexpr Field kSegment[] = {kLong, kLong}, kOffsets[] = {kInt, numbers(8)}, kNamed[] = {kText, kInt};
constexpr Field kProgram[] = {kInt, tables(kPlan), tables(kBytes), tables(kBytes), tables(kSegment), table(kOffsets),
                              tables(kOffsets), tables(kNamed)};

class Walk {
public:
    explicit Walk(const Tables &file) : file_(file), left_(file.size()) {}

    void check(std::size_t table, Table fields) {
        // Many offsets may lead to one table, and from there to another one.
        if (left_-- == 0) file_.damaged("its tables lead to each other more often than it has bytes");
        must_be_aligned(table, 4);
        for (std::size_t slot = 0; slot < fields.size(); ++slot)
            if (const std::size_t place = file_.field(table, slot); place != 0) check(table, slot, place, fields[slot]);
    }

private:
    void check(std::size_t table, std::size_t slot, std::size_t place, const Field &field) {
        switch (field.is) {
            case Field::kNumber:
                file_.must_lie_inside(place, field.bytes);
                must_be_aligned(place, field.bytes);
                break;
            case Field::kText: check_text(file_.follow(place)); break;
            case Field::kNumbers: check_numbers(file_.follow(place), field.bytes); break;
            case Field::kTable: check(file_.follow(place), field.of); break;
            case Field::kTables:
                for (const std::size_t inner : file_.tables(table, slot)) check(inner, field.of);
                break;
            case Field::kUnion:
                const auto kind = file_.number<std::uint8_t>(table, slot - 1);
                if (kind >= 1 && kind <= field.choices.size()) check(file_.follow(place), field.choices[kind - 1]);
                break;
        }
    }

    // Processors read some numbers only where they may lie.
    void must_be_aligned(std::size_t place, std::size_t bytes) const {
        if (place % bytes != 0) file_.damaged("a number lies where none may");
    }

    void check_numbers(std::size_t vector, std::size_t bytes) const {
        must_be_aligned(vector, 4);
        if (file_.count(vector, bytes) > 0) must_be_aligned(vector + 4, bytes);
    }

    void check_text(std::size_t text) const {
        const std::size_t end = text + 4 + file_.count(text, 1);
        if (file_.at<char>(end) != 0) file_.damaged("a text does not end");
    }

    const Tables &file_;
    std::size_t left_;
};

}  // namespace

void check_tables(const Tables &file) { Walk(file).check(file.root(), kProgram); }

}  // namespace hh::runtimes::executorch
