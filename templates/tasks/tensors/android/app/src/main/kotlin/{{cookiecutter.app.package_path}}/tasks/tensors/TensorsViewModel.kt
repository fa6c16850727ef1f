package {{ cookiecutter.app.package }}.tasks.tensors

import android.app.Application
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.ViewModelProvider.AndroidViewModelFactory.Companion.APPLICATION_KEY
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import {{ cookiecutter.app.package }}.model.LowMemory
import {{ cookiecutter.app.package }}.model.RequestViewModel
import {{ cookiecutter.app.package }}.model.TaskAssets
import dev.handheld.Value
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** One input or output of the model, in words; for example "f32 [batch, 3]", or "text". */
data class TensorPort(val name: String, val kind: String)

/**
 * The model's inputs and outputs, and what a run on example data gave.
 *
 * @property summary what the last run was given and what came of it, a line each
 */
data class TensorsState(
    val inputs: List<TensorPort> = emptyList(),
    val outputs: List<TensorPort> = emptyList(),
    val summary: String = "",
) {
    /** Whether the model embeds texts, rather than taking arrays. */
    val takesText: Boolean get() = inputs.any { it.kind == "text" }
}

/** Owns the model and its last run. */
class TensorsViewModel(
    name: String,
    assets: TaskAssets,
    watchMemory: (onLow: () -> Unit) -> AutoCloseable,
) : RequestViewModel(name, assets, watchMemory) {
    private val mutableState = MutableStateFlow(TensorsState())
    val state: StateFlow<TensorsState> = mutableState.asStateFlow()

    init {
        viewModelScope.launch {
            val loaded = loadedInfo() ?: return@launch
            mutableState.update { it.copy(inputs = portsIn(loaded, "inputs"), outputs = portsIn(loaded, "outputs")) }
        }
    }

    /** Runs the model on example data, a seed and sizes of free axes, or on a text: what its first input takes. */
    fun run(example: String) {
        if (request.value.running) return
        send({ Value.Text(example) }) { value ->
            if (value is Value.Text) mutableState.update { it.copy(summary = value.text.trim()) }
        }
    }

    companion object {
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
        val shape = port["shape"]?.jsonArray?.joinToString(prefix = " [", postfix = "]") {
            it.jsonPrimitive.contentOrNull ?: "?"
        }
        val words = port["type"]?.jsonPrimitive?.contentOrNull.orEmpty() + shape.orEmpty()
        TensorPort(port["name"]?.jsonPrimitive?.contentOrNull.orEmpty(), words)
    }
