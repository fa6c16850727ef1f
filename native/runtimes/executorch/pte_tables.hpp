// Reading an ExecuTorch program's FlatBuffer without believing it.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "core/failure.hpp"
#include "core/file.hpp"

namespace hh::runtimes::executorch {

template <typename T>
T number_at(const std::string &head, std::size_t at) {
    T value = 0;
    std::memcpy(&value, head.data() + at, sizeof value);
    return value;
}

[[noreturn]] inline void refuse(const File &file, const std::string &why) {
    throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or truncated ExecuTorch program: " + why + ".");
}

/** The FlatBuffer of a program. Whatever is read lies inside of it, or the file is refused. */
class Tables {
public:
    Tables(const File &file, std::size_t size) : file_(file), data_(file.head(size)) {}

    [[nodiscard]] std::size_t size() const { return data_.size(); }
    [[nodiscard]] std::size_t root() const { return follow(0); }

    /** Where a table's field lies, or 0 if it is not there. */
    [[nodiscard]] std::size_t field(std::size_t table, std::size_t slot) const {
        const std::int64_t back = static_cast<std::int64_t>(table) - at<std::int32_t>(table);
        if (back < 0) refuse(file_, "a table lies before its beginning");
        const std::size_t vtable = static_cast<std::size_t>(back), place = 4 + 2 * slot;
        const std::uint16_t size = at<std::uint16_t>(vtable);
        if (size % 2 != 0) refuse(file_, "half of a field is in a table");
        if (place + 2 > size) return 0;
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
        must_lie_inside(place, sizeof(T));
        return number_at<T>(data_, place);
    }
    template <typename T>
    [[nodiscard]] T number(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        return place == 0 ? 0 : at<T>(place);
    }
    /** How many elements of so many bytes a vector has; all of them lie inside. */
    [[nodiscard]] std::size_t count(std::size_t vector, std::size_t bytes) const {
        const std::size_t items = at<std::uint32_t>(vector);
        if (items > (data_.size() - vector - 4) / bytes) refuse(file_, "a list ends behind its end");
        return items;
    }
    void must_lie_inside(std::size_t place, std::size_t bytes) const {
        if (place > data_.size() || data_.size() - place < bytes) refuse(file_, "it points behind its end");
    }
    /** The elements of a vector, or none. */
    template <typename T>
    [[nodiscard]] std::vector<T> list(std::size_t table, std::size_t slot) const {
        const std::size_t place = field(table, slot);
        if (place == 0) return {};
        const std::size_t first = follow(place);
        std::vector<T> items(count(first, sizeof(T)));
        for (std::size_t i = 0; i < items.size(); ++i) items[i] = at<T>(first + 4 + i * sizeof(T));
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
        const std::size_t first = follow(place);
        std::vector<std::size_t> items(count(first, sizeof(std::uint32_t)));
        for (std::size_t i = 0; i < items.size(); ++i) items[i] = follow(first + 4 + 4 * i);
        return items;
    }

    [[noreturn]] void damaged(const std::string &why) const { refuse(file_, why); }
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

/**
 * Throws Failure(HH_FILE_INVALID) unless each table, list and text that the schema knows of lies inside of the FlatBuffer.
 * ExecuTorch's own libraries look only where they were built to; those for iPhones were not.
 */
void check_tables(const Tables &file);

}  // namespace hh::runtimes::executorch
