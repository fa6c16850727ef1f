/*
 * handheld.h - the whole public C API of the Handheld core. What is not in this file is not published.
 *
 * One task (chat, hotword, ...) with one model, driven as a codec is driven: send values in, receive values out. There
 * are no callbacks and no hidden threads; work happens inside hh_task_load() and hh_task_receive(), on the caller's
 * thread.
 *
 * A complete program, errors left out:
 *
 *     hh_error error = HH_ERROR_INIT;
 *     hh_task_options options = HH_TASK_OPTIONS_INIT;
 *     options.manifest_path = "tasks/chat/task.json";
 *     hh_task *task = NULL;
 *     hh_task_open(&options, &task, &error);             // reads and checks the manifest and the files' headers
 *     hh_task_load(task, &error);                        // the slow part
 *
 *     hh_value in = HH_VALUE_INIT;
 *     in.kind = HH_KIND_TEXT; in.name = "user"; in.data = "Hello!"; in.size = 6;
 *     hh_run run = 0;
 *     hh_task_send(task, &in, &run, &error);             // copies
 *     hh_value end = HH_VALUE_INIT;                      // kind is HH_KIND_END: closes the request
 *     hh_task_send(task, &end, &run, &error);
 *
 *     hh_value out = HH_VALUE_INIT;
 *     while (hh_task_receive(task, &out, &error) == HH_OK)
 *         fwrite(out.data, 1, out.size, stdout);         // until HH_END; then the task takes the next request
 *     hh_task_close(task);
 *
 * Threads. One sending and one receiving thread may overlap. hh_task_cancel() and hh_task_progress() may be called from
 * any thread at any time between open and close. Every other call on one task waits until a running load or receive
 * returns. Different tasks are independent.
 *
 * Ownership. What the caller passes in is copied before the call returns, unless an ownership sentence says otherwise.
 * What a value given by the core points to is borrowed: it stays valid until the next receive, trace, info, report,
 * reset or close on that task, and must not be freed. Using a task after hh_task_close() is undefined, as for any
 * pointer; the Kotlin, Swift and Python bindings turn it into an exception.
 *
 * Errors. A function that can fail returns an hh_status and fills the caller's hh_error (which may be NULL). Codes below
 * 100 say how a stream goes on and are no errors. No exception leaves the core and nothing in it ends the process.
 *
 * Text is UTF-8 without NUL terminator, in both directions. The core refuses text that is not valid and never gives a
 * piece that ends in the middle of a character.
 */
#ifndef HANDHELD_H
#define HANDHELD_H

#include <stddef.h>
#include <stdint.h>

#include "handheld_status.h" /* hh_status, hh_kind, hh_dtype, hh_pixels: generated from status.toml */

#if defined(_WIN32)
#define HH_API
#else
#define HH_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header; hh_version() must give the same text. */
#define HH_VERSION "0.1.0"

/** One open task. Opaque; made by hh_task_open(), ended by hh_task_close(). */
typedef struct hh_task hh_task;

/** Names one request: all values from the first send up to its HH_KIND_END. Counts from 1; 0 stands for the load. */
typedef uint64_t hh_run;

/** The run that stands for hh_task_load() in hh_task_cancel(). */
#define HH_RUN_LOAD ((hh_run)0)

/** What went wrong. Owned by the caller, filled by the core; both texts are NUL-terminated UTF-8, cut to fit. */
typedef struct hh_error {
    hh_status code;
    char message[512]; /**< One sentence for a person. */
    char log[2048];    /**< The last lines that the core and the runtime logged, oldest first. */
} hh_error;

#define HH_ERROR_INIT {HH_OK, {0}, {0}}

/** One file of a task. Give a path, or a descriptor, or memory; the manifest says which roles there are. */
typedef struct hh_file {
    const char *role; /**< For example "weights"; as in task.json. */
    const char *path; /**< A file or folder, or NULL. */
    int64_t offset;   /**< Where the file begins in the descriptor, bytes. */
    int64_t length;   /**< Its length in bytes; 0 with a descriptor: up to the end. */
    const void *data; /**< Borrowed until hh_task_close(), or NULL. `length` bytes. */
    int32_t fd;       /**< A readable, seekable descriptor, or -1. Borrowed until hh_task_load() returns. */
    int32_t reserved; /**< 0 */
} hh_file;

