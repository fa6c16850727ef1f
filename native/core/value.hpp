// hh_value with its memory: what is queued, received and traced.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "handheld.h"

namespace hh {

/** A typed array, row-major, in memory that `owner` keeps: copies share it. */
struct Tensor {
    hh_dtype dtype = HH_DTYPE_F32;
    std::vector<std::int64_t> shape;
    const void *data = nullptr;  // aligned for the element type; may be nullptr when there are no elements
    std::size_t bytes = 0;
    std::shared_ptr<const void> owner;
};

struct Value {
    hh_value view = HH_VALUE_INIT;  // pointers are set by borrow()
    std::string name;
    std::string data;
    std::array<std::string, 2> planes;
    std::vector<std::string> labels;
    Tensor lent;  // instead of `data`, for what a runtime made: given on without a copy

    /** Copies everything that `in` points to. Throws Failure if sizes, strides or shapes contradict each other. */
    static Value copy_of(const hh_value &in);
    static Value text(std::string_view port, std::string_view text);
    static Value json(std::string text);
    static Value tokens(std::string_view port, const std::vector<std::int32_t> &ids);
    static Value numbers(std::string_view port, const std::vector<float> &values);
    /** Throws Failure(HH_UNSUPPORTED) for more than 8 dimensions. */
    static Value tensor(std::string_view port, Tensor tensor);
    /** The elements, moved; without a copy. */
    [[nodiscard]] Tensor to_tensor() &&;

    /** Fills `out` with pointers into this value. Valid until this value changes or dies. */
    void borrow(hh_value &out);
    [[nodiscard]] std::size_t bytes() const { return data.size() + planes[0].size() + planes[1].size() + lent.bytes; }

private:
    std::vector<const char *> label_pointers_;
};

/** Bytes of one element, as in status.toml. */
[[nodiscard]] std::size_t dtype_bytes(hh_dtype dtype);

}  // namespace hh
