// The same model as in bench_waist.cpp, straight through onnxruntime's C API in the way that costs least: input and output
// values are made once, and every run writes into them. plain_onnxruntime <model.onnx> <input> <sizes ...>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "bench.hpp"
#include "runtimes/onnxruntime/ort_api.hpp"

using namespace hh::runtimes::onnxruntime;

static void must(OrtStatus *status) {
    if (status == nullptr) return;
    std::cerr << ort().GetErrorMessage(status) << "\n";
    std::exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    std::vector<std::int64_t> shape;
    std::size_t count = 1;
    for (int i = 3; i < argc; ++i) shape.push_back(std::atoll(argv[i]));
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<float> numbers(count, 0.5F);

    OrtSessionOptions *options = nullptr;
    OrtSession *session = nullptr;
    OrtMemoryInfo *memory = nullptr;
    OrtValue *input = nullptr;
    char *output_name = nullptr;
    must(ort().CreateSessionOptions(&options));
    must(ort().SetIntraOpNumThreads(options, 1));
    must(ort().SetInterOpNumThreads(options, 1));
    must(ort().SetSessionGraphOptimizationLevel(options, kAllOptimizations));
    must(ort().CreateSession(ort().env, argv[1], options, &session));
    must(ort().CreateCpuMemoryInfo(kArenaAllocator, kDefaultMemory, &memory));
    must(ort().CreateTensorWithDataAsOrtValue(memory, numbers.data(), count * sizeof(float), shape.data(), shape.size(),
                                              kFloat, &input));
    must(ort().SessionGetOutputName(session, 0, ort().allocator, &output_name));
    OrtValue *output = nullptr;  // made by the first run
    int times = 0;
    while (std::cin >> times) {
        float sum = 0;
        const double start = cpu_seconds();
        for (int i = 0; i < times; ++i) {
            must(ort().Run(session, nullptr, &argv[2], &input, 1, &output_name, 1, &output));
            void *data = nullptr;
            must(ort().GetTensorMutableData(output, &data));
            sum += *static_cast<const float *>(data);
        }
        std::printf("{\"cpu_s\": %.9f, \"sum\": %.9g}\n", cpu_seconds() - start, static_cast<double>(sum));
        std::fflush(stdout);
    }
    std::_Exit(0);
}
