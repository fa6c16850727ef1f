// The last lines that the core and the runtimes logged, kept so that an error can carry them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hh {

/** Appends text to the ring; lines are split at '\n'. From any thread. */
void log_append(std::string_view text);

/** A position in the log; lines after it can be read back with log_since(). */
[[nodiscard]] std::size_t log_mark();

/** The lines after `mark`, oldest first, at most `limit` bytes: the newest win. */
[[nodiscard]] std::string log_since(std::size_t mark, std::size_t limit);

/** Whether a line after `mark` says that memory could not be had, which libraries log and then call something else. */
[[nodiscard]] bool memory_ran_out(std::size_t mark);

}  // namespace hh
