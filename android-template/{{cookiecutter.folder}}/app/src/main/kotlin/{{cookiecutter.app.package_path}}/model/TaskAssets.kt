package {{ cookiecutter.app.package }}.model

import android.content.Context
import android.content.res.AssetFileDescriptor
import dev.handheld.GoldenCase
import dev.handheld.HandheldException
import dev.handheld.HandheldTask
import dev.handheld.Manifest
import dev.handheld.ModelStore
import dev.handheld.Status
import dev.handheld.TaskFile
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonObject

/** The folder tasks/ as it lies in the APK. */
class TaskAssets(private val context: Context) {
    private val store = ModelStore(File(context.noBackupFilesDir, "models"))

    /** @throws HandheldException if there is no manifest or it cannot be read */
    suspend fun manifest(name: String): Manifest = Manifest.parse(text(name, "task.json"))

    /** @throws HandheldException if there is no golden case or it cannot be read */
    suspend fun golden(name: String): GoldenCase = GoldenCase.parse(text(name, "golden.json"))

    /**
     * Opens a task with the files that its manifest names. A file that lies uncompressed in the APK is read there; any
     * other is copied once, which [onCopy] follows from 0 to 1.
     */
    suspend fun open(name: String, options: JsonObject? = null, onCopy: (Float) -> Unit = {}): HandheldTask {
        val json = text(name, "task.json")
        val manifest = Manifest.parse(json)
        val files = mutableListOf<TaskFile>()
        try {
            for ((role, file) in manifest.files) files += locate(name, role, file, manifest, onCopy)
        } catch (failure: Throwable) {
            files.filterIsInstance<TaskFile.Descriptor>().forEach { it.owner.close() }
            throw failure
        }
        return HandheldTask.open(json, files, options)
    }

    private suspend fun locate(
        task: String,
        role: String,
        file: String,
        manifest: Manifest,
        onCopy: (Float) -> Unit,
    ): TaskFile {
        if (file !in list(task)) throw HandheldException(Status.FILE_NOT_FOUND, "tasks/$task/$file is not in the app.")
        val path = "$task/$file"
        val inPlace = withContext(Dispatchers.IO) { openInPlace(path) }
        if (inPlace != null) {
            val descriptor = inPlace.parcelFileDescriptor.fd
            return TaskFile.Descriptor(role, descriptor, inPlace.startOffset, inPlace.length, owner = inPlace)
        }
        // The manifest knows size and hash of the model itself only.
        val model = manifest.model.takeIf { role == "weights" }
        val original = ModelStore.Original(file, model?.bytes, model?.sha256) { context.assets.open(path) }
        return TaskFile.Path(role, store.copyOf("$task/$role", original, onCopy))
    }

    /** Null for an asset that is compressed: Android says so with an exception. */
    private fun openInPlace(path: String): AssetFileDescriptor? =
        try {
            context.assets.openFd(path)
        } catch (_: IOException) {
            null
        }

    private fun list(path: String): List<String> = context.assets.list(path).orEmpty().asList()

    private suspend fun text(name: String, file: String): String = withContext(Dispatchers.IO) {
        try {
            context.assets.open("$name/$file").use { it.readBytes().decodeToString() }
        } catch (failure: IOException) {
            throw HandheldException(Status.FILE_NOT_FOUND, "tasks/$name/$file cannot be read: ${failure.message}")
        }
    }
}
