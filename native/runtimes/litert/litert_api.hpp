// Our own declarations of LiteRT's C API, as of 2.3.0: the functions and structures that backend.cpp uses. No package
// brings headers for them. They are exported by name and their structures are fixed, but the functions' parameters have
// changed between versions, so the library's version is pinned wherever it comes from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hh::runtimes::litert {

struct Environment;
struct LoadedModel;
struct Signature;
struct LiteTensor;
struct CompileOptions;
struct OpaqueOptions;
struct CompiledModel;
struct Requirements;
struct Buffer;
struct OwnAccelerator;
struct DelegateWrapper;

/** LiteRtElementType; the numbers are TensorFlow Lite's. */
enum ElementType : std::int32_t {
    kFloat32 = 1, kInt32 = 2, kUint8 = 3, kInt64 = 4, kString = 5, kBool = 6, kInt16 = 7, kComplex64 = 8, kInt8 = 9,
    kFloat16 = 10, kFloat64 = 11, kComplex128 = 12, kUint64 = 13, kUint32 = 16, kUint16 = 17, kBfloat16 = 19
};
/** LiteRtStatus */
enum Code : std::int32_t { kOk = 0, kInvalidArgument = 1, kOutOfMemory = 2, kUnsupported = 4, kStopped = 100 };
/** LiteRtEnvOption with a whole number (LiteRtAny of type 2) or a text (type 8) as its value. */
struct EnvironmentOption {
    std::int32_t tag = 0, reserved = 0, type = 2, reserved_too = 0;
    union {
        std::int64_t value = 0;
        const char *text;
    };
    EnvironmentOption(std::int32_t of, std::int64_t number) : tag(of), value(number) {}
    EnvironmentOption(std::int32_t of, const char *words) : tag(of), type(8), text(words) {}
};
static_assert(sizeof(EnvironmentOption) == 24);
constexpr std::int32_t kLibraryFolder = 22, kAccelerators = 24, kLeastSeverity = 25, kErrors = 3;  // tags; a severity

constexpr std::int32_t kRanked = 0, kPerTensor = 1, kRead = 0, kWrite = 1;
/** LiteRtHwAccelerators, which are bits. */
constexpr std::int32_t kCpu = 1, kGpu = 2;

/** LiteRtLayout: how many sizes there are stands in the lowest seven bits; a free size is negative. */
struct Layout {
    std::uint32_t rank_and_strides = 0;
    std::int32_t sizes[8] = {};
    std::uint32_t strides[8] = {};
    [[nodiscard]] std::size_t rank() const { return rank_and_strides & 0x7F; }
};
/** LiteRtRankedTensorType */
struct TensorType {
    std::int32_t element = 0;
    Layout layout;
};
static_assert(sizeof(TensorType) == 72);
/** LiteRtQuantizationPerTensor */
struct PerTensor {
    float scale = 0;
    std::int64_t zero_point = 0;
};
static_assert(sizeof(PerTensor) == 16);

/** LiteRtApiVersion */
struct Version {
    std::int32_t major = 1, minor = 0, patch = 0;
};

