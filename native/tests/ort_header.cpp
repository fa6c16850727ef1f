// Compares the declarations of runtimes/onnxruntime/ort_api.hpp with onnxruntime's own header: places, signatures,
// constants. Compiling it is the test; `nox -s onnx` does.
#include <onnxruntime_c_api.h>

#include <cstddef>
#include <type_traits>

#include "runtimes/onnxruntime/ort_api.hpp"

namespace {

namespace ours = hh::runtimes::onnxruntime;

// Both sides reduced to what a call passes: a pointer is a pointer, an enumeration an int.
template <typename T>
struct Passed {
    using type = T;
};
template <typename T>
    requires std::is_pointer_v<T>
struct Passed<T> {
    using type = void *;
};
template <typename T>
    requires std::is_enum_v<T>
struct Passed<T> {
    using type = int;
};

template <typename Function>
struct Signature;
template <typename Result, typename... Parameters>
struct Signature<Result (*)(Parameters...)> {
    using type = typename Passed<Result>::type (*)(typename Passed<Parameters>::type...);
};
template <typename Result, typename... Parameters>
struct Signature<Result (*)(Parameters...) noexcept> {
    using type = typename Signature<Result (*)(Parameters...)>::type;
};

#define COMPARE(place, result, name, parameters) \
    static_assert(offsetof(::OrtApi, name) == place * sizeof(void *), #name " has another place"); \
    static_assert(std::is_same_v<Signature<decltype(::OrtApi::name)>::type, Signature<decltype(ours::Api::name)>::type>, \
                  #name " has other parameters");
HH_ORT_FUNCTIONS(COMPARE)
#if ORT_API_VERSION >= 24
HH_ORT_FUNCTIONS_24(COMPARE)
#endif
#undef COMPARE

static_assert(int(ours::kFloat) == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
static_assert(int(ours::kString) == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
static_assert(int(ours::kBfloat16) == ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16);
static_assert(int(ours::kTensorValue) == ONNX_TYPE_TENSOR && int(ours::kOptionalValue) == ONNX_TYPE_OPTIONAL);
static_assert(int(ours::kFail) == ORT_FAIL && int(ours::kInvalidGraph) == ORT_INVALID_GRAPH);
static_assert(ours::kLogVerbose == ORT_LOGGING_LEVEL_VERBOSE && ours::kLogWarning == ORT_LOGGING_LEVEL_WARNING);
static_assert(ours::kAllOptimizations == ORT_ENABLE_ALL);
static_assert(ours::kArenaAllocator == OrtArenaAllocator && ours::kDefaultMemory == OrtMemTypeDefault);

}  // namespace
