package dev.handheld

import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject

/** golden.json: one request whose answer is known, the same on every machine. */
@Serializable
public data class GoldenCase(
    val configure: JsonObject = JsonObject(emptyMap()),
    val send: List<Input>,
    val expect: Expectation,
) {
    @Serializable
    public data class Input(val port: String? = null, val text: String)

    /** @property contains texts that must all be in the answer */
    @Serializable
    public data class Expectation(val contains: List<String> = emptyList())

    /** @property missing the expected texts that were not in the answer; empty means passed */
    public data class Outcome(val text: String, val missing: List<String>, val report: Report) {
        // An answer without text proves nothing, whatever was expected.
        public val passed: Boolean get() = missing.isEmpty() && text.isNotBlank()
    }

    /** Runs the case on a loaded task. */
    public suspend fun run(task: HandheldTask): Outcome {
        task.configure(configure)
        val pieces = task.request(send.map { Value.Text(it.text, it.port) }).filterIsInstance<Value.Text>().toList()
        val text = pieces.joinToString("") { it.text }
        return Outcome(text, expect.contains.filterNot { it in text }, task.report())
    }

    public companion object {
        /** @throws HandheldException with [Status.FILE_INVALID] if the text is no golden case */
        public fun parse(text: String): GoldenCase = decode(text, Status.FILE_INVALID, "golden.json")
    }
}
