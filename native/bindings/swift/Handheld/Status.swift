// Generated from native/status.toml by `nox -s generate`; do not edit.

/// How a call ended. Below 100: how a stream goes on; 100 and above: failures.
public enum Status: Int32, Sendable, CaseIterable {
    case ok = 0
    case again = 1
    case end = 2
    case cancelled = 3
    case invalidArgument = 100
    case invalidState = 101
    case busy = 102
    case unsupported = 103
    case unknownPort = 104
    case wrongKind = 105
    case invalidText = 106
    case tooLarge = 107
    case wrongShape = 108
    case wrongType = 109
    case fileNotFound = 200
    case fileUnreadable = 201
    case fileInvalid = 202
    case manifestInvalid = 203
    case contextFull = 300
    case templateFailed = 301
    case outOfMemory = 302
    case runtimeFailed = 303
    case runtimeMissing = 304
    case taskMissing = 305
    case `internal` = 900

    /// The meaning as a sentence for a person.
    public var sentence: String {
        switch self {
        case .ok: "Done."
        case .again: "Nothing to give yet: send more, or make room by receiving."
        case .end: "The answer is complete."
        case .cancelled: "The run was cancelled."
        case .invalidArgument: "An argument is missing, out of range or contradicts another."
        case .invalidState: "The call comes at the wrong time, for example before the model is loaded."
        case .busy: "A run is in progress; wait for its end or cancel it first."
        case .unsupported: "This build, task or runtime cannot do that."
        case .unknownPort: "The task has no such input."
        case .wrongKind: "The input takes another kind of value."
        case .invalidText: "The text is not valid UTF-8."
        case .tooLarge: "The value is larger than the task accepts."
        case .wrongShape: "The tensor has a shape that the model does not take."
        case .wrongType: "The tensor's elements are of another type than the model takes."
        case .fileNotFound: "A file is missing."
        case .fileUnreadable: "A file cannot be read."
        case .fileInvalid: "A file is damaged or of another kind."
        case .manifestInvalid: "The task's manifest (task.json) is damaged or does not fit this build."
        case .contextFull: "The conversation no longer fits into the model's context."
        case .templateFailed: "The model's chat template is missing or cannot be rendered."
        case .outOfMemory: "There is not enough memory."
        case .runtimeFailed: "The runtime reported a failure."
        case .runtimeMissing: "The runtime is not part of this build or its library cannot be loaded."
        case .taskMissing: "The task is not part of this build."
        case .internal: "A fault inside Handheld; please report it."
        }
    }
}

/// What a value holds.
public enum Kind: Int32, Sendable, CaseIterable {
    case end = 0
    case text = 1
    case audio = 2
    case image = 3
    case tensor = 4
    case scores = 5
    case json = 6

    /// The meaning as a sentence for a person.
    public var sentence: String {
        switch self {
        case .end: "Closes one request."
        case .text: "Valid UTF-8, not NUL-terminated."
        case .audio: "Interleaved 32-bit float samples in [-1, 1]."
        case .image: "One picture, RGBA8 or YUV 4:2:0 planes."
        case .tensor: "A typed, shaped array, row-major."
        case .scores: "Labels with 32-bit float scores."
        case .json: "A JSON document as UTF-8."
        }
    }
}

/// The element type of a tensor.
public enum DType: Int32, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case i8 = 2
    case u8 = 3
    case i32 = 4
    case i64 = 5
    case bool = 6
    case f64 = 7
    case bf16 = 8
    case i16 = 9
    case u16 = 10
    case u32 = 11
    case u64 = 12

    /// The size of one element in bytes.
    public var bytes: Int {
        switch self {
        case .f32: 4
        case .f16: 2
        case .i8: 1
        case .u8: 1
        case .i32: 4
        case .i64: 8
        case .bool: 1
        case .f64: 8
        case .bf16: 2
        case .i16: 2
        case .u16: 2
        case .u32: 4
        case .u64: 8
        }
    }
}

/// The layout of an image.
public enum Pixels: Int32, Sendable, CaseIterable {
    case rgba8 = 0
    case yuv420 = 1

    /// The meaning as a sentence for a person.
    public var sentence: String {
        switch self {
        case .rgba8: "One plane, four bytes a pixel, alpha last, not premultiplied."
        case .yuv420: "Three planes, BT.601, full range; chroma at half width and height."
        }
    }
}

/// Fields of the JSON that a task's report gives.
public enum ReportField {
    /// Wall time of hh_task_load, milliseconds.
    public static let loadMs = "load_ms"
    /// From the first receive of the last run to its first piece, milliseconds.
    public static let timeToFirstTokenMs = "time_to_first_token_ms"
    /// Tokens of the last run's prompt that had to be evaluated (a reused prefix is not counted).
    public static let promptTokens = "prompt_tokens"
    /// Tokens of the last run's prompt that were still in the cache.
    public static let reusedTokens = "reused_tokens"
    /// Evaluated prompt tokens per second of wall time.
    public static let promptTokensPerS = "prompt_tokens_per_s"
    /// Tokens generated by the last run.
    public static let generatedTokens = "generated_tokens"
    /// Generated tokens per second of wall time, the first one excluded.
    public static let generatedTokensPerS = "generated_tokens_per_s"
    /// Bytes by part: model, cache, compute and process_peak.
    public static let memory = "memory"
    /// Threads used for inference.
    public static let threads = "threads"
    /// What really computed: cpu, gpu or npu.
    public static let accelerator = "accelerator"
    /// Its name; for the CPU the kind of processor that the code in use is built for, where there are several.
    public static let device = "device"
    /// Why it is not the one asked for, or not the best one; missing when there is nothing to say.
    public static let acceleratorNote = "accelerator_note"
    /// Nodes of the model's graph that the accelerator computes, counted; missing where the CPU computes all of them.
    public static let acceleratorNodes = "accelerator_nodes"
    /// All nodes of that graph; its parts that became constants while the model was loaded are not in it.
    public static let graphNodes = "graph_nodes"
    /// Values dropped because the queue was full.
    public static let dropped = "dropped"
    /// Why the last run ended: stop, length, cancelled, error or none yet.
    public static let finishReason = "finish_reason"
    /// How often the last request ran a model of shape tensors or embed.
    public static let runs = "runs"
    /// Wall time of one such run, milliseconds; the median, when the request ran it several times.
    public static let runMs = "run_ms"
}
