// The same model as in bench_waist.cpp, straight through LiteRT's C API in the way that costs least: buffers are made once,
// written and read in place. plain_litert <model.tflite> <input> <f32 | u8> <sizes ...>
#include "bench.hpp"
#include "runtimes/litert/litert_api.hpp"

using namespace hh::runtimes::litert;

static void must(std::int32_t code) {
    if (code == kOk) return;
    std::cerr << "status " << code << "\n";
    std::exit(1);
}

int main(int argc, char **argv) {
    const OneArray array(argc, argv);
    TensorType type{.element = array.whole ? kUint8 : kFloat32, .layout = {}};
    for (const std::int64_t size : array.shape)
        type.layout.sizes[type.layout.rank_and_strides++] = static_cast<std::int32_t>(size);

    Environment *environment = nullptr;
    LoadedModel *model = nullptr;
    CompileOptions *options = nullptr;
    OpaqueOptions *threads = nullptr;
    CompiledModel *compiled = nullptr;
    Requirements *needs = nullptr;
    Buffer *input = nullptr, *output = nullptr;
    const EnvironmentOption quiet[] = {{kLeastSeverity, kErrors}, {kAccelerators, kCpu}};
    must(api().CreateEnvironment(2, quiet, &environment));
    must(api().CreateModelFromFile(environment, array.model, &model));
    must(api().CreateOptions(&options));
    must(api().SetOptionsHardwareAccelerators(options, kCpu));
    must(api().CreateOpaqueOptions("xnnpack", strdup("num_threads = 1\n"), std::free, &threads));
    must(api().AddOpaqueOptions(options, threads));
    must(api().CreateCompiledModel(environment, model, options, &compiled));
    must(api().GetCompiledModelInputBufferRequirements(compiled, 0, 0, &needs));
    must(api().CreateManagedTensorBufferFromRequirements(environment, &type, needs, &input));
    TensorType result{.element = type.element, .layout = {}};
    must(api().GetCompiledModelOutputTensorLayouts(compiled, 0, 1, &result.layout, false));
    must(api().GetCompiledModelOutputBufferRequirements(compiled, 0, 0, &needs));
    must(api().CreateManagedTensorBufferFromRequirements(environment, &result, needs, &output));
    const std::vector<std::int32_t> sizes(result.layout.sizes, result.layout.sizes + result.layout.rank());
    const std::size_t bytes = array.bytes_of(sizes);
    answer_lines([&] {
        void *memory = nullptr;
        must(api().LockTensorBuffer(input, &memory, kWrite));
        std::memcpy(memory, array.bytes.data(), array.bytes.size());
        must(api().UnlockTensorBuffer(input));
        must(api().RunCompiledModel(compiled, 0, 1, &input, 1, &output));
        must(api().LockTensorBuffer(output, &memory, kRead));
        const double sum = array.sum_of(memory, bytes);
        must(api().UnlockTensorBuffer(output));
        return sum;
    });
    std::_Exit(0);
}
