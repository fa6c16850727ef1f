package {{ cookiecutter.app.package }}.ui

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.model.RequestViewModel
import {{ cookiecutter.app.package }}.model.SessionState

/**
 * A page that scrolls: [content] once the model is there, and the model's card below it.
 *
 * @param title the task's, shown where the app has several; else the app's own name is
 * @param onBack null where there is nowhere to go back to
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun TaskPage(
    viewModel: RequestViewModel,
    @StringRes title: Int,
    onBack: (() -> Unit)?,
    content: @Composable ColumnScope.() -> Unit,
) {
    val model by viewModel.model.collectAsStateWithLifecycle()
    // The system may have taken the model's memory while the app was away.
    LifecycleStartEffect(viewModel) {
        if (model is SessionState.Released) viewModel.load()
        onStopOrDispose {}
    }
    Scaffold(
        topBar = {
            TopAppBar(
                title = {
                    val shown = if (onBack == null) R.string.app_name else title
                    Text(stringResource(shown), maxLines = 1, overflow = TextOverflow.Ellipsis)
                },
                navigationIcon = {
                    if (onBack != null) {
                        IconButton(onBack) { Icon(painterResource(R.drawable.ic_back), stringResource(R.string.back)) }
                    }
                },
            )
        },
    ) { inner ->
        val area = Modifier.padding(inner).consumeWindowInsets(inner).fillMaxSize()
        SessionPane(model, viewModel::load, area) {
            Box(area.imePadding(), contentAlignment = Alignment.TopCenter) {
                Column(
                    Modifier.verticalScroll(rememberScrollState()).widthIn(max = 840.dp).padding(16.dp),
                    verticalArrangement = Arrangement.spacedBy(16.dp),
                ) {
                    content()
                    val request by viewModel.request.collectAsStateWithLifecycle()
                    request.manifest?.let { ModelCard(it, (model as? SessionState.Ready)?.memory) }
                }
            }
        }
    }
}

/** Why a request failed; read out when it appears. */
@Composable
fun ProblemText(problem: String) {
    Text(
        problem,
        modifier = Modifier.testTag("problem").semantics { liveRegion = LiveRegionMode.Polite },
        color = MaterialTheme.colorScheme.error,
    )
}
