// The same model as in bench_waist.cpp, straight through LiteRT's C API in the way that costs least: buffers are made once,
// written and read in place. plain_litert <model.tflite> <input> <sizes ...>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "bench.hpp"
#include "runtimes/litert/litert_api.hpp"

using namespace hh::runtimes::litert;

static void must(std::int32_t code) {
    if (code == kOk) return;
    std::cerr << "status " << code << "\n";
    std::exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    TensorType type{.element = kFloat32, .layout = {}};
    std::size_t count = 1;
    for (int i = 3; i < argc; ++i) {
        type.layout.sizes[type.layout.rank_and_strides++] = std::atoi(argv[i]);
        count *= static_cast<std::size_t>(std::atoi(argv[i]));
    }
    const std::vector<float> numbers(count, 0.5F);

    Environment *environment = nullptr;
    LoadedModel *model = nullptr;
    CompileOptions *options = nullptr;
    OpaqueOptions *threads = nullptr;
    CompiledModel *compiled = nullptr;
    Requirements *needs = nullptr;
    Buffer *input = nullptr, *output = nullptr;
    const EnvironmentOption quiet[] = {{kLeastSeverity, kErrors}, {kAccelerators, kCpu}};
    must(api().CreateEnvironment(2, quiet, &environment));
    must(api().CreateModelFromFile(environment, argv[1], &model));
    must(api().CreateOptions(&options));
    must(api().SetOptionsHardwareAccelerators(options, kCpu));
    must(api().CreateOpaqueOptions("xnnpack", strdup("num_threads = 1\n"), std::free, &threads));
    must(api().AddOpaqueOptions(options, threads));
    must(api().CreateCompiledModel(environment, model, options, &compiled));
    must(api().GetCompiledModelInputBufferRequirements(compiled, 0, 0, &needs));
    must(api().CreateManagedTensorBufferFromRequirements(environment, &type, needs, &input));
    TensorType result{.element = kFloat32, .layout = {}};
    must(api().GetCompiledModelOutputTensorLayouts(compiled, 0, 1, &result.layout, false));
    must(api().GetCompiledModelOutputBufferRequirements(compiled, 0, 0, &needs));
    must(api().CreateManagedTensorBufferFromRequirements(environment, &result, needs, &output));
    int times = 0;
    while (std::cin >> times) {
        float sum = 0;
        const double start = cpu_seconds();
        for (int i = 0; i < times; ++i) {
            void *memory = nullptr;
            must(api().LockTensorBuffer(input, &memory, kWrite));
            std::memcpy(memory, numbers.data(), count * sizeof(float));
            must(api().UnlockTensorBuffer(input));
            must(api().RunCompiledModel(compiled, 0, 1, &input, 1, &output));
            must(api().LockTensorBuffer(output, &memory, kRead));
            sum += *static_cast<const float *>(memory);
            must(api().UnlockTensorBuffer(output));
        }
        std::printf("{\"cpu_s\": %.9f, \"sum\": %.9g}\n", cpu_seconds() - start, static_cast<double>(sum));
        std::fflush(stdout);
    }
    std::_Exit(0);
}
