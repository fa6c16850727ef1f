// Our own declarations of onnxruntime's C API: the functions that backend.cpp calls.
//
// The library gives one table of functions, whose order is part of its ABI: entries are only ever added at the end. So a
// place in the table and a signature are all that is needed of each, and no header has to be fetched. `nox -s
// onnx -- --headers FOLDER` compares every line below with the real header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hh::runtimes::onnxruntime {

struct OrtEnv;
struct OrtStatus;
struct OrtMemoryInfo;
struct OrtSession;
struct OrtValue;
struct OrtRunOptions;
struct OrtTypeInfo;
struct OrtTensorTypeAndShapeInfo;
struct OrtSessionOptions;
struct OrtAllocator;
struct OrtModelMetadata;

/** Element types, ONNXTensorElementDataType; those above 16 have fewer than 8 bits or other layouts of 8. */
enum ElementType : int {
    kFloat = 1, kUint8, kInt8, kUint16, kInt16, kInt32, kInt64, kString, kBool, kFloat16, kDouble, kUint32, kUint64,
    kComplex64, kComplex128, kBfloat16
};
/** ONNXType */
enum ValueType : int { kTensorValue = 1, kSequenceValue, kMapValue, kOpaqueValue, kSparseValue, kOptionalValue };
/** OrtErrorCode */
enum ErrorCode : int {
    kFail = 1, kInvalidArgument, kNoSuchFile, kNoModel, kEngineError, kRuntimeException, kInvalidProtobuf, kModelLoaded,
    kNotImplemented, kInvalidGraph
};
constexpr int kLogWarning = 2, kAllOptimizations = 99, kArenaAllocator = 1, kDefaultMemory = 0;

using LogFunction = void (*)(void *, int severity, const char *category, const char *id, const char *place,
                             const char *message);

/** X(place in OrtApi, result, name, parameters) */
#define HH_ORT_FUNCTIONS(X) \
    X(1, int, GetErrorCode, (const OrtStatus *)) \
    X(2, const char *, GetErrorMessage, (const OrtStatus *)) \
    X(4, OrtStatus *, CreateEnvWithCustomLogger, (LogFunction, void *, int, const char *, OrtEnv **)) \
    X(6, OrtStatus *, DisableTelemetryEvents, (const OrtEnv *)) \
    X(7, OrtStatus *, CreateSession, (const OrtEnv *, const char *, const OrtSessionOptions *, OrtSession **)) \
    X(8, OrtStatus *, CreateSessionFromArray, \
      (const OrtEnv *, const void *, std::size_t, const OrtSessionOptions *, OrtSession **)) \
    X(9, OrtStatus *, Run, \
      (OrtSession *, const OrtRunOptions *, const char *const *, const OrtValue *const *, std::size_t, \
       const char *const *, std::size_t, OrtValue **)) \
    X(10, OrtStatus *, CreateSessionOptions, (OrtSessionOptions **)) \
    X(23, OrtStatus *, SetSessionGraphOptimizationLevel, (OrtSessionOptions *, int)) \
    X(24, OrtStatus *, SetIntraOpNumThreads, (OrtSessionOptions *, int)) \
    X(25, OrtStatus *, SetInterOpNumThreads, (OrtSessionOptions *, int)) \
    X(30, OrtStatus *, SessionGetInputCount, (const OrtSession *, std::size_t *)) \
    X(31, OrtStatus *, SessionGetOutputCount, (const OrtSession *, std::size_t *)) \
    X(33, OrtStatus *, SessionGetInputTypeInfo, (const OrtSession *, std::size_t, OrtTypeInfo **)) \
    X(34, OrtStatus *, SessionGetOutputTypeInfo, (const OrtSession *, std::size_t, OrtTypeInfo **)) \
    X(36, OrtStatus *, SessionGetInputName, (const OrtSession *, std::size_t, OrtAllocator *, char **)) \
    X(37, OrtStatus *, SessionGetOutputName, (const OrtSession *, std::size_t, OrtAllocator *, char **)) \
    X(39, OrtStatus *, CreateRunOptions, (OrtRunOptions **)) \
    X(46, OrtStatus *, RunOptionsSetTerminate, (OrtRunOptions *)) \
    X(49, OrtStatus *, CreateTensorWithDataAsOrtValue, \
      (const OrtMemoryInfo *, void *, std::size_t, const std::int64_t *, std::size_t, int, OrtValue **)) \
    X(51, OrtStatus *, GetTensorMutableData, (OrtValue *, void **)) \
    X(55, OrtStatus *, CastTypeInfoToTensorInfo, (const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **)) \
    X(56, OrtStatus *, GetOnnxTypeFromTypeInfo, (const OrtTypeInfo *, int *)) \
    X(60, OrtStatus *, GetTensorElementType, (const OrtTensorTypeAndShapeInfo *, int *)) \
    X(61, OrtStatus *, GetDimensionsCount, (const OrtTensorTypeAndShapeInfo *, std::size_t *)) \
    X(62, OrtStatus *, GetDimensions, (const OrtTensorTypeAndShapeInfo *, std::int64_t *, std::size_t)) \
    X(63, OrtStatus *, GetSymbolicDimensions, (const OrtTensorTypeAndShapeInfo *, const char **, std::size_t)) \
    X(65, OrtStatus *, GetTensorTypeAndShape, (const OrtValue *, OrtTensorTypeAndShapeInfo **)) \
    X(69, OrtStatus *, CreateCpuMemoryInfo, (int, int, OrtMemoryInfo **)) \
    X(76, OrtStatus *, AllocatorFree, (OrtAllocator *, void *)) \
    X(78, OrtStatus *, GetAllocatorWithDefaultOptions, (OrtAllocator **)) \
    X(93, void, ReleaseStatus, (OrtStatus *)) \
    X(94, void, ReleaseMemoryInfo, (OrtMemoryInfo *)) \
    X(95, void, ReleaseSession, (OrtSession *)) \
    X(96, void, ReleaseValue, (OrtValue *)) \
    X(97, void, ReleaseRunOptions, (OrtRunOptions *)) \
    X(98, void, ReleaseTypeInfo, (OrtTypeInfo *)) \
    X(99, void, ReleaseTensorTypeAndShapeInfo, (OrtTensorTypeAndShapeInfo *)) \
    X(100, void, ReleaseSessionOptions, (OrtSessionOptions *)) \
    X(111, OrtStatus *, SessionGetModelMetadata, (const OrtSession *, OrtModelMetadata **)) \
    X(112, OrtStatus *, ModelMetadataGetProducerName, (const OrtModelMetadata *, OrtAllocator *, char **)) \
    X(113, OrtStatus *, ModelMetadataGetGraphName, (const OrtModelMetadata *, OrtAllocator *, char **)) \
    X(118, void, ReleaseModelMetadata, (OrtModelMetadata *)) \
    X(130, OrtStatus *, AddSessionConfigEntry, (OrtSessionOptions *, const char *, const char *))

/** The functions, and what stands for the process: one environment, which lives as long as the library. */
struct Api {
#define HH_ORT_MEMBER(place, result, name, parameters) result(*name) parameters = nullptr;
    HH_ORT_FUNCTIONS(HH_ORT_MEMBER)
#undef HH_ORT_MEMBER
    std::string version;             // the library's, for example "1.32.0"
    const OrtEnv *env = nullptr;     // logs into our log
    OrtAllocator *allocator = nullptr;  // owns the names that the library gives
};

/** Opens the library at the first call that succeeds. Throws Failure(HH_RUNTIME_MISSING), with what could not be opened. */
[[nodiscard]] const Api &ort();

}  // namespace hh::runtimes::onnxruntime
