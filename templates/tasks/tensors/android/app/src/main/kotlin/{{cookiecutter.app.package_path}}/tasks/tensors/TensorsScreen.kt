package {{ cookiecutter.app.package }}.tasks.tensors

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.style.TextDirection
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.ui.Fact
import {{ cookiecutter.app.package }}.ui.Facts
import {{ cookiecutter.app.package }}.ui.ProblemText
import {{ cookiecutter.app.package }}.ui.TaskPage
import {{ cookiecutter.app.package }}.ui.number
import dev.handheld.Report

@Composable
fun TensorsScreen(viewModel: TensorsViewModel, onBack: (() -> Unit)?) {
    val state by viewModel.state.collectAsStateWithLifecycle()
    val request by viewModel.request.collectAsStateWithLifecycle()
    TaskPage(viewModel, R.string.tensors_title, onBack) {
        Ports(R.string.tensors_inputs, state.inputs)
        Ports(R.string.tensors_outputs, state.outputs)
        RunControls(state.takesText, request.running, viewModel::run, viewModel::stop)
        request.problem?.let { ProblemText(it.message.orEmpty()) }
        if (state.summary.isNotEmpty()) Result(state.summary, request.report)
    }
}

@Composable
private fun Ports(title: Int, ports: List<TensorPort>) {
    Facts(stringResource(title)) { ports.forEach { port -> Fact(port.name, port.kind) } }
}

/** The text, or the seed and sizes of the example data, and the button that runs it. */
@Composable
private fun RunControls(takesText: Boolean, running: Boolean, onRun: (String) -> Unit, onStop: () -> Unit) {
    var example by rememberSaveable { mutableStateOf("1") }
    OutlinedTextField(
        value = example,
        onValueChange = { example = it },
        modifier = Modifier.fillMaxWidth().testTag("example"),
        label = { Text(stringResource(if (takesText) R.string.tensors_text else R.string.tensors_example)) },
        supportingText = {
            Text(stringResource(if (takesText) R.string.tensors_text_summary else R.string.tensors_example_summary))
        },
        singleLine = !takesText,
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
            // Names and numbers of the model, which no language writes from the right.
            val style = MaterialTheme.typography.bodySmall.copy(textDirection = TextDirection.Ltr)
            Text(summary, fontFamily = FontFamily.Monospace, style = style)
        }
    }
}
