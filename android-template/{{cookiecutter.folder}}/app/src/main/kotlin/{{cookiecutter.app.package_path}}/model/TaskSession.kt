package {{ cookiecutter.app.package }}.model

import dev.handheld.HandheldException
import dev.handheld.HandheldTask
import dev.handheld.Status
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Where a model is on its way into memory and out of it again. */
sealed interface SessionState {
    /** Not in memory: not asked for yet, or taken out because the system needed the room. */
    data object Released : SessionState

    /** @property progress 0 to 1, or null while nobody can tell */
    data class Copying(val progress: Float?) : SessionState

    data class Loading(val progress: Float) : SessionState

    /** @property memory bytes that the model takes */
    data class Ready(val task: HandheldTask, val memory: Long) : SessionState

    data class Failed(val failure: HandheldException) : SessionState
}

/**
 * Brings one task into memory when it is needed and out of it when the system asks for it.
 *
 * Released -> Copying -> Loading -> Ready -> Released, or Failed at any step. Call it from the main thread; the work is
 * done elsewhere.
 */
class TaskSession(
    private val scope: CoroutineScope,
    private val openTask: suspend (onCopy: (Float) -> Unit) -> HandheldTask,
) : AutoCloseable {
    private val mutableState = MutableStateFlow<SessionState>(SessionState.Released)
    val state: StateFlow<SessionState> = mutableState.asStateFlow()
    private var loading: Job? = null

    /** Starts to load, unless the model is there or on its way. */
    fun load() {
        if (state.value !is SessionState.Released && state.value !is SessionState.Failed) return
        mutableState.value = SessionState.Copying(null)
        loading = scope.launch { loadNow() }
    }

    private suspend fun loadNow() {
        var opened: HandheldTask? = null
        try {
            val task = openTask { mutableState.value = SessionState.Copying(it) }
            opened = task
            task.load { mutableState.value = SessionState.Loading(it) }
            val memory = task.report().modelMemory
            opened = null
            mutableState.value = SessionState.Ready(task, memory)
        } catch (failure: HandheldException) {
            mutableState.value = SessionState.Failed(failure)
        } catch (failure: LinkageError) {
            // A build for another processor, or one without the native library.
            val sentence = "The app's library cannot be loaded: ${failure.message}"
            mutableState.value = SessionState.Failed(HandheldException(Status.RUNTIME_MISSING, sentence))
        } finally {
            opened?.let(::discard)
        }
    }

    /** The loaded task, after loading it if need be. */
    suspend fun ready(): HandheldTask {
        load()
        return when (val end = state.first { it is SessionState.Ready || it is SessionState.Failed }) {
            is SessionState.Ready -> end.task
            is SessionState.Failed -> throw end.failure
            else -> error("waited for an end and got $end")
        }
    }

    /** Frees the model's memory; [load] brings it back. */
    fun release() {
        loading?.cancel()
        (state.value as? SessionState.Ready)?.let { discard(it.task) }
        mutableState.value = SessionState.Released
    }

    override fun close(): Unit = release()

    /** Closing waits for the end of a running answer, which must not be on the main thread. */
    private fun discard(task: HandheldTask) = Dispatchers.IO.asExecutor().execute(task::close)
}
