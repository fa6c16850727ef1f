/* Generated from native/status.toml by `nox -s generate`; do not edit. */
#ifndef HANDHELD_STATUS_H
#define HANDHELD_STATUS_H

/** How a call ended. Below 100: how a stream goes on; 100 and above: failures. */
typedef enum hh_status {
    HH_OK = 0, /**< Done. */
    HH_AGAIN = 1, /**< Nothing to give yet: send more, or make room by receiving. */
    HH_END = 2, /**< The answer is complete. */
    HH_CANCELLED = 3, /**< The run was cancelled. */
    HH_INVALID_ARGUMENT = 100, /**< An argument is missing, out of range or contradicts another. */
    HH_INVALID_STATE = 101, /**< The call comes at the wrong time, for example before the model is loaded. */
    HH_BUSY = 102, /**< A run is in progress; wait for its end or cancel it first. */
    HH_UNSUPPORTED = 103, /**< This build, task or runtime cannot do that. */
    HH_UNKNOWN_PORT = 104, /**< The task has no such input. */
    HH_WRONG_KIND = 105, /**< The input takes another kind of value. */
    HH_INVALID_TEXT = 106, /**< The text is not valid UTF-8. */
    HH_TOO_LARGE = 107, /**< The value is larger than the task accepts. */
    HH_WRONG_SHAPE = 108, /**< The tensor has a shape that the model does not take. */
    HH_WRONG_TYPE = 109, /**< The tensor's elements are of another type than the model takes. */
    HH_FILE_NOT_FOUND = 200, /**< A file is missing. */
    HH_FILE_UNREADABLE = 201, /**< A file cannot be read. */
    HH_FILE_INVALID = 202, /**< A file is damaged or of another kind. */
    HH_MANIFEST_INVALID = 203, /**< The task's manifest (task.json) is damaged or does not fit this build. */
    HH_CONTEXT_FULL = 300, /**< The conversation no longer fits into the model's context. */
    HH_TEMPLATE_FAILED = 301, /**< The model's chat template is missing or cannot be rendered. */
    HH_OUT_OF_MEMORY = 302, /**< There is not enough memory. */
    HH_RUNTIME_FAILED = 303, /**< The runtime reported a failure. */
    HH_RUNTIME_MISSING = 304, /**< The runtime is not part of this build or its library cannot be loaded. */
    HH_TASK_MISSING = 305, /**< The task is not part of this build. */
    HH_INTERNAL = 900, /**< A fault inside Handheld; please report it. */
    HH_STATUS_MAX_ENUM = 0x7fffffff
} hh_status;

/** What a value holds. */
typedef enum hh_kind {
    HH_KIND_END = 0, /**< Closes one request. */
    HH_KIND_TEXT = 1, /**< Valid UTF-8, not NUL-terminated. */
    HH_KIND_AUDIO = 2, /**< Interleaved 32-bit float samples in [-1, 1]. */
    HH_KIND_IMAGE = 3, /**< One picture, RGBA8 or YUV 4:2:0 planes. */
    HH_KIND_TENSOR = 4, /**< A typed, shaped array, row-major. */
    HH_KIND_SCORES = 5, /**< Labels with 32-bit float scores. */
    HH_KIND_JSON = 6, /**< A JSON document as UTF-8. */
    HH_KIND_MAX_ENUM = 0x7fffffff
} hh_kind;

/** The element type of a tensor. */
typedef enum hh_dtype {
    HH_DTYPE_F32 = 0,
    HH_DTYPE_F16 = 1,
    HH_DTYPE_I8 = 2,
    HH_DTYPE_U8 = 3,
    HH_DTYPE_I32 = 4,
    HH_DTYPE_I64 = 5,
    HH_DTYPE_BOOL = 6,
    HH_DTYPE_F64 = 7,
    HH_DTYPE_BF16 = 8,
    HH_DTYPE_I16 = 9,
    HH_DTYPE_U16 = 10,
    HH_DTYPE_U32 = 11,
    HH_DTYPE_U64 = 12,
    HH_DTYPE_MAX_ENUM = 0x7fffffff
} hh_dtype;

