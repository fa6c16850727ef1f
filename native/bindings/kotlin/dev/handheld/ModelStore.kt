package dev.handheld

import java.io.File
import java.io.IOException
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.security.MessageDigest
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * Keeps copies of model files that the core cannot read where they lie, for example compressed assets.
 *
 * A copy appears under its name only when it is whole and its hash is right; a copy of an older model is removed.
 */
public class ModelStore(private val folder: File) {
    /** What is to be copied. `bytes` and `sha256` may be unknown; then only the end of the stream is a proof. */
    public class Original(
        public val name: String,
        public val bytes: Long?,
        public val sha256: String?,
        public val open: () -> InputStream,
    )

    /**
     * The copy of `original` in the slot `slot`, made if it is not there yet. Cancelling leaves nothing behind.
     *
     * @param slot a folder of its own, for example "chat/weights"; it holds one file
     * @param onProgress called with 0 to 1, in a background context
     * @throws HandheldException FILE_UNREADABLE if there is no room or reading fails, FILE_INVALID if the hash differs
     */
    public suspend fun copyOf(slot: String, original: Original, onProgress: (Float) -> Unit = {}): File =
        copying.withLock {
            withContext(Dispatchers.IO) {
                val slotFolder = File(folder, slot)
                // The hash is in the name, so that another model under the old file name is never taken for this one.
                val parts = listOfNotNull(original.sha256?.take(HASH_IN_NAME), original.name)
                val copy = File(slotFolder, parts.joinToString("-"))
                if (!copy.isFile || (original.bytes ?: copy.length()) != copy.length()) {
                    slotFolder.listFiles().orEmpty().forEach { it.delete() }
                    checkRoom(slotFolder, original)
                    write(original, copy, onProgress)
                }
                copy
            }
        }

    @Suppress("UsableSpace") // Android's own way would clear other apps' caches, and is not there on a desktop
    private fun checkRoom(slotFolder: File, original: Original) {
        if (!slotFolder.isDirectory && !slotFolder.mkdirs()) {
            throw HandheldException(Status.FILE_UNREADABLE, "The folder $slotFolder cannot be made.")
        }
        val needed = original.bytes ?: return
        val free = slotFolder.usableSpace
        if (free < needed) {
            throw HandheldException(
                Status.FILE_UNREADABLE,
                "${original.name} needs ${megabytes(needed)} MB of storage; ${megabytes(free)} MB are free.",
            )
        }
    }

    private suspend fun write(original: Original, copy: File, onProgress: (Float) -> Unit) {
        val part = File(copy.parentFile, copy.name + ".part")
        try {
            val hash = copyWithHash(original, part, onProgress)
            if (original.sha256 != null && !original.sha256.equals(hash, ignoreCase = true)) {
                throw HandheldException(Status.FILE_INVALID, "${original.name} is damaged: its SHA-256 is $hash.")
            }
            Files.move(part.toPath(), copy.toPath(), StandardCopyOption.ATOMIC_MOVE)
        } catch (failure: IOException) {
            throw HandheldException(Status.FILE_UNREADABLE, "${original.name} cannot be copied: ${failure.message}")
        } finally {
            part.delete()
        }
    }

    private suspend fun copyWithHash(original: Original, part: File, onProgress: (Float) -> Unit): String =
        withContext(Dispatchers.IO) {
            val digest = MessageDigest.getInstance("SHA-256")
            val buffer = ByteArray(BUFFER_BYTES)
            var done = 0L
            original.open().use { from ->
                part.outputStream().use { into ->
                    while (true) {
                        ensureActive()
                        val count = from.read(buffer)
                        if (count < 0) break
                        into.write(buffer, 0, count)
                        digest.update(buffer, 0, count)
                        done += count
                        original.bytes?.let { onProgress((done.toFloat() / it).coerceAtMost(1f)) }
                    }
                    into.fd.sync()
                }
            }
            digest.digest().joinToString("") { "%02x".format(it) }
        }

    private companion object {
        const val HASH_IN_NAME = 16
        const val BUFFER_BYTES = 1 shl 20

        /** One copy at a time in the whole process: two screens may ask for the same model. */
        val copying = Mutex()

        fun megabytes(bytes: Long): Long = (bytes + 999_999) / 1_000_000
    }
}
