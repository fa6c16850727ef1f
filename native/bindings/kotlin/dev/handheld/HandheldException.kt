package dev.handheld

/**
 * Everything that can go wrong between Kotlin and the core, also the use of a task after [HandheldTask.close].
 *
 * @property code the core's status code, 100 or more
 * @property log the last lines that the core and the runtime logged, oldest first; may be empty
 */
public class HandheldException(
    public val code: Int,
    message: String,
    public val log: String = "",
) : RuntimeException(message) {
    /** The same as a name; [Status.INTERNAL] for a code that this version does not know. */
    public val status: Status get() = Status.of(code) ?: Status.INTERNAL

    public constructor(status: Status, message: String = status.sentence, log: String = "") :
        this(status.code, message, log)

    /** For JNI, which hands over bytes because its own strings are not UTF-8. */
    internal constructor(code: Int, message: ByteArray, log: ByteArray) :
        this(code, message.decodeToString(), log.decodeToString())
}

internal fun closedTask(): HandheldException =
    HandheldException(Status.INVALID_STATE, "The task is closed; open it again to use it.")
