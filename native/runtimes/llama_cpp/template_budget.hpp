// Bounds for chat templates, which come with models from anywhere and are programs: steps, bytes and stack.
#pragma once

#include <cstddef>
#include <string>

namespace jinja {
struct program;
}

namespace hh::runtimes::llama_cpp {

/**
 * Thrown out of a template that does not come to an end or grows without one. No std::exception: the engine catches
 * those and goes on.
 */
struct OutOfBudget {
    std::string why;
};

/** Makes every node of a parsed template count its work. Without a TemplateBudget on the thread nothing is bounded. */
void count_steps(jinja::program &program);

/** Bounds what templates do on this thread while it lives. */
class TemplateBudget {
public:
    /** @param steps  nodes executed, scopes and values copied, kilobytes compared */
    explicit TemplateBudget(std::size_t steps);
    ~TemplateBudget();
    TemplateBudget(const TemplateBudget &) = delete;
    TemplateBudget &operator=(const TemplateBudget &) = delete;
};

}  // namespace hh::runtimes::llama_cpp
