package {{ cookiecutter.app.package }}.model

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import dev.handheld.HandheldException
import dev.handheld.Manifest
import dev.handheld.Report
import dev.handheld.Value
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject

/**
 * How a request goes, whatever it is about.
 *
 * @property manifest null until it is read
 * @property report of the last request that went well; null while one runs
 * @property problem why the last request failed; null after the next one
 */
data class RequestState(
    val manifest: Manifest? = null,
    val running: Boolean = false,
    val report: Report? = null,
    val problem: HandheldException? = null,
)

/** Owns a model that is asked one thing at a time, and remembers nothing of it. */
abstract class RequestViewModel(
    name: String,
    private val assets: TaskAssets,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : ViewModel() {
    private val session = TaskSession(viewModelScope) { onCopy -> assets.open(name, onCopy = onCopy) }
    val model: StateFlow<SessionState> = session.state

    private val mutableRequest = MutableStateFlow(RequestState())
    val request: StateFlow<RequestState> = mutableRequest.asStateFlow()

    private var run: Job? = null

    init {
        addCloseable(session)
        addCloseable(
            watchMemory {
                stop()
                session.release()
            },
        )
        viewModelScope.launch { describe(name) }
        session.load()
    }

    /** Loads the model if it is not there: at the start, after a failure, and when the app comes back. */
    fun load(): Unit = session.load()

    /** Ends the request; what it gave so far stays. */
    fun stop() {
        run?.cancel()
    }

    private suspend fun describe(name: String) {
        try {
            val manifest = assets.manifest(name)
            mutableRequest.update { it.copy(manifest = manifest) }
        } catch (_: HandheldException) {
            // The session meets the same fault and shows it.
        }
    }

    /** What the core says of the model once it is loaded; null if it never is. */
    protected suspend fun loadedInfo(): JsonObject? {
        session.state.first { it is SessionState.Ready }
        return try {
            session.ready().info()["loaded"] as? JsonObject
        } catch (_: HandheldException) {
            null
        }
    }

    /**
     * Makes a value and sends it, once the request before has ended, which is cancelled.
     *
     * @param value null ends it without a request
     * @param onOutput is given what the core answers, piece by piece
     */
    protected fun send(value: suspend () -> Value?, onOutput: (Value) -> Unit) {
        val before = run
        run = viewModelScope.launch {
            before?.cancelAndJoin() // its last word must not be about this request
            mutableRequest.update { it.copy(running = true, report = null, problem = null) }
            try {
                value()?.let { answer(it, onOutput) }
            } catch (failure: HandheldException) {
                mutableRequest.update { it.copy(problem = failure) }
            } finally {
                mutableRequest.update { it.copy(running = false) }
            }
        }
    }

    private suspend fun answer(value: Value, onOutput: (Value) -> Unit) {
        val task = session.ready()
        task.request(value).collect(onOutput)
        val report = task.report()
        mutableRequest.update { it.copy(report = report) }
    }
}
