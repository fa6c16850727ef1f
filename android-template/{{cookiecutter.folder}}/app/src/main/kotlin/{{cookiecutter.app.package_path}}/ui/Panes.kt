package {{ cookiecutter.app.package }}.ui

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.model.SessionState
import dev.handheld.HandheldException
import dev.handheld.Status

// What a screen shows when it cannot show its content.

/** @param progress 0 to 1; null turns the bar into one without an end */
@Composable
fun LoadingPane(text: String, progress: Float?, modifier: Modifier = Modifier) {
    Pane(modifier.testTag("loading")) {
        Text(text, textAlign = TextAlign.Center)
        if (progress == null) LinearProgressIndicator() else LinearProgressIndicator(progress = { progress })
    }
}

@Composable
fun MessagePane(text: String, modifier: Modifier = Modifier) {
    Pane(modifier) { Text(text, textAlign = TextAlign.Center) }
}

@Composable
fun FailurePane(failure: HandheldException, onRetry: () -> Unit, modifier: Modifier = Modifier) {
    var detailed by rememberSaveable { mutableStateOf(false) }
    Pane(modifier.testTag("failure").semantics { liveRegion = LiveRegionMode.Polite }) {
        Text(
            stringResource(R.string.failure_title),
            modifier = Modifier.semantics { heading() },
            style = MaterialTheme.typography.titleMedium,
            textAlign = TextAlign.Center,
        )
        Text(failure.message.orEmpty(), textAlign = TextAlign.Center)
        remedyOf(failure.status)?.let { Text(stringResource(it), textAlign = TextAlign.Center) }
        Button(onRetry) { Text(stringResource(R.string.retry)) }
        if (failure.log.isNotBlank()) {
            TextButton({ detailed = !detailed }) { Text(stringResource(R.string.failure_details)) }
        }
        if (detailed) {
            SelectionContainer {
                Text(failure.log, fontFamily = FontFamily.Monospace, style = MaterialTheme.typography.bodySmall)
            }
        }
    }
}

/** What a person can do about it; null when only the maker of the app can. */
@StringRes
private fun remedyOf(status: Status): Int? = when (status) {
    Status.FILE_NOT_FOUND, Status.FILE_INVALID, Status.MANIFEST_INVALID -> R.string.remedy_install_again
    Status.FILE_UNREADABLE -> R.string.remedy_storage
    Status.OUT_OF_MEMORY -> R.string.remedy_memory
    Status.RUNTIME_MISSING -> R.string.remedy_other_build
    else -> null
}

/** Loading or failure of a session; [content] once there is nothing to wait for. */
@Composable
fun SessionPane(
    state: SessionState,
    onRetry: () -> Unit,
    modifier: Modifier = Modifier,
    content: @Composable () -> Unit,
) {
    when (state) {
        is SessionState.Copying -> LoadingPane(stringResource(R.string.copying_model), state.progress, modifier)
        is SessionState.Loading -> LoadingPane(stringResource(R.string.loading_model), state.progress, modifier)
        is SessionState.Failed -> FailurePane(state.failure, onRetry, modifier)
        is SessionState.Released -> MessagePane(stringResource(R.string.model_released), modifier)
        is SessionState.Ready -> content()
    }
}

@Composable
private fun Pane(modifier: Modifier, content: @Composable ColumnScope.() -> Unit) {
    Surface(modifier.fillMaxSize()) {
        Box(contentAlignment = Alignment.Center) {
            Column(
                modifier = Modifier.verticalScroll(rememberScrollState()).padding(32.dp).widthIn(max = 480.dp),
                verticalArrangement = Arrangement.spacedBy(16.dp),
                horizontalAlignment = Alignment.CenterHorizontally,
                content = content,
            )
        }
    }
}
