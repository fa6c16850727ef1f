package {{ cookiecutter.app.package }}.tasks.tensors

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.model.SessionState
import {{ cookiecutter.app.package }}.ui.Fact
import {{ cookiecutter.app.package }}.ui.Facts
import {{ cookiecutter.app.package }}.ui.ModelCard
import {{ cookiecutter.app.package }}.ui.SessionPane
import {{ cookiecutter.app.package }}.ui.number
import dev.handheld.Report

@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun TensorsScreen(viewModel: TensorsViewModel, onBack: (() -> Unit)?) {
    val state by viewModel.state.collectAsStateWithLifecycle()
    val model by viewModel.model.collectAsStateWithLifecycle()
    // The system may have taken the model's memory while the app was away.
    LifecycleStartEffect(viewModel) {
        if (model is SessionState.Released) viewModel.load()
        onStopOrDispose {}
    }
    Scaffold(
        topBar = {
            TopAppBar(
                title = { Title(onBack == null) },
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
                    Content(state, (model as? SessionState.Ready)?.memory, viewModel::run, viewModel::stop)
                }
            }
        }
    }
}

@Composable
private fun Title(alone: Boolean) {
    val title = if (alone) R.string.app_name else R.string.tensors_title
    Text(stringResource(title), maxLines = 1, overflow = TextOverflow.Ellipsis)
}

@Composable
private fun Content(state: TensorsState, memory: Long?, onRun: (String) -> Unit, onStop: () -> Unit) {
    Ports(R.string.tensors_inputs, state.inputs)
    Ports(R.string.tensors_outputs, state.outputs)
    RunControls(state.running, onRun, onStop)
    state.problem?.let { problem ->
        Text(
            problem.message.orEmpty(),
            modifier = Modifier.testTag("problem").semantics { liveRegion = LiveRegionMode.Polite },
            color = MaterialTheme.colorScheme.error,
        )
    }
    if (state.summary.isNotEmpty()) Result(state.summary, state.report)
    state.manifest?.let { ModelCard(it, memory) }
}

@Composable
private fun Ports(title: Int, ports: List<TensorPort>) {
    Facts(stringResource(title)) { ports.forEach { port -> Fact(port.name, port.kind) } }
}

/** The seed and sizes of the example data, and the button that runs it. */
@Composable
private fun RunControls(running: Boolean, onRun: (String) -> Unit, onStop: () -> Unit) {
    var example by rememberSaveable { mutableStateOf("1") }
    OutlinedTextField(
        value = example,
        onValueChange = { example = it },
        modifier = Modifier.fillMaxWidth().testTag("example"),
        label = { Text(stringResource(R.string.tensors_example)) },
        supportingText = { Text(stringResource(R.string.tensors_example_summary)) },
        singleLine = true,
    )
    Button({ if (running) onStop() else onRun(example) }, Modifier.testTag("run")) {
        Text(stringResource(if (running) R.string.tensors_stop else R.string.tensors_run))
    }
}

@Composable
private fun Result(summary: String, report: Report?) {
    Facts(stringResource(R.string.tensors_result), Modifier.testTag("result")) {
        report?.runMs?.let { time ->
            Fact(stringResource(R.string.tensors_time), stringResource(R.string.value_ms, number(time)))
        }
        report?.runs?.let { Fact(stringResource(R.string.tensors_runs), number(it)) }
        SelectionContainer {
            Text(summary, fontFamily = FontFamily.Monospace, style = MaterialTheme.typography.bodySmall)
        }
    }
}
