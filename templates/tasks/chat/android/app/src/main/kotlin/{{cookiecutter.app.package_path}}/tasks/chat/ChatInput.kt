package {{ cookiecutter.app.package }}.tasks.chat

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.text.input.InputTransformation
import androidx.compose.foundation.text.input.TextFieldBuffer
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.clearText
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.material3.FilledIconButton
import androidx.compose.material3.Icon
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.key.Key
import androidx.compose.ui.input.key.KeyEvent
import androidx.compose.ui.input.key.KeyEventType
import androidx.compose.ui.input.key.isShiftPressed
import androidx.compose.ui.input.key.key
import androidx.compose.ui.input.key.onPreviewKeyEvent
import androidx.compose.ui.input.key.type
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R

/** The line to write in, and one button: send, or stop while an answer is on its way. The draft outlives rotation. */
@Composable
fun ChatInput(answering: Boolean, onSend: (String) -> Unit, onStop: () -> Unit, modifier: Modifier = Modifier) {
    val draft = rememberTextFieldState()
    val sendDraft = {
        onSend(draft.text.toString())
        draft.clearText()
    }
    val beside = Modifier.padding(bottom = 4.dp) // in line with the last line of the text
    val ready = !answering && draft.text.isNotBlank()
    Row(
        modifier = modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 8.dp),
        horizontalArrangement = Arrangement.spacedBy(8.dp),
        verticalAlignment = Alignment.Bottom,
    ) {
        OutlinedTextField(
            state = draft,
            modifier = Modifier.weight(1f).testTag("input").onPreviewKeyEvent { event ->
                event.isPlainEnter().also { if (it && ready) sendDraft() }
            },
            placeholder = { Text(stringResource(R.string.chat_input_hint)) },
            inputTransformation = CutOff,
            lineLimits = TextFieldLineLimits.MultiLine(maxHeightInLines = 6),
        )
        if (answering) {
            FilledIconButton(onStop, beside) {
                Icon(painterResource(R.drawable.chat_ic_stop), stringResource(R.string.chat_stop))
            }
        } else {
            FilledIconButton(sendDraft, beside, enabled = ready) {
                Icon(painterResource(R.drawable.chat_ic_send), stringResource(R.string.chat_send))
            }
        }
    }
}

/** Enter on a keyboard sends; with Shift it is a new line, as on a screen keyboard. */
private fun KeyEvent.isPlainEnter(): Boolean =
    (key == Key.Enter || key == Key.NumPadEnter) && type == KeyEventType.KeyDown && !isShiftPressed

/** The draft is part of the saved state, of which the system takes less than a megabyte; more would be a crash. */
private object CutOff : InputTransformation {
    override fun TextFieldBuffer.transformInput() {
        if (length <= MOST_CHARACTERS) return
        val end = if (charAt(MOST_CHARACTERS - 1).isHighSurrogate()) MOST_CHARACTERS - 1 else MOST_CHARACTERS
        replace(end, length, "")
    }
}

private const val MOST_CHARACTERS = 100_000
