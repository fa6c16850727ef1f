package dev.handheld

import java.io.Closeable
import java.io.File

/** One file of a task, in a form that the core can read. `role` is its name in task.json, for example "weights". */
public sealed interface TaskFile {
    public val role: String

    public class Path(override val role: String, public val file: File) : TaskFile

    /**
     * A part of an open file, for example an uncompressed asset inside the APK.
     *
     * @property descriptor readable, seekable; the task closes [owner] when the model is loaded, or with itself
     * @property offset where the file begins, in bytes
     * @property length in bytes
     */
    public class Descriptor(
        override val role: String,
        public val descriptor: Int,
        public val offset: Long,
        public val length: Long,
        public val owner: Closeable,
    ) : TaskFile
}
