// hh_value with its memory: what is queued, received and traced.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "handheld.h"

namespace hh {

struct Value {
    hh_value view = HH_VALUE_INIT;  // pointers are set by borrow()
    std::string name;
    std::string data;
    std::array<std::string, 2> planes;
    std::vector<std::string> labels;

    /** Copies everything that `in` points to. Throws Failure if sizes, strides or shapes contradict each other. */
    static Value copy_of(const hh_value &in);
    static Value text(std::string_view port, std::string_view text);
    static Value json(std::string text);
    static Value tokens(std::string_view port, const std::vector<std::int32_t> &ids);

    /** Fills `out` with pointers into this value. Valid until this value changes or dies. */
    void borrow(hh_value &out);
    [[nodiscard]] std::size_t bytes() const { return data.size() + planes[0].size() + planes[1].size(); }

private:
    std::vector<const char *> label_pointers_;
};

/** Bytes of one element, as in status.toml. */
[[nodiscard]] std::size_t dtype_bytes(hh_dtype dtype);

}  // namespace hh
