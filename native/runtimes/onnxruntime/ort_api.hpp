// Our own declarations of onnxruntime's C API: the functions that backend.cpp calls.
//
// The library gives one table of functions, whose order is part of its ABI: entries are only ever added at the end. So a
// place in the table and a signature are all that is needed of each, and no header has to be fetched. `nox -s
// onnx -- --headers FOLDER` compares every line below with the real header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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
struct OrtEpAssignedSubgraph;
struct OrtEpAssignedNode;

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
constexpr int kLogVerbose = 0, kLogWarning = 2, kAllOptimizations = 99, kArenaAllocator = 1, kDefaultMemory = 0;

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
    X(22, OrtStatus *, SetSessionLogSeverityLevel, (OrtSessionOptions *, int)) \
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
    X(41, OrtStatus *, RunOptionsSetRunLogSeverityLevel, (OrtRunOptions *, int)) \
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
    X(125, OrtStatus *, GetAvailableProviders, (char ***, int *)) \
    X(126, OrtStatus *, ReleaseAvailableProviders, (char **, int)) \
    X(130, OrtStatus *, AddSessionConfigEntry, (OrtSessionOptions *, const char *, const char *)) \
    X(216, OrtStatus *, SessionOptionsAppendExecutionProvider, \
      (OrtSessionOptions *, const char *, const char *const *, const char *const *, std::size_t))

/** Those of version 1.24 and later, which say what computes each node: nullptr in an older library. */
#define HH_ORT_FUNCTIONS_24(X) \
    X(407, OrtStatus *, Session_GetEpGraphAssignmentInfo, \
      (const OrtSession *, const OrtEpAssignedSubgraph *const **, std::size_t *)) \
    X(408, OrtStatus *, EpAssignedSubgraph_GetEpName, (const OrtEpAssignedSubgraph *, const char **)) \
    X(409, OrtStatus *, EpAssignedSubgraph_GetNodes, \
      (const OrtEpAssignedSubgraph *, const OrtEpAssignedNode *const **, std::size_t *)) \
    X(412, OrtStatus *, EpAssignedNode_GetOperatorType, (const OrtEpAssignedNode *, const char **))

/** The functions, and what stands for the process: one environment, which lives as long as the library. */
struct Api {
#define HH_ORT_MEMBER(place, result, name, parameters) result(*name) parameters = nullptr;
    HH_ORT_FUNCTIONS(HH_ORT_MEMBER)
    HH_ORT_FUNCTIONS_24(HH_ORT_MEMBER)
#undef HH_ORT_MEMBER
    // Android's neural networks API is the one provider that cannot be named; nullptr where the library has it not.
    OrtStatus *(*append_nnapi)(OrtSessionOptions *, std::uint32_t flags) = nullptr;
    std::string version;             // the library's, for example "1.32.0"
    const OrtEnv *env = nullptr;     // logs into our log
    OrtAllocator *allocator = nullptr;  // owns the names that the library gives
};

/**
 * While one lives, what a session that is made on this thread logs goes to it too, details included. For what the library
 * says in its log and nowhere else.
 */
class LogListener {
public:
    using Take = std::function<void(std::string_view place, std::string_view message)>;
    explicit LogListener(Take take);
    ~LogListener();
    LogListener(const LogListener &) = delete;
    LogListener &operator=(const LogListener &) = delete;

private:
    friend void take_log(void *, int, const char *, const char *, const char *, const char *);
    Take take_;
};

/** Opens the library at the first call that succeeds. Throws Failure(HH_RUNTIME_MISSING), with what could not be opened. */
[[nodiscard]] const Api &ort();

}  // namespace hh::runtimes::onnxruntime
