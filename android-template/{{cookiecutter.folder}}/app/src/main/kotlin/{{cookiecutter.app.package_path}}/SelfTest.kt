package {{ cookiecutter.app.package }}

import android.content.Context
import android.os.Build
import android.util.AtomicFile
import android.util.Log
import {{ cookiecutter.app.package }}.model.TaskAssets
import dev.handheld.HandheldException
import dev.handheld.HandheldTask
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.add
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray

/**
 * Runs the golden case of each task. The whole report goes to a file; the log gets one line that a computer waits for:
 * `HANDHELD RESULT {json}`. Without that line the run has failed, whatever else happened.
 */
class SelfTest(private val context: Context, private val assets: TaskAssets, private val tasks: List<String>) {
    /** True if every task passed, and there was one. */
    suspend fun run(): Boolean {
        val results = tasks.map { prove(it) }
        val passed = results.isNotEmpty() && results.all { it.getValue("passed").jsonPrimitive.content == "true" }
        val file = withContext(Dispatchers.IO) { write(report(passed, results).toString()) }
        Log.i(TAG, line(passed, results, file))
        return passed
    }

    private suspend fun prove(name: String): JsonObject = try {
        val golden = assets.golden(name)
        assets.open(name).use { task ->
            task.load()
            val outcome = golden.run(task)
            buildJsonObject {
                put("task", name)
                put("passed", outcome.passed)
                put("text", outcome.text)
                putJsonArray("missing") { outcome.missing.forEach { add(it) } }
                put("report", outcome.report.json)
            }
        }
    } catch (failure: HandheldException) {
        failed(name, failure.code, failure.message.orEmpty(), failure.log)
    } catch (failure: LinkageError) {
        failed(name, code = 0, failure.toString(), log = "")
    }

    private fun failed(name: String, code: Int, message: String, log: String) = buildJsonObject {
        put("task", name)
        put("passed", false)
        put("code", code)
        put("message", message)
        put("log", log)
    }

    private fun report(passed: Boolean, results: List<JsonObject>) = buildJsonObject {
        header(passed)
        put("tasks", JsonArray(results))
    }

    private fun JsonObjectBuilder.header(passed: Boolean) {
        put("handheld", 1)
        put("app", context.packageName)
        put("passed", passed)
        put("library", runCatching { HandheldTask.libraryVersion }.getOrNull())
        put("device", "${Build.MANUFACTURER} ${Build.MODEL}")
        put("android", Build.VERSION.SDK_INT)
        putJsonArray("abis") { Build.SUPPORTED_ABIS.forEach { add(it) } }
    }

    /** The log cuts lines at 4 KB, so long texts are cut here first; whole tasks go if that is not enough. */
    internal fun line(passed: Boolean, results: List<JsonObject>, file: File): String {
        val brief = results.map { result ->
            JsonObject(
                result.filterKeys { it != "log" }.mapValues { (key, value) ->
                    if (key in LONG_TEXTS) cut(value.jsonPrimitive.content) else value
                },
            )
        }
        for (count in brief.size downTo 0) {
            val json = buildJsonObject {
                header(passed)
                put("file", file.path)
                put("tasks", JsonArray(brief.take(count)))
            }
            val line = "$SENTINEL $json"
            if (line.encodeToByteArray().size <= MOST_BYTES) return line
        }
        return "$SENTINEL {\"handheld\":1,\"passed\":$passed}"
    }

    private fun cut(text: String) = JsonPrimitive(text.take(LONGEST_TEXT))

    private fun write(text: String): File {
        val file = File(context.getExternalFilesDir(null) ?: context.filesDir, "selftest.json")
        val atomic = AtomicFile(file)
        val stream = atomic.startWrite()
        stream.write(text.encodeToByteArray())
        atomic.finishWrite(stream)
        return file
    }

    private companion object {
        const val TAG = "Handheld"
        const val SENTINEL = "HANDHELD RESULT"
        const val MOST_BYTES = 3000
        const val LONGEST_TEXT = 200
        val LONG_TEXTS = setOf("text", "message")
    }
}
