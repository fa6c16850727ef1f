// The same model as in bench_waist.cpp, straight through ExecuTorch's C++ classes in the way that costs least: a method is
// loaded once, and where it leaves memory for the output to its caller, that is lent once; the input is given each time.
// plain_executorch <model.pte> <input> <f32 | u8> <sizes ...>
#include <memory>

#include <executorch/extension/data_loader/mmap_data_loader.h>
#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>
#include <executorch/extension/threadpool/threadpool_guard.h>
#include <executorch/runtime/executor/method.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/platform/runtime.h>

#include "bench.hpp"

using namespace executorch::runtime;
using namespace executorch::aten;
namespace extension = executorch::extension;

static void must(Error error) {
    if (error == Error::Ok) return;
    std::cerr << "error " << static_cast<int>(error) << "\n";
    std::exit(1);
}

template <typename T>
static T must(Result<T> result) {
    must(result.error());
    return std::move(*result);
}

int main(int argc, char **argv) {
    OneArray array(argc, argv);
    runtime_init();
    const extension::threadpool::NoThreadPoolGuard alone;  // on this thread
    auto loader = must(extension::MmapDataLoader::from(array.model, extension::MmapDataLoader::MlockConfig::NoMlock));
    const Program program = must(Program::load(&loader));
    const MethodMeta meta = must(program.method_meta("forward"));
    std::vector<std::vector<std::uint8_t>> planned;
    std::vector<Span<std::uint8_t>> spans;
    for (std::size_t i = 0; i < meta.num_memory_planned_buffers(); ++i)
        planned.emplace_back(static_cast<std::size_t>(must(meta.memory_planned_buffer_size(i))));
    for (std::vector<std::uint8_t> &memory : planned) spans.emplace_back(memory.data(), memory.size());
    extension::MallocMemoryAllocator allocator, temporary;
    HierarchicalAllocator hierarchy({spans.data(), spans.size()});
    MemoryManager manager(&allocator, &hierarchy, &temporary);
    Method method = must(program.load_method("forward", &manager));

    std::vector<SizesType> sizes(array.shape.begin(), array.shape.end());
    std::vector<DimOrderType> order;
    std::vector<StridesType> strides(sizes.size(), 1);
    for (std::size_t i = 0; i < sizes.size(); ++i) order.push_back(static_cast<DimOrderType>(i));
    for (std::size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
    TensorImpl input(array.whole ? ScalarType::Byte : ScalarType::Float, static_cast<ssize_t>(sizes.size()), sizes.data(),
                     array.bytes.data(), order.data(), strides.data());
    const TensorInfo result = must(meta.output_tensor_meta(0));
    std::vector<std::uint8_t> room(result.nbytes());
    if (!result.is_memory_planned()) must(method.set_output_data_ptr(room.data(), room.size(), 0));
    answer_lines([&] {
        must(method.set_input(EValue(Tensor(&input)), 0));
        must(method.execute());
        const Tensor output = method.get_output(0).toTensor();
        return array.sum_of(output.const_data_ptr(), output.nbytes());
    });
    std::_Exit(0);
}
