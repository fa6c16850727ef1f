package {{ cookiecutter.app.package }}.ui

import android.text.format.Formatter
import androidx.activity.compose.BackHandler
import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.model.BenchmarkResult
import {{ cookiecutter.app.package }}.model.BenchmarkState
import {{ cookiecutter.app.package }}.model.Heat
import {{ cookiecutter.app.package }}.model.Spread

/**
 * Measures the model on this device and shows what came of it.
 *
 * @param model the model's title
 * @param onBack leaves the screen, which ends a measurement that still runs
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun BenchmarkScreen(
    model: String,
    state: BenchmarkState,
    onStart: () -> Unit,
    onStop: () -> Unit,
    onBack: () -> Unit,
) {
    val leave = {
        onStop()
        onBack()
    }
    BackHandler(onBack = leave)
    Scaffold(
        topBar = {
            TopAppBar(
                title = { Text(stringResource(R.string.benchmark)) },
                navigationIcon = {
                    IconButton(leave) { Icon(painterResource(R.drawable.ic_back), stringResource(R.string.back)) }
                },
            )
        },
    ) { inner ->
        Box(Modifier.fillMaxSize().padding(inner), contentAlignment = Alignment.TopCenter) {
            Column(
                modifier = Modifier
                    .verticalScroll(rememberScrollState())
                    .padding(16.dp)
                    .widthIn(max = WIDEST)
                    .fillMaxWidth()
                    .testTag("benchmark"),
                verticalArrangement = Arrangement.spacedBy(16.dp),
            ) {
                Text(model, style = MaterialTheme.typography.titleMedium)
                Text(stringResource(R.string.benchmark_summary))
                BenchmarkContent(state, onStart, onStop)
            }
        }
    }
}

@Composable
private fun BenchmarkContent(state: BenchmarkState, onStart: () -> Unit, onStop: () -> Unit) {
    when (state) {
        is BenchmarkState.Idle -> StartButton(onStart)
        is BenchmarkState.Running -> {
            Text(stringResource(R.string.benchmark_round, state.done + 1, state.rounds))
            LinearProgressIndicator(progress = { state.done.toFloat() / state.rounds }, Modifier.fillMaxWidth())
            OutlinedButton(onStop) { Text(stringResource(R.string.benchmark_stop)) }
        }
        is BenchmarkState.Done -> {
            ResultCard(state.result)
            StartButton(onStart)
        }
        is BenchmarkState.Failed -> {
            Text(
                state.failure.message.orEmpty(),
                modifier = Modifier.semantics { liveRegion = LiveRegionMode.Polite },
                color = MaterialTheme.colorScheme.error,
            )
            StartButton(onStart)
        }
    }
}

@Composable
private fun StartButton(onStart: () -> Unit) {
    Button(onStart) { Text(stringResource(R.string.benchmark_start)) }
}

@Composable
private fun ResultCard(result: BenchmarkResult) {
    val context = LocalContext.current
    val last = result.rounds.last()
    Facts(
        title = stringResource(R.string.benchmark_result, result.rounds.size),
        modifier = Modifier.testTag("result").semantics { liveRegion = LiveRegionMode.Polite },
    ) {
        result.firstTokenMs?.let {
            Fact(stringResource(R.string.report_first_token), stringResource(R.string.value_ms, text(it)))
        }
        result.promptTokensPerSecond?.let {
            Fact(stringResource(R.string.report_prompt), stringResource(R.string.value_rate, text(it)))
        }
        result.tokensPerSecond?.let {
            Fact(stringResource(R.string.report_generated), stringResource(R.string.value_rate, text(it)))
        }
        Fact(stringResource(R.string.model_memory), Formatter.formatShortFileSize(context, last.modelMemory))
        last.threads?.let { Fact(stringResource(R.string.report_threads), number(it)) }
        HeatFacts(result.before, result.after)
    }
}

@Composable
private fun HeatFacts(before: Heat, after: Heat) {
    val celsius = after.celsius
    if (celsius != null) {
        val from = number(before.celsius ?: celsius)
        Fact(stringResource(R.string.heat_battery), stringResource(R.string.value_celsius, from, number(celsius)))
    }
    val slowing = after.slowing ?: return
    Fact(stringResource(R.string.heat_slowing), stringResource(nameOf(slowing)))
    if (slowing != Heat.Slowing.NONE) {
        Text(stringResource(R.string.heat_warning), color = MaterialTheme.colorScheme.error)
    }
}

@StringRes
private fun nameOf(slowing: Heat.Slowing): Int = when (slowing) {
    Heat.Slowing.NONE -> R.string.heat_none
    Heat.Slowing.SOME -> R.string.heat_some
    Heat.Slowing.MUCH -> R.string.heat_much
}

/** "12.5 (12 to 13.1)" */
@Composable
private fun text(spread: Spread): String =
    stringResource(R.string.value_spread, number(spread.median), number(spread.least), number(spread.most))

private val WIDEST = 560.dp
