package {{ cookiecutter.app.package }}.tasks.chat

import android.app.Application
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.ViewModelProvider.AndroidViewModelFactory.Companion.APPLICATION_KEY
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import {{ cookiecutter.app.package }}.model.Benchmark
import {{ cookiecutter.app.package }}.model.Heat
import {{ cookiecutter.app.package }}.model.LowMemory
import {{ cookiecutter.app.package }}.model.SessionState
import {{ cookiecutter.app.package }}.model.TaskAssets
import {{ cookiecutter.app.package }}.model.TaskSession
import {{ cookiecutter.app.package }}.model.TaskSettings
import dev.handheld.HandheldException
import dev.handheld.HandheldTask
import dev.handheld.Manifest
import dev.handheld.Report
import dev.handheld.Value
import java.io.File
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull

/**
 * What the screen shows, except the model's own state.
 *
 * @property manifest null until it is read
 * @property problem why the last request failed; null after the next one
 * @property saved false when the conversation could not be written to its file
 */
data class ChatState(
    val conversation: Conversation = Conversation(),
    val answering: Boolean = false,
    val manifest: Manifest? = null,
    val report: Report? = null,
    val problem: HandheldException? = null,
    val saved: Boolean = true,
)

/** Owns the conversation and the model; lives as long as the screen is wanted, not as long as it is drawn. */
class ChatViewModel(
    name: String,
    private val assets: TaskAssets,
    private val store: ConversationStore,
    private val settings: TaskSettings,
    readHeat: () -> Heat,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : ViewModel() {
    private val session = TaskSession(viewModelScope) { onCopy -> assets.open(name, onCopy = onCopy) }
    val model: StateFlow<SessionState> = session.state

    /** Uses the same model, but another conversation: while it runs no question is taken. */
    val benchmark: Benchmark = Benchmark(viewModelScope, { assets.golden(name) }, ::lend, readHeat)

    private val mutableState = MutableStateFlow(ChatState())
    val state: StateFlow<ChatState> = mutableState.asStateFlow()

    /** What differs from the manifest's defaults, and under [INSTRUCTIONS] the system prompt. */
    val values: StateFlow<JsonObject> = settings.values

    private var answer: Job? = null
    private val restored: Job

    /** The task that knows the conversation so far; any other must be told it first. */
    private var informed: HandheldTask? = null

    init {
        addCloseable(session)
        addCloseable(watchMemory(::freeMemory))
        restored = viewModelScope.launch {
            val conversation = store.load()
            mutableState.update { it.copy(conversation = conversation) }
            readManifest(name)
        }
        session.load()
    }

    private suspend fun readManifest(name: String) {
        try {
            val manifest = assets.manifest(name)
            mutableState.update { it.copy(manifest = manifest) }
        } catch (_: HandheldException) {
            // The session meets the same fault and shows it.
        }
    }

    /** Loads the model if it is not there: at the start, after a failure, and when the app comes back. */
    fun load(): Unit = session.load()

    private suspend fun lend(): HandheldTask {
        informed = null // it comes back without the conversation
        return session.ready()
    }

    /** Asks `question`; nothing happens while an answer is on its way. */
    fun send(question: String) {
        if (state.value.answering || benchmark.isRunning || question.isBlank()) return
        mutableState.update { it.copy(answering = true, problem = null) }
        answer = viewModelScope.launch {
            try {
                restored.join()
                mutableState.update { it.copy(conversation = it.conversation.ask(question)) }
                save()
                answerLastQuestion()
            } finally {
                mutableState.update { it.copy(answering = false) }
            }
        }
    }

    /** Asks the last question again, after a failure. */
    fun retry() {
        val last = state.value.conversation.turns.lastOrNull() ?: return
        if (state.value.answering) return
        mutableState.update { it.copy(conversation = Conversation(it.conversation.turns.dropLast(1))) }
        send(last.question)
    }

    private suspend fun answerLastQuestion() {
        var ending = Ending.FAILED
        try {
            val task = session.ready()
            task.configure(settingsInForce())
            val request = state.value.conversation.request(instructions(), withHistory = informed !== task)
            if (informed !== task) task.reset()
            informed = task
            task.request(request).collect { piece -> if (piece is Value.Text) append(piece.text) }
            val report = task.report()
            mutableState.update { it.copy(report = report) }
            ending = if (report.finishReason == "length") Ending.CUT_OFF else Ending.COMPLETE
        } catch (stopped: CancellationException) {
            ending = Ending.STOPPED
            throw stopped
        } catch (failure: HandheldException) {
            informed = null // whatever the core now remembers, the next request tells it anew
            mutableState.update { it.copy(problem = failure) }
        } finally {
            finish(ending)
        }
    }

    /** All of them, so that one set back to its default is really set back. */
    private fun settingsInForce(): JsonObject {
        val declared = state.value.manifest?.settings.orEmpty()
        return JsonObject(declared.mapValues { (name, setting) -> values.value[name] ?: setting.default })
    }

    private fun append(piece: String) = mutableState.update { state ->
        state.copy(conversation = state.conversation.updateLast { it.copy(answer = it.answer + piece) })
    }

    private fun finish(ending: Ending) {
        mutableState.update { state ->
            state.copy(conversation = state.conversation.updateLast { it.copy(ending = ending) })
        }
        viewModelScope.launch { save() }
    }

    /** Ends the answer; what was made so far stays. */
    fun stop() {
        answer?.cancel()
    }

    fun clear() {
        viewModelScope.launch {
            answer?.cancelAndJoin()
            informed = null
            mutableState.update { it.copy(conversation = Conversation(), problem = null, report = null) }
            save()
        }
    }

    fun setSetting(name: String, value: JsonElement) {
        if (name == INSTRUCTIONS) informed = null
        settings.set(name, value)
    }

    fun resetSettings() {
        informed = null
        settings.clear()
    }

    private fun instructions(): String = (values.value[INSTRUCTIONS] as? JsonPrimitive)?.contentOrNull.orEmpty()

    private suspend fun save() {
        val saved = store.save(state.value.conversation)
        mutableState.update { it.copy(saved = saved) }
    }

    private fun freeMemory() {
        stop()
        benchmark.stop()
        informed = null
        session.release()
    }

    companion object {
        /** Kept beside the settings of the manifest, but not one of them: it is sent, not configured. */
        const val INSTRUCTIONS: String = "_instructions"

        fun factory(name: String): ViewModelProvider.Factory = viewModelFactory {
            initializer {
                val application: Application = checkNotNull(this[APPLICATION_KEY])
                ChatViewModel(
                    name = name,
                    assets = TaskAssets(application),
                    store = ConversationStore(File(application.filesDir, "tasks/$name/conversation.json")),
                    settings = TaskSettings(application, name),
                    readHeat = { Heat.read(application) },
                    watchMemory = { onLow -> LowMemory(application, onLow) },
                )
            }
        }
    }
}
