package dev.handheld

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.decodeFromJsonElement

/** What a task did. A field is null when the task has no such number (yet). */
@Serializable
public data class Report(
    @SerialName(ReportField.LOAD_MS) val loadMs: Double? = null,
    @SerialName(ReportField.TIME_TO_FIRST_TOKEN_MS) val timeToFirstTokenMs: Double? = null,
    @SerialName(ReportField.PROMPT_TOKENS) val promptTokens: Long? = null,
    @SerialName(ReportField.REUSED_TOKENS) val reusedTokens: Long? = null,
    @SerialName(ReportField.PROMPT_TOKENS_PER_S) val promptTokensPerSecond: Double? = null,
    @SerialName(ReportField.GENERATED_TOKENS) val generatedTokens: Long? = null,
    @SerialName(ReportField.GENERATED_TOKENS_PER_S) val generatedTokensPerSecond: Double? = null,
    @SerialName(ReportField.MEMORY) val memory: Map<String, Long> = emptyMap(),
    @SerialName(ReportField.THREADS) val threads: Int? = null,
    @SerialName(ReportField.ACCELERATOR) val accelerator: String? = null,
    @SerialName(ReportField.DEVICE) val device: String? = null,
    @SerialName(ReportField.ACCELERATOR_NOTE) val acceleratorNote: String? = null,
    @SerialName(ReportField.ACCELERATOR_NODES) val acceleratorNodes: Int? = null,
    @SerialName(ReportField.GRAPH_NODES) val graphNodes: Int? = null,
    @SerialName(ReportField.DROPPED) val dropped: Long? = null,
    @SerialName(ReportField.FINISH_REASON) val finishReason: String? = null,
    @SerialName(ReportField.RUNS) val runs: Int? = null,
    @SerialName(ReportField.RUN_MS) val runMs: Double? = null,
) {
    /** All that the core reported, also what a single task adds. */
    @kotlinx.serialization.Transient
    public var json: JsonObject = JsonObject(emptyMap())
        private set

    /** Bytes that the model takes with its cache and its buffers. */
    public val modelMemory: Long get() = memory.filterKeys { it != PROCESS_PEAK }.values.sum()

    internal companion object {
        private const val PROCESS_PEAK = "process_peak"

        fun parse(bytes: ByteArray): Report {
            val json = parseObject(bytes)
            return lenientJson.decodeFromJsonElement<Report>(json).also { it.json = json }
        }
    }
}
