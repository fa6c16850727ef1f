package {{ cookiecutter.app.package }}.ui

import android.text.format.Formatter
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.ModalBottomSheet
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R
import dev.handheld.Manifest
import dev.handheld.Report

/**
 * What the model is, and how fast the last answer was.
 *
 * @param memory bytes that the loaded model takes; null while it is not loaded
 * @param onMeasure leads to the benchmark
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun DetailsSheet(
    manifest: Manifest,
    memory: Long?,
    report: Report?,
    onMeasure: () -> Unit,
    onDismiss: () -> Unit,
) {
    ModalBottomSheet(onDismiss) {
        Column(
            modifier = Modifier.verticalScroll(rememberScrollState()).padding(24.dp).testTag("details"),
            verticalArrangement = Arrangement.spacedBy(24.dp),
        ) {
            ModelCard(manifest, memory)
            ReportCard(report)
            OutlinedButton(onMeasure) { Text(stringResource(R.string.benchmark_open)) }
        }
    }
}

@Composable
fun ModelCard(manifest: Manifest, memory: Long?, modifier: Modifier = Modifier) {
    val context = LocalContext.current
    val model = manifest.model
    Facts(stringResource(R.string.about_model), modifier) {
        model?.let { Text(it.title, style = MaterialTheme.typography.titleMedium) }
        model?.licence?.let { Fact(stringResource(R.string.model_licence), it) }
        model?.bytes?.let { Fact(stringResource(R.string.model_size), Formatter.formatShortFileSize(context, it)) }
        memory?.let { Fact(stringResource(R.string.model_memory), Formatter.formatShortFileSize(context, it)) }
        Fact(stringResource(R.string.model_runtime), manifest.runtime)
    }
}

@Composable
fun ReportCard(report: Report?, modifier: Modifier = Modifier) {
    val context = LocalContext.current
    Facts(stringResource(R.string.report), modifier.testTag("report")) {
        if (report == null) {
            Text(stringResource(R.string.report_none))
            return@Facts
        }
        report.timeToFirstTokenMs?.let {
            Fact(stringResource(R.string.report_first_token), stringResource(R.string.value_ms, number(it)))
        }
        report.promptTokens?.let { Fact(stringResource(R.string.report_prompt), promptRate(report, it)) }
        report.generatedTokens?.let {
            val rate = number(report.generatedTokensPerSecond)
            Fact(stringResource(R.string.report_generated), stringResource(R.string.value_tokens, number(it), rate))
        }
        report.loadMs?.let { Fact(stringResource(R.string.report_load), stringResource(R.string.value_ms, number(it))) }
        report.memory["process_peak"]?.let {
            Fact(stringResource(R.string.report_peak), Formatter.formatShortFileSize(context, it))
        }
        report.threads?.let { Fact(stringResource(R.string.report_threads), it.toString()) }
        report.accelerator?.let { Fact(stringResource(R.string.report_accelerator), computer(report, it)) }
        report.acceleratorNote?.let { Fact(stringResource(R.string.report_accelerator_note), it) }
    }
}

private fun computer(report: Report, kind: String): String {
    val share = report.graphNodes?.let { "${report.acceleratorNodes ?: 0}/$it" }
    return listOfNotNull(kind, report.device, share).joinToString()
}

@Composable
private fun promptRate(report: Report, tokens: Long): String {
    val rate = number(report.promptTokensPerSecond)
    val cached = report.reusedTokens ?: 0
    return if (cached == 0L) {
        stringResource(R.string.value_tokens, number(tokens), rate)
    } else {
        stringResource(R.string.value_cached_tokens, number(tokens + cached), number(cached), rate)
    }
}
