// For tests of code inside the core: its exceptions as the status that the public header would give.
#pragma once

#include "core/failure.hpp"

template <typename Work>
hh_status status_of(const Work &work) {
    try {
        work();
        return HH_OK;
    } catch (const hh::Failure &failure) {
        return failure.code();
    }
}
