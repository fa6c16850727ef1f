package {{ cookiecutter.app.package }}.tasks.classify

import android.app.Application
import android.graphics.Bitmap
import android.net.Uri
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.ViewModelProvider.AndroidViewModelFactory.Companion.APPLICATION_KEY
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import {{ cookiecutter.app.package }}.model.LowMemory
import {{ cookiecutter.app.package }}.model.RequestViewModel
import {{ cookiecutter.app.package }}.model.TaskAssets
import dev.handheld.Value
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.withContext

/** One label and how likely it is, 0 to 1. */
data class Guess(val label: String, val score: Float)

/**
 * The photo, and what it shows.
 *
 * @property guesses the likeliest first; empty while a photo is looked at
 * @property unreadable the chosen file is no photo
 */
data class ClassifyState(
    val photo: Bitmap? = null,
    val guesses: List<Guess> = emptyList(),
    val unreadable: Boolean = false,
)

/** Owns the model, the chosen photo and what came of it. */
class ClassifyViewModel(
    name: String,
    assets: TaskAssets,
    private val read: (Uri) -> Bitmap,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : RequestViewModel(name, assets, watchMemory) {
    private val mutableState = MutableStateFlow(ClassifyState())
    val state: StateFlow<ClassifyState> = mutableState.asStateFlow()

    /** Looks at another photo; one that is being looked at is let go. */
    fun classify(uri: Uri): Unit = send({ valueOf(uri) }) { value ->
        if (value is Value.Scores) {
            val guesses = value.labels.mapIndexed { index, label -> Guess(label, value.scores[index]) }
            mutableState.update { it.copy(guesses = guesses) }
        }
    }

    private suspend fun valueOf(uri: Uri): Value? {
        mutableState.update { it.copy(guesses = emptyList(), unreadable = false) }
        return try {
            val photo = withContext(Dispatchers.IO) { read(uri) }
            mutableState.update { it.copy(photo = photo) }
            withContext(Dispatchers.Default) { photo.toValue() }
        } catch (_: IOException) {
            mutableState.update { it.copy(photo = null, unreadable = true) }
            null
        }
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
