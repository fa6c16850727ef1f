package {{ cookiecutter.app.package }}.tasks.chat

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.ui.DetailsSheet
import {{ cookiecutter.app.package }}.ui.SettingsSheet
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull

/** What may lie over the conversation. */
enum class Sheet { DETAILS, SETTINGS, CLEAR }

/** Opens one of them. */
fun interface Sheets {
    fun open(sheet: Sheet)
}

/**
 * Draws [content], and over it the sheet that it opened.
 *
 * @param memory bytes that the loaded model takes; null while it is not loaded
 * @param onMeasure leads to the benchmark
 */
@Composable
fun ChatSheets(
    viewModel: ChatViewModel,
    state: ChatState,
    memory: Long?,
    onMeasure: () -> Unit,
    content: @Composable (Sheets) -> Unit,
) {
    var shown by rememberSaveable { mutableStateOf<Sheet?>(null) }
    val dismiss = { shown = null }
    content(Sheets { shown = it })
    val manifest = state.manifest
    when (shown) {
        Sheet.DETAILS -> if (manifest != null) {
            val measure = {
                dismiss()
                onMeasure()
            }
            DetailsSheet(manifest, memory, state.report, measure, dismiss)
        }
        Sheet.SETTINGS -> if (manifest != null) {
            val values by viewModel.values.collectAsStateWithLifecycle()
            SettingsSheet(
                settings = manifest.settings,
                values = values,
                onChange = viewModel::setSetting,
                onReset = viewModel::resetSettings,
                onDismiss = dismiss,
            ) {
                val instructions = (values[ChatViewModel.INSTRUCTIONS] as? JsonPrimitive)?.contentOrNull.orEmpty()
                InstructionsField(instructions) { viewModel.setSetting(ChatViewModel.INSTRUCTIONS, JsonPrimitive(it)) }
            }
        }
        Sheet.CLEAR -> ClearDialog(dismiss) {
            viewModel.clear()
            dismiss()
        }
        null -> Unit
    }
}

@Composable
private fun InstructionsField(value: String, onChange: (String) -> Unit) {
    var text by rememberSaveable { mutableStateOf(value) }
    OutlinedTextField(
        value = text,
        onValueChange = {
            text = it
            onChange(it)
        },
        modifier = Modifier.fillMaxWidth(),
        label = { Text(stringResource(R.string.chat_instructions)) },
        supportingText = { Text(stringResource(R.string.chat_instructions_summary)) },
        minLines = 2,
        maxLines = 6,
    )
}

@Composable
private fun ClearDialog(onDismiss: () -> Unit, onConfirm: () -> Unit) {
    AlertDialog(
        onDismissRequest = onDismiss,
        text = { Text(stringResource(R.string.chat_clear_question)) },
        confirmButton = { TextButton(onConfirm) { Text(stringResource(R.string.chat_clear_yes)) } },
        dismissButton = { TextButton(onDismiss) { Text(stringResource(R.string.chat_clear_no)) } },
    )
}
