package {{ cookiecutter.app.package }}.tasks.classify

import android.app.Application
import android.graphics.Bitmap
import android.net.Uri
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
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** One label and how likely it is, 0 to 1. */
data class Guess(val label: String, val score: Float)

/**
 * What the screen shows, except the model's own state.
 *
 * @property guesses the likeliest first; empty while a photo is looked at
 * @property unreadable the chosen file is no photo
 * @property problem why the model failed; null after the next photo
 */
data class ClassifyState(
    val manifest: Manifest? = null,
    val photo: Bitmap? = null,
    val guesses: List<Guess> = emptyList(),
    val running: Boolean = false,
    val report: Report? = null,
    val unreadable: Boolean = false,
    val problem: HandheldException? = null,
)

/** Owns the model, the chosen photo and what came of it. */
class ClassifyViewModel(
    name: String,
    private val assets: TaskAssets,
    private val read: (Uri) -> Bitmap,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : ViewModel() {
    private val session = TaskSession(viewModelScope) { onCopy -> assets.open(name, onCopy = onCopy) }
    val model: StateFlow<SessionState> = session.state

    private val mutableState = MutableStateFlow(ClassifyState())
    val state: StateFlow<ClassifyState> = mutableState.asStateFlow()

    private var run: Job? = null

    init {
        addCloseable(session)
        addCloseable(
            watchMemory {
                run?.cancel()
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
        } catch (_: HandheldException) {
            // The session meets the same fault and shows it.
        }
    }

    /** Looks at another photo; one that is being looked at is let go. */
    fun classify(uri: Uri) {
        val before = run
        run = viewModelScope.launch {
            before?.cancelAndJoin() // its last word must not be about this photo
            mutableState.update {
                it.copy(running = true, guesses = emptyList(), report = null, unreadable = false, problem = null)
            }
            try {
                val photo = withContext(Dispatchers.IO) { read(uri) }
                mutableState.update { it.copy(photo = photo) }
                look(photo)
            } catch (_: IOException) {
                mutableState.update { it.copy(photo = null, unreadable = true) }
            } catch (failure: HandheldException) {
                mutableState.update { it.copy(problem = failure) }
            } finally {
                mutableState.update { it.copy(running = false) }
            }
        }
    }

    private suspend fun look(photo: Bitmap) {
        val value = withContext(Dispatchers.Default) { photo.toValue() }
        val task = session.ready()
        task.request(value).filterIsInstance<Value.Scores>().collect { found ->
            val guesses = found.labels.mapIndexed { index, label -> Guess(label, found.scores[index]) }
            mutableState.update { it.copy(guesses = guesses) }
        }
        val report = task.report()
        mutableState.update { it.copy(report = report) }
    }

    companion object {
        fun factory(name: String): ViewModelProvider.Factory = viewModelFactory {
            initializer {
                val application: Application = checkNotNull(this[APPLICATION_KEY])
                val read = application.contentResolver::photo
                ClassifyViewModel(name, TaskAssets(application), read) { onLow -> LowMemory(application, onLow) }
            }
        }
    }
}
