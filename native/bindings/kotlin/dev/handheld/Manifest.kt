package dev.handheld

import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject

/** task.json, as far as screens need it. Settings and options keep the order in which the task lists them. */
@Serializable
public data class Manifest(
    val task: String,
    val title: String,
    val runtime: String,
    val files: Map<String, String> = emptyMap(),
    val model: Model? = null,
    val ports: List<Port> = emptyList(),
    val settings: Map<String, Setting> = emptyMap(),
    val options: Map<String, Setting> = emptyMap(),
) {
    /** @property bytes the size of the file with the role "weights"; [sha256] is its hash in hexadecimal */
    @Serializable
    public data class Model(
        val name: String,
        val title: String = name,
        val licence: String? = null,
        val bytes: Long? = null,
        val sha256: String? = null,
    )

    /** @property direction "in" or "out" */
    @Serializable
    public data class Port(val name: String, val direction: String, val kind: String, val summary: String = "")

    /** @property type "number", "integer", "boolean", "string", "strings" or "choice" */
    @Serializable
    public data class Setting(
        val type: String,
        val default: JsonElement = JsonNull,
        val minimum: Double? = null,
        val maximum: Double? = null,
        val choices: List<String> = emptyList(),
        val summary: String = "",
    )

    public companion object {
        /** @throws HandheldException with [Status.MANIFEST_INVALID] if the text is no manifest */
        public fun parse(text: String): Manifest = decode(text, Status.MANIFEST_INVALID, "task.json")
    }
}

// Newer generators may write more than this version reads.
internal val lenientJson = Json { ignoreUnknownKeys = true }

internal inline fun <reified T> decode(text: String, otherwise: Status, what: String): T =
    try {
        lenientJson.decodeFromString<T>(text)
    } catch (failure: SerializationException) {
        throw HandheldException(otherwise, "$what cannot be read: ${failure.message}")
    }

internal fun parseObject(bytes: ByteArray): JsonObject =
    decode<JsonElement>(bytes.decodeToString(), Status.INTERNAL, "The core's answer").jsonObject