#define HH_FILE_INIT {NULL, NULL, 0, 0, NULL, -1, 0}

/** How to open a task. Give the manifest as a path or as text. */
typedef struct hh_task_options {
    size_t struct_size;        /**< sizeof(hh_task_options), so that fields can be added at the end. */
    const char *manifest_path; /**< task.json; roles not listed in `files` are looked up beside it. */
    const char *manifest_json; /**< The same as text, NUL-terminated; used when manifest_path is NULL. */
    const hh_file *files;      /**< Overrides by role; may be NULL. */
    size_t file_count;
    /**
     * Overrides the manifest's "options", for example {"context": 1024}; may be NULL. Every task takes "accelerator" as
     * well: "auto" (the runtime's choice), "cpu", "gpu" or "npu". What cannot be had falls back to the CPU, and
     * hh_task_report() says so. And every task takes "memory_mb": how many megabytes (1,000,000 bytes) the model may
     * take, its weights, cache and arithmetic together; loading one that needs more is HH_OUT_OF_MEMORY. 0: no limit.
     */
    const char *options_json;
} hh_task_options;

#define HH_TASK_OPTIONS_INIT {sizeof(hh_task_options), NULL, NULL, NULL, 0, NULL}

/** One value. `kind` says which of the groups below is in use; the rest stays zero. */
typedef struct hh_value {
    size_t struct_size; /**< sizeof(hh_value) */
    hh_kind kind;
    int32_t reserved;
    const char *name; /**< The port, for example "user"; NULL means the task's first port of that direction. */
    hh_run run;       /**< Out: the run that made the value. Ignored on send. */

    const void *data; /**< text, json: UTF-8. audio: f32. tensor: elements. scores: f32, one a label. image: plane 0. */
    size_t size;      /**< Bytes at `data`. */

    int32_t rate;     /**< audio: samples per second and channel, Hz. */
    int32_t channels; /**< audio: interleaved channels. */

    hh_pixels pixels;           /**< image: layout of the planes. */
    int32_t width, height;      /**< image: pixels. */
    int32_t rotation;           /**< image: clockwise degrees to turn it upright: 0, 90, 180 or 270. */
    const void *planes[2];      /**< image, yuv420: U and V. */
    int32_t row_strides[3];     /**< image: bytes from row to row, for each plane. */
    int32_t pixel_strides[3];   /**< image: bytes from pixel to pixel, for each plane. */

    hh_dtype dtype;   /**< tensor: element type. */
    int32_t rank;     /**< tensor: used entries of `shape`; scores: 1. */
    int64_t shape[8]; /**< tensor: row-major; scores: shape[0] labels. */

    const char *const *labels; /**< scores: shape[0] NUL-terminated texts. */
} hh_value;

#ifdef __cplusplus
#define HH_VALUE_INIT {sizeof(hh_value), HH_KIND_END, 0, nullptr, 0, nullptr, 0, 0, 0, HH_PIXELS_RGBA8, 0, 0, 0, \
                       {nullptr, nullptr}, {0, 0, 0}, {0, 0, 0}, HH_DTYPE_F32, 0, {0}, nullptr}
#else
#define HH_VALUE_INIT {.struct_size = sizeof(hh_value), .kind = HH_KIND_END}
#endif

/** The library's version, for example "0.1.0". Static. */
HH_API const char *hh_version(void);

/** The sentence of a status in English, for example "The run was cancelled." Static; never NULL. */
HH_API const char *hh_status_sentence(hh_status status);

/** What this binary holds, as JSON: {"version", "runtimes": [...], "shapes": {runtime: [...]}, "tasks": [...]}. Static. */
HH_API const char *hh_build_info(void);