/** The layout of an image. */
typedef enum hh_pixels {
    HH_PIXELS_RGBA8 = 0, /**< One plane, four bytes a pixel, alpha last, not premultiplied. */
    HH_PIXELS_YUV420 = 1, /**< Three planes, BT.601, full range; chroma at half width and height. */
    HH_PIXELS_MAX_ENUM = 0x7fffffff
} hh_pixels;

/** X(identifier, name, sentence) for every hh_status. */
#define HH_STATUS_LIST(X) \
    X(HH_OK, "ok", "Done.") \
    X(HH_AGAIN, "again", "Nothing to give yet: send more, or make room by receiving.") \
    X(HH_END, "end", "The answer is complete.") \
    X(HH_CANCELLED, "cancelled", "The run was cancelled.") \
    X(HH_INVALID_ARGUMENT, "invalid_argument", "An argument is missing, out of range or contradicts another.") \
    X(HH_INVALID_STATE, "invalid_state", "The call comes at the wrong time, for example before the model is loaded.") \
    X(HH_BUSY, "busy", "A run is in progress; wait for its end or cancel it first.") \
    X(HH_UNSUPPORTED, "unsupported", "This build, task or runtime cannot do that.") \
    X(HH_UNKNOWN_PORT, "unknown_port", "The task has no such input.") \
    X(HH_WRONG_KIND, "wrong_kind", "The input takes another kind of value.") \
    X(HH_INVALID_TEXT, "invalid_text", "The text is not valid UTF-8.") \
    X(HH_TOO_LARGE, "too_large", "The value is larger than the task accepts.") \
    X(HH_WRONG_SHAPE, "wrong_shape", "The tensor has a shape that the model does not take.") \
    X(HH_WRONG_TYPE, "wrong_type", "The tensor's elements are of another type than the model takes.") \
    X(HH_FILE_NOT_FOUND, "file_not_found", "A file is missing.") \
    X(HH_FILE_UNREADABLE, "file_unreadable", "A file cannot be read.") \
    X(HH_FILE_INVALID, "file_invalid", "A file is damaged or of another kind.") \
    X(HH_MANIFEST_INVALID, "manifest_invalid", "The task's manifest (task.json) is damaged or does not fit this build.") \
    X(HH_CONTEXT_FULL, "context_full", "The conversation no longer fits into the model's context.") \
    X(HH_TEMPLATE_FAILED, "template_failed", "The model's chat template is missing or cannot be rendered.") \
    X(HH_OUT_OF_MEMORY, "out_of_memory", "There is not enough memory.") \
    X(HH_RUNTIME_FAILED, "runtime_failed", "The runtime reported a failure.") \
    X(HH_RUNTIME_MISSING, "runtime_missing", "The runtime is not part of this build or its library cannot be loaded.") \
    X(HH_TASK_MISSING, "task_missing", "The task is not part of this build.") \
    X(HH_INTERNAL, "internal", "A fault inside Handheld; please report it.")

/** X(identifier, name, sentence) for every hh_kind. */
#define HH_KIND_LIST(X) \
    X(HH_KIND_END, "end", "Closes one request.") \
    X(HH_KIND_TEXT, "text", "Valid UTF-8, not NUL-terminated.") \
    X(HH_KIND_AUDIO, "audio", "Interleaved 32-bit float samples in [-1, 1].") \
    X(HH_KIND_IMAGE, "image", "One picture, RGBA8 or YUV 4:2:0 planes.") \
    X(HH_KIND_TENSOR, "tensor", "A typed, shaped array, row-major.") \
    X(HH_KIND_SCORES, "scores", "Labels with 32-bit float scores.") \
    X(HH_KIND_JSON, "json", "A JSON document as UTF-8.")

