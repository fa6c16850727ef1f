// What a file really is, by the bytes it begins with, for the message when a runtime expected a model of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hh {

/** How many bytes of a file file_kind() looks at. */
constexpr std::size_t kKindBytes = 64;

/** Completes "it is ...", for example "a LiteRT model (.tflite)". */
[[nodiscard]] std::string file_kind(std::string_view head);

}  // namespace hh
