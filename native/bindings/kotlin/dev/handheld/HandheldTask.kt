package dev.handheld

import java.io.File
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonObject

/**
 * One task with one model, open until [close]. Safe to use from any thread.
 *
 * ```
 * HandheldTask.open(File("tasks/chat/task.json")).use { task ->
 *     task.load()
 *     task.request(Value.Text("Hello!", "user")).collect { print((it as Value.Text).text) }
 * }
 * ```
 *
 * Sending and receiving are confined to a dispatcher each, so that one never waits for the other. Every function throws
 * [HandheldException] when the core refuses or fails, and after [close].
 */
public class HandheldTask private constructor(
    address: Long,
    files: List<TaskFile>,
) : AutoCloseable {
    internal val native = NativeHandle(address)
    internal val sending = Dispatchers.IO.limitedParallelism(1, "handheld-send")
    internal val working = Dispatchers.IO.limitedParallelism(1, "handheld-work")

    /** Signals for whoever met HH_AGAIN: the queue has room; there is something to receive. */
    internal val room = Channel<Unit>(Channel.CONFLATED)
    internal val input = Channel<Unit>(Channel.CONFLATED)

    internal val requests = Mutex()
    internal val receiving = Mutex()

    /** Descriptors are borrowed by the core until the model is loaded. */
    private val borrowed = AtomicReference(files.filterIsInstance<TaskFile.Descriptor>())

    /** Whether [load] has succeeded. */
    @Volatile public var isLoaded: Boolean = false
        private set

    @Volatile internal var currentRun: Long = NO_RUN

    @Volatile internal var newestRun: Long = NO_RUN

    @Volatile internal var forgottenRun: Long = NO_RUN

    public val isClosed: Boolean get() = native.isClosed

    /**
     * Loads the model; the slow part. Cancelling the coroutine stops it. Harmless when the model is loaded already.
     *
     * @param onProgress called in the caller's context with 0 to 1
     */
    public suspend fun load(onProgress: (Float) -> Unit = {}): Unit = coroutineScope {
        val watcher = launch {
            while (isActive) {
                onProgress(native.call(NativeTask::progress))
                delay(PROGRESS_EVERY_MS)
            }
        }
        val loading = async(working) { native.call(NativeTask::load) }
        val status = try {
            loading.await()
        } catch (stopped: CancellationException) {
            native.cancel(LOAD_RUN)
            throw stopped
        } finally {
            watcher.cancel()
        }
        if (status == Status.CANCELLED.code) throw closedTask()
        isLoaded = true
        closeFiles()
        onProgress(1f)
    }

    /** Changes settings between requests, for example {"temperature": 0}; the manifest lists them. */
    public suspend fun configure(settings: JsonObject): Unit =
        work { NativeTask.configure(it, settings.toString().encodeToByteArray()) }

    /**
     * One whole request: gives `inputs` to the task and streams what it answers; the flow completes with the answer.
     * Nothing happens before it is collected, and a second request waits for the first.
     *
     * Cancelling the collector stops the run within one token; the next request is not affected. [cancel] stops it too,
     * but then the flow completes after the last piece that was made.
     */
    public fun request(vararg inputs: Value): Flow<Value> = request(inputs.asList())

    /** As the other one, for inputs in a list. */
    public fun request(inputs: List<Value>): Flow<Value> = requestFlow(inputs)

    /**
     * Gives one value to the open request, or begins one. Suspends while the task's queue is full; [trySend] does not.
     *
     * @return the request's run, for [receive]
     */
    public suspend fun send(value: Value): Long = put(value.toNative())

    /** Gives one value if there is room; live audio that finds none is counted as dropped in the [report]. */
    public fun trySend(value: Value): Boolean {
        val slot = value.toNative()
        val accepted = native.call { NativeTask.send(it, slot) } == Status.OK.code
        if (accepted) accepted(slot)
        return accepted
    }

    /** Closes the open request; its flow completes when all is answered. */
    public suspend fun end(): Long = put(NativeValue())

    /**
     * The values of one run, while others may still be sent to it. Cancelling the collector cancels the run; values
     * sent to it afterwards are ignored until [end].
     */
    public fun receive(run: Long): Flow<Value> = receiveFlow(run)

    /** Stops the run that is being received; its flow completes. Returns at once and is harmless at any time. */
    public fun cancel() {
        val run = currentRun
        if (run != NO_RUN) native.cancel(run)
    }

    /** Stops what runs and forgets the conversation or stream; model and settings stay. Not from inside a collector. */
    public suspend fun reset() {
        cancel()
        receiving.withLock {
            work(NativeTask::reset)
            forgottenRun = newestRun
        }
    }

    /** The manifest as the core sees it, with the library's version and what loading found. */
    public suspend fun info(): JsonObject = parseObject(work(NativeTask::info))

    /** Times, rates and memory of the last run. */
    public suspend fun report(): Report = Report.parse(work(NativeTask::report))

    /** The next intermediate value of the last run, or null when there are no more; needs the option "trace". */
    public suspend fun trace(): Value? {
        val slot = NativeValue()
        return if (work { NativeTask.trace(it, slot) } == Status.OK.code) slot.toValue() else null
    }

    /**
     * Cancels what runs, waits until it has stopped (one token or one batch of the prompt), and frees the model. It
     * blocks, so it is not for a main thread. The second time nothing happens.
     */
    override fun close() {
        native.close { listOf(LOAD_RUN, currentRun).distinct() }
        room.close(closedTask())
        input.close(closedTask())
        closeFiles()
    }

    internal suspend fun <T> work(body: (Long) -> T): T = withContext(working) { native.call(body) }

    internal suspend fun put(slot: NativeValue, onAccepted: (Long) -> Unit = {}): Long = withContext(sending) {
        while (native.call { NativeTask.send(it, slot) } == Status.AGAIN.code) room.receive()
        onAccepted(slot.run)
        accepted(slot)
        slot.run
    }

    private fun accepted(slot: NativeValue) {
        newestRun = maxOf(newestRun, slot.run)
        input.trySend(Unit)
    }

    private fun closeFiles() = borrowed.getAndSet(emptyList()).forEach { it.owner.close() }

    public companion object {
        private const val PROGRESS_EVERY_MS = 50L
        internal const val LOAD_RUN = 0L
        internal const val NO_RUN = 0L

        /** The library's version. */
        public val libraryVersion: String by lazy { NativeTask.version().decodeToString() }

        /** Opens a task from its task.json; the files are looked up beside it. `options` override the manifest's. */
        public suspend fun open(manifest: File, options: JsonObject? = null): HandheldTask =
            open(path = manifest, json = null, files = emptyList(), options = options)

        /** Opens a task from the text of its task.json, with a file for each role that it names. */
        public suspend fun open(manifest: String, files: List<TaskFile>, options: JsonObject? = null): HandheldTask =
            open(path = null, json = manifest, files = files, options = options)

        // Not cancellable: a task that was opened for a caller who is gone would never be closed.
        private suspend fun open(
            path: File?,
            json: String?,
            files: List<TaskFile>,
            options: JsonObject?,
        ): HandheldTask =
            withContext(Dispatchers.IO + NonCancellable) {
                val descriptors = files.map { it as? TaskFile.Descriptor }
                val address = try {
                    NativeTask.open(
                        manifestPath = path?.path?.encodeToByteArray(),
                        manifestJson = json?.encodeToByteArray(),
                        roles = files.map { it.role.encodeToByteArray() }.toTypedArray(),
                        paths = files.map { (it as? TaskFile.Path)?.file?.path?.encodeToByteArray() }.toTypedArray(),
                        descriptors = descriptors.map { it?.descriptor ?: NO_DESCRIPTOR }.toIntArray(),
                        offsets = descriptors.map { it?.offset ?: 0 }.toLongArray(),
                        lengths = descriptors.map { it?.length ?: 0 }.toLongArray(),
                        optionsJson = options?.toString()?.encodeToByteArray(),
                    )
                } catch (failure: HandheldException) {
                    descriptors.forEach { it?.owner?.close() }
                    throw failure
                }
                HandheldTask(address, files)
            }

        private const val NO_DESCRIPTOR = -1
    }
}
