// The same model as in bench_waist.cpp, straight through onnxruntime's C API in the way that costs least: input and output
// values are made once, and every run writes into them. plain_onnxruntime <model.onnx> <input> <f32 | u8> <sizes ...>
#include "bench.hpp"
#include "runtimes/onnxruntime/ort_api.hpp"

using namespace hh::runtimes::onnxruntime;

static void must(OrtStatus *status) {
    if (status == nullptr) return;
    std::cerr << ort().GetErrorMessage(status) << "\n";
    std::exit(1);
}

int main(int argc, char **argv) {
    OneArray array(argc, argv);
    OrtSessionOptions *options = nullptr;
    OrtSession *session = nullptr;
    OrtMemoryInfo *memory = nullptr;
    OrtValue *input = nullptr;
    char *output_name = nullptr;
    must(ort().CreateSessionOptions(&options));
    must(ort().SetIntraOpNumThreads(options, 1));
    must(ort().SetInterOpNumThreads(options, 1));
    must(ort().SetSessionGraphOptimizationLevel(options, kAllOptimizations));
    must(ort().CreateSession(ort().env, array.model, options, &session));
    must(ort().CreateCpuMemoryInfo(kArenaAllocator, kDefaultMemory, &memory));
    must(ort().CreateTensorWithDataAsOrtValue(memory, array.bytes.data(), array.bytes.size(), array.shape.data(),
                                              array.shape.size(), array.whole ? kUint8 : kFloat, &input));
    must(ort().SessionGetOutputName(session, 0, ort().allocator, &output_name));
    OrtValue *output = nullptr;  // made by the first run
    must(ort().Run(session, nullptr, &array.name, &input, 1, &output_name, 1, &output));
    OrtTensorTypeAndShapeInfo *result = nullptr;
    must(ort().GetTensorTypeAndShape(output, &result));
    std::size_t rank = 0;
    must(ort().GetDimensionsCount(result, &rank));
    std::vector<std::int64_t> shape(rank);
    must(ort().GetDimensions(result, shape.data(), rank));
    const std::size_t bytes = array.bytes_of(shape);
    answer_lines([&] {
        must(ort().Run(session, nullptr, &array.name, &input, 1, &output_name, 1, &output));
        void *data = nullptr;
        must(ort().GetTensorMutableData(output, &data));
        return array.sum_of(data, bytes);
    });
    std::_Exit(0);
}