/** X(name without "LiteRt", parameters); every one gives a Code. */
#define HH_LITERT_FUNCTIONS(X) \
    X(CreateEnvironment, (int, const EnvironmentOption *, Environment **)) \
    X(CreateModelFromFile, (Environment *, const char *, LoadedModel **)) \
    X(CreateModelFromBuffer, (Environment *, const void *, std::size_t, LoadedModel **)) \
    X(GetNumModelSignatures, (LoadedModel *, std::size_t *)) \
    X(GetModelSignature, (LoadedModel *, std::size_t, Signature **)) \
    X(GetNumSignatureInputs, (Signature *, std::size_t *)) \
    X(GetNumSignatureOutputs, (Signature *, std::size_t *)) \
    X(GetSignatureInputName, (Signature *, std::size_t, const char **)) \
    X(GetSignatureOutputName, (Signature *, std::size_t, const char **)) \
    X(GetSignatureInputTensorByIndex, (Signature *, std::size_t, LiteTensor **)) \
    X(GetSignatureOutputTensorByIndex, (Signature *, std::size_t, LiteTensor **)) \
    X(GetTensorTypeId, (LiteTensor *, std::int32_t *)) \
    X(GetRankedTensorType, (LiteTensor *, TensorType *)) \
    X(GetQuantizationTypeId, (LiteTensor *, std::int32_t *)) \
    X(GetPerTensorQuantization, (LiteTensor *, PerTensor *)) \
    X(CreateOptions, (CompileOptions **)) \
    X(SetOptionsHardwareAccelerators, (CompileOptions *, int)) \
    X(CreateOpaqueOptions, (const char *, void *, void (*)(void *), OpaqueOptions **)) \
    X(AddOpaqueOptions, (CompileOptions *, OpaqueOptions *)) \
    X(CreateCompiledModel, (Environment *, LoadedModel *, CompileOptions *, CompiledModel **)) \
    X(CompiledModelResizeInputTensor, (CompiledModel *, std::size_t, std::size_t, const int *, std::size_t)) \
    X(GetCompiledModelInputTensorLayout, (CompiledModel *, std::size_t, std::size_t, Layout *)) \
    X(GetCompiledModelOutputTensorLayouts, (CompiledModel *, std::size_t, std::size_t, Layout *, bool)) \
    X(GetCompiledModelInputBufferRequirements, (CompiledModel *, std::size_t, std::size_t, Requirements **)) \
    X(GetCompiledModelOutputBufferRequirements, (CompiledModel *, std::size_t, std::size_t, Requirements **)) \
    X(CreateManagedTensorBufferFromRequirements, (Environment *, const TensorType *, Requirements *, Buffer **)) \
    X(GetTensorBufferSize, (Buffer *, std::size_t *)) \
    X(LockTensorBuffer, (Buffer *, void **, int)) \
    X(UnlockTensorBuffer, (Buffer *)) \
    X(GetNumAccelerators, (Environment *, std::size_t *)) \
    X(GetAccelerator, (Environment *, std::size_t, OwnAccelerator **)) \
    X(GetAcceleratorHardwareSupport, (OwnAccelerator *, std::int32_t *)) \
    X(SetCompiledModelCancellationFunction, (CompiledModel *, void *, bool (*)(void *))) \
    X(RunCompiledModel, (CompiledModel *, std::size_t, std::size_t, Buffer **, std::size_t, Buffer **))

/** The same; how an accelerator of one's own is registered is no part of what every build of LiteRT shows. */
#define HH_LITERT_REGISTRY(X) \
    X(CreateAccelerator, (OwnAccelerator **)) \
    X(SetAcceleratorGetName, (OwnAccelerator *, std::int32_t (*)(OwnAccelerator *, const char **))) \
    X(SetAcceleratorGetVersion, (OwnAccelerator *, std::int32_t (*)(OwnAccelerator *, Version *))) \
    X(SetAcceleratorGetHardwareSupport, (OwnAccelerator *, std::int32_t (*)(OwnAccelerator *, std::int32_t *))) \
    X(SetDelegateFunction, \
      (OwnAccelerator *, std::int32_t (*)(void *, Environment *, OwnAccelerator *, CompileOptions *, DelegateWrapper **))) \
    X(RegisterAccelerator, (Environment *, OwnAccelerator *, void *, void (*)(void *))) \
    X(WrapDelegate, (void *, void (*)(void *), DelegateWrapper **))

/** X(name without "LiteRt", parameters); they give nothing. */
#define HH_LITERT_RELEASES(X) \
    X(DestroyEnvironment, (Environment *)) \
    X(DestroyModel, (LoadedModel *)) \
    X(DestroyOptions, (CompileOptions *)) \
    X(DestroyCompiledModel, (CompiledModel *)) \
    X(DestroyTensorBuffer, (Buffer *))

struct Api {
#define HH_LITERT_MEMBER(name, parameters) std::int32_t(*name) parameters = nullptr;
    HH_LITERT_FUNCTIONS(HH_LITERT_MEMBER)
    HH_LITERT_REGISTRY(HH_LITERT_MEMBER)  // null where the library does not show them
#undef HH_LITERT_MEMBER
#define HH_LITERT_MEMBER(name, parameters) void(*name) parameters = nullptr;
    HH_LITERT_RELEASES(HH_LITERT_MEMBER)
#undef HH_LITERT_MEMBER
};

/** Opens the library at the first call that succeeds. Throws Failure(HH_RUNTIME_MISSING). */
[[nodiscard]] const Api &api();

}  // namespace hh::runtimes::litert
