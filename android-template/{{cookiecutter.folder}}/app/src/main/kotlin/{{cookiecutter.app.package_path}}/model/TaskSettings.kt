package {{ cookiecutter.app.package }}.model

import android.content.Context
import androidx.core.content.edit
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject

/** What a person has changed among a task's settings; everything else keeps the manifest's default. */
class TaskSettings(context: Context, task: String) {
    private val preferences = context.getSharedPreferences("task_$task", Context.MODE_PRIVATE)
    private val mutableValues = MutableStateFlow(read())

    /** By name, as HandheldTask.configure() takes them. */
    val values: StateFlow<JsonObject> = mutableValues.asStateFlow()

    fun set(name: String, value: JsonElement): Unit = write(JsonObject(values.value + (name to value)))

    fun clear(): Unit = write(JsonObject(emptyMap()))

    private fun write(changed: JsonObject) {
        mutableValues.value = changed
        preferences.edit { putString(KEY, changed.toString()) }
    }

    private fun read(): JsonObject =
        try {
            Json.parseToJsonElement(preferences.getString(KEY, null) ?: "{}").jsonObject
        } catch (_: SerializationException) {
            JsonObject(emptyMap())
        }

    private companion object {
        const val KEY = "settings"
    }
}
