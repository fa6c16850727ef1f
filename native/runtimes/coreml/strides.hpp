// Arrays whose rows lie apart in memory, as the Neural Engine leaves them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hh::runtimes::coreml {

/**
 * Copies an array's elements one after the other, in row-major order.
 * @param from     `bytes` bytes
 * @param shape    sizes; as many as `strides`
 * @param strides  elements from one index to the next, for each axis; not negative
 * @param element  bytes of one element
 * @param into     room for all elements
 * @return false if the array would reach beyond `bytes`, or a stride is negative; nothing is written then
 */
[[nodiscard]] bool gather(const void *from, std::size_t bytes, std::span<const std::int64_t> shape,
                          std::span<const std::int64_t> strides, std::size_t element, void *into);

}  // namespace hh::runtimes::coreml
