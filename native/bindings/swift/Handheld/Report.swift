import Foundation

/// What a task did. A field is nil when the task has no such number (yet).
public struct Report: Sendable, Equatable, Codable {
    /// Milliseconds.
    public let loadMs: Double?
    /// Milliseconds.
    public let timeToFirstTokenMs: Double?
    /// Tokens that had to be evaluated, and those that were still in the cache.
    public let promptTokens: Int?, reusedTokens: Int?
    public let promptTokensPerSecond: Double?
    public let generatedTokens: Int?
    public let generatedTokensPerSecond: Double?
    /// Bytes by part: "model", "cache", "compute" and "process_peak".
    public let memory: [String: Int]?
    public let threads: Int?
    /// What really computed: "cpu", "gpu" or "npu".
    public let accelerator: String?
    /// Its name; for the CPU the kind of processor that the code in use is built for, where there are several.
    public let device: String?
    /// Why it is not the one asked for, or not the best one.
    public let acceleratorNote: String?
    /// Nodes of the model's graph that the accelerator computes, and all of them; nil where the CPU computes everything.
    public let acceleratorNodes: Int?, graphNodes: Int?
    /// Values dropped because the queue was full.
    public let dropped: Int?
    /// "stop", "length", "cancelled", "error" or "none".
    public let finishReason: String?
    /// How often the last request ran the model, and the milliseconds that one run took; the median.
    public let runs: Int?, runMs: Double?

    enum CodingKeys: String, CodingKey {
        case loadMs = "load_ms"
        case timeToFirstTokenMs = "time_to_first_token_ms"
        case promptTokens = "prompt_tokens"
        case reusedTokens = "reused_tokens"
        case promptTokensPerSecond = "prompt_tokens_per_s"
        case generatedTokens = "generated_tokens"
        case generatedTokensPerSecond = "generated_tokens_per_s"
        case memory, threads, accelerator, device, dropped
        case acceleratorNote = "accelerator_note"
        case acceleratorNodes = "accelerator_nodes"
        case graphNodes = "graph_nodes"
        case finishReason = "finish_reason"
        case runs
        case runMs = "run_ms"
    }
}
