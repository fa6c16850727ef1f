package {{ cookiecutter.app.package }}.tasks.tensors

import android.app.Application
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.ViewModelProvider.AndroidViewModelFactory.Companion.APPLICATION_KEY
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import {{ cookiecutter.app.package }}.model.LowMemory
import {{ cookiecutter.app.package }}.model.SessionState
import {{ cookiecutter.app.package }}.model.TaskAssets
import {{ cookiecutter.app.package }}.model.TaskSession
import dev.handheld.HandheldException
import dev.handheld.Manifest
import dev.handheld.Report
import dev.handheld.Value
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** One input or output of the model, in words; for example "f32 [batch, 3]". */
data class TensorPort(val name: String, val kind: String)

/**
 * What the screen shows, except the model's own state.
 *
 * @property summary what the last run was given and what came of it, a line each
 * @property problem why the last run failed; null after the next one
 */
data class TensorsState(
    val manifest: Manifest? = null,
    val inputs: List<TensorPort> = emptyList(),
    val outputs: List<TensorPort> = emptyList(),
    val running: Boolean = false,
    val summary: String = "",
    val report: Report? = null,
    val problem: HandheldException? = null,
)

/** Owns the model and its last run. */
class TensorsViewModel(
    name: String,
    private val assets: TaskAssets,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : ViewModel() {
    private val session = TaskSession(viewModelScope) { onCopy -> assets.open(name, onCopy = onCopy) }
    val model: StateFlow<SessionState> = session.state

    private val mutableState = MutableStateFlow(TensorsState())
    val state: StateFlow<TensorsState> = mutableState.asStateFlow()

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

    private suspend fun describe(name: String) {
        try {
            val manifest = assets.manifest(name)
            mutableState.update { it.copy(manifest = manifest) }
            session.state.first { it is SessionState.Ready }
            val loaded = session.ready().info()["loaded"]?.jsonObject ?: return
            mutableState.update { it.copy(inputs = portsIn(loaded, "inputs"), outputs = portsIn(loaded, "outputs")) }
        } catch (_: HandheldException) {
            // The session meets the same fault and shows it.
        }
    }

    /** Runs the model on example data; `example` is a seed, and sizes of free axes. */
    fun run(example: String) {
        if (state.value.running) return
        mutableState.update { it.copy(running = true, problem = null) }
        run = viewModelScope.launch {
            try {
                val task = session.ready()
                val texts = task.request(Value.Text(example, EXAMPLE)).filterIsInstance<Value.Text>()
                texts.collect { text -> mutableState.update { it.copy(summary = text.text.trim()) } }
                val report = task.report()
                mutableState.update { it.copy(report = report) }
            } catch (failure: HandheldException) {
                mutableState.update { it.copy(problem = failure) }
            } finally {
                mutableState.update { it.copy(running = false) }
            }
        }
    }

    fun stop() {
        run?.cancel()
    }

    companion object {
        private const val EXAMPLE = "example"

        fun factory(name: String): ViewModelProvider.Factory = viewModelFactory {
            initializer {
                val application: Application = checkNotNull(this[APPLICATION_KEY])
                TensorsViewModel(name, TaskAssets(application)) { onLow -> LowMemory(application, onLow) }
            }
        }
    }
}

/** @param loaded what the core says of a loaded model; a free size is a name or null there */
internal fun portsIn(loaded: JsonObject, direction: String): List<TensorPort> =
    loaded[direction]?.jsonArray.orEmpty().map { entry ->
        val port = entry.jsonObject
        val shape = port["shape"]?.jsonArray.orEmpty().joinToString { it.jsonPrimitive.contentOrNull ?: "?" }
        val words = "${port["type"]?.jsonPrimitive?.contentOrNull.orEmpty()} [$shape]"
        TensorPort(port["name"]?.jsonPrimitive?.contentOrNull.orEmpty(), words)
    }
