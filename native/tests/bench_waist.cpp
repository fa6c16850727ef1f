// A model of shape `tensors` through hh_task_*, for `nox -s bench`: bench_waist <task.json> <input> <sizes ...>
// Each line of input, a number of requests, is answered with one line of JSON: the CPU seconds that they took.
#include <iostream>

#include "bench.hpp"
#include "harness.hpp"

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_TENSOR;
    value.name = argv[2];
    std::size_t count = 1;
    for (int i = 3; i < argc; ++i) count *= static_cast<std::size_t>(value.shape[value.rank++] = std::atoll(argv[i]));
    const std::vector<float> numbers(count, 0.5F);
    value.data = numbers.data();
    value.size = count * sizeof(float);
    Task task(argv[1]);
    if (task.load() != HH_OK) return 1;
    int times = 0;
    while (std::cin >> times) {
        float sum = 0;
        const double start = cpu_seconds();
        for (int i = 0; i < times; ++i) {
            if (hh_task_send(task.raw, &value, &task.run, &task.error) != HH_OK || task.end() != HH_OK) return 1;
            hh_status status = task.receive();
            for (; status == HH_OK; status = task.receive()) sum += *static_cast<const float *>(task.out.data);
            if (status != HH_END) return 1;
        }
        std::printf("{\"cpu_s\": %.9f, \"sum\": %.9g}\n", cpu_seconds() - start, static_cast<double>(sum));
        std::fflush(stdout);
    }
    return 0;
}
