// task.json: what a task is made of. The generator writes it; hosts, phones and tests read the same file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "core/json.hpp"
#include "core/settings.hpp"

namespace hh {

struct Port {
    std::string name;
    bool input = false;
    hh_kind kind = HH_KIND_END;

    /** Whether it stands for all names that the model has. */
    [[nodiscard]] bool any_name() const { return name == "*"; }
};

struct Manifest {
    Json json;  // as read, for hh_task_info()
    std::string task, runtime, shape, chat_template;
    std::string accelerator = "auto";  // or cpu, gpu, npu: what the app asks for
    std::uint64_t memory = 0;          // bytes that the model may take; 0: no limit
    std::vector<Port> ports;
    std::vector<File> files;
    Settings settings, options;

    /**
     * The input port called `name`, or the first one if `name` is empty; where none of this kind is called so, the port
     * "*" of this kind, which stands for names that only the model knows. Throws Failure(HH_UNKNOWN_PORT, HH_WRONG_KIND).
     */
    [[nodiscard]] const Port &input(const std::string &name, hh_kind kind) const;
    [[nodiscard]] const Port &output() const;
};

/** Reads and checks the manifest and finds its files; reads none of their contents. Throws Failure. */
[[nodiscard]] Manifest read_manifest(const hh_task_options &options);

}  // namespace hh
