// A model of shape `tensors` through hh_task_*, for `nox -s bench`: bench_waist <task.json> <input> <f32 | u8> <sizes ...>
#include "bench.hpp"
#include "harness.hpp"

int main(int argc, char **argv) {
    const OneArray array(argc, argv);
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_TENSOR;
    value.name = array.name;
    value.dtype = array.whole ? HH_DTYPE_U8 : HH_DTYPE_F32;
    for (const std::int64_t size : array.shape) value.shape[value.rank++] = size;
    value.data = array.bytes.data();
    value.size = array.bytes.size();
    Task task(array.model);
    if (task.load() != HH_OK) return 1;
    answer_lines([&] {
        if (hh_task_send(task.raw, &value, &task.run, &task.error) != HH_OK || task.end() != HH_OK) std::exit(1);
        double sum = 0;
        hh_status status = task.receive();
        for (; status == HH_OK; status = task.receive()) sum += array.sum_of(task.out.data, task.out.size);
        if (status != HH_END) std::exit(1);
        return sum;
    });
    return 0;
}