/**
 * Opens a task: reads the manifest, checks options and the headers of the files. Loads no weights.
 * @param options  borrowed for the call
 * @param out      receives the task, or NULL on failure; close it with hh_task_close()
 * @return HH_OK, HH_INVALID_ARGUMENT, HH_MANIFEST_INVALID, HH_FILE_*, HH_TASK_MISSING, HH_RUNTIME_MISSING
 */
HH_API hh_status hh_task_open(const hh_task_options *options, hh_task **out, hh_error *error);

/**
 * Loads the model. Blocks; watch it with hh_task_progress(), stop it with hh_task_cancel(task, HH_RUN_LOAD).
 * Harmless when loaded already; after a cancelled or failed load it may be called again.
 * @return HH_OK, HH_CANCELLED, HH_FILE_*, HH_OUT_OF_MEMORY, HH_RUNTIME_FAILED, HH_TEMPLATE_FAILED
 */
HH_API hh_status hh_task_load(hh_task *task, hh_error *error);

/** How far hh_task_load() is, 0 to 1. From any thread. */
HH_API float hh_task_progress(const hh_task *task);

/**
 * Changes settings between requests, for example {"temperature": 0, "max_tokens": 64}. Unknown names, wrong types and
 * values out of range are refused and nothing is changed. task.json lists the settings of a task.
 * @param json  a NUL-terminated JSON object
 * @return HH_OK, HH_INVALID_ARGUMENT, HH_BUSY
 */
HH_API hh_status hh_task_configure(hh_task *task, const char *json, hh_error *error);

/**
 * Gives one value to the task; it is copied. Never blocks.
 * @param in   HH_KIND_END closes the request
 * @param run  receives the request's run; may be NULL
 * @return HH_OK, HH_AGAIN (the bounded queue is full: receive first), HH_UNKNOWN_PORT, HH_WRONG_KIND, HH_WRONG_SHAPE,
 *         HH_WRONG_TYPE, HH_INVALID_TEXT, HH_TOO_LARGE. A value that is refused leaves the request as it was.
 */
HH_API hh_status hh_task_send(hh_task *task, const hh_value *in, hh_run *run, hh_error *error);

/**
 * Works until there is a value, and gives it. `out` is borrowed until the next receive, reset or close.
 * @return HH_OK (a value), HH_AGAIN (nothing to do: send), HH_END (the request is complete), HH_CANCELLED (the request
 *         was cancelled; what was made so far stays part of the conversation), or an error, which ends the request.
 *         After HH_END, HH_CANCELLED and errors out->run still names the request that ended.
 */
HH_API hh_status hh_task_receive(hh_task *task, hh_value *out, hh_error *error);

/**
 * Asks one run to stop. From any thread; returns at once. The running receive answers HH_CANCELLED within the runtime's
 * cancel granularity (llama.cpp: one decode batch). A run that is over, or not the one named, is never touched.
 * HH_RUN_LOAD stops the load that runs, or the next one when none does: a cancel that comes just before the load's first
 * step is not lost. It is used up by that load, dropped by hh_task_reset(), and without effect once the model is loaded.
 */
HH_API void hh_task_cancel(hh_task *task, hh_run run);

/** Forgets the conversation or stream and all queued values; keeps the model and the settings. HH_OK or an error. */
HH_API hh_status hh_task_reset(hh_task *task, hh_error *error);

/** What the task is: ports, settings with ranges, the model's name, licence and size. `json` is borrowed. */
HH_API hh_status hh_task_info(hh_task *task, hh_value *json);

/** What the task did: times in ms, rates in tokens/s, memory in bytes; fields as in status.toml. `json` is borrowed. */
HH_API hh_status hh_task_report(hh_task *task, hh_value *json);

/**
 * The next intermediate value of the last request, in the order in which they arose; asks for {"trace": true} in the
 * options. Borrowed like a received value.
 * @return HH_OK, HH_END (no more), HH_UNSUPPORTED (tracing is off)
 */
HH_API hh_status hh_task_trace(hh_task *task, hh_value *out, hh_error *error);

/** Frees the task. NULL is harmless. Cancel and leave a running load or receive first: no call may be in progress. */
HH_API void hh_task_close(hh_task *task);

#ifdef __cplusplus
}
#endif
#endif /* HANDHELD_H */