/** X(identifier, name, bytes) for every hh_dtype. */
#define HH_DTYPE_LIST(X) \
    X(HH_DTYPE_F32, "f32", 4) \
    X(HH_DTYPE_F16, "f16", 2) \
    X(HH_DTYPE_I8, "i8", 1) \
    X(HH_DTYPE_U8, "u8", 1) \
    X(HH_DTYPE_I32, "i32", 4) \
    X(HH_DTYPE_I64, "i64", 8) \
    X(HH_DTYPE_BOOL, "bool", 1) \
    X(HH_DTYPE_F64, "f64", 8) \
    X(HH_DTYPE_BF16, "bf16", 2) \
    X(HH_DTYPE_I16, "i16", 2) \
    X(HH_DTYPE_U16, "u16", 2) \
    X(HH_DTYPE_U32, "u32", 4) \
    X(HH_DTYPE_U64, "u64", 8)

/** X(identifier, name, sentence) for every hh_pixels. */
#define HH_PIXELS_LIST(X) \
    X(HH_PIXELS_RGBA8, "rgba8", "One plane, four bytes a pixel, alpha last, not premultiplied.") \
    X(HH_PIXELS_YUV420, "yuv420", "Three planes, BT.601, full range; chroma at half width and height.")

/* Fields of the JSON that hh_task_report() gives. */
#define HH_REPORT_LOAD_MS "load_ms" /**< Wall time of hh_task_load, milliseconds. */
#define HH_REPORT_TIME_TO_FIRST_TOKEN_MS "time_to_first_token_ms" /**< From the first receive of the last run to its first piece, milliseconds. */
#define HH_REPORT_PROMPT_TOKENS "prompt_tokens" /**< Tokens of the last run's prompt that had to be evaluated (a reused prefix is not counted). */
#define HH_REPORT_REUSED_TOKENS "reused_tokens" /**< Tokens of the last run's prompt that were still in the cache. */
#define HH_REPORT_PROMPT_TOKENS_PER_S "prompt_tokens_per_s" /**< Evaluated prompt tokens per second of wall time. */
#define HH_REPORT_GENERATED_TOKENS "generated_tokens" /**< Tokens generated by the last run. */
#define HH_REPORT_GENERATED_TOKENS_PER_S "generated_tokens_per_s" /**< Generated tokens per second of wall time, the first one excluded. */
#define HH_REPORT_MEMORY "memory" /**< Bytes by part: model, cache, compute and process_peak. */
#define HH_REPORT_THREADS "threads" /**< Threads used for inference. */
#define HH_REPORT_ACCELERATOR "accelerator" /**< What really computed: cpu, gpu or npu. */
#define HH_REPORT_DEVICE "device" /**< Its name; for the CPU the kind of processor that the code in use is built for, where there are several. */
#define HH_REPORT_ACCELERATOR_NOTE "accelerator_note" /**< Why it is not the one asked for, or not the best one; missing when there is nothing to say. */
#define HH_REPORT_ACCELERATOR_NODES "accelerator_nodes" /**< Nodes of the model's graph that the accelerator computes, counted; missing where the CPU computes all of them. */
#define HH_REPORT_GRAPH_NODES "graph_nodes" /**< All nodes of that graph; its parts that became constants while the model was loaded are not in it. */
#define HH_REPORT_DROPPED "dropped" /**< Values dropped because the queue was full. */
#define HH_REPORT_FINISH_REASON "finish_reason" /**< Why the last run ended: stop, length, cancelled, error or none yet. */
#define HH_REPORT_RUNS "runs" /**< How often the last request ran a model of shape tensors or embed. */
#define HH_REPORT_RUN_MS "run_ms" /**< Wall time of one such run, milliseconds; the median, when the request ran it several times. */

#endif /* HANDHELD_STATUS_H */
