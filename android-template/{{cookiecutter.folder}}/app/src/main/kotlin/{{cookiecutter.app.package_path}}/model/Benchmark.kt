package {{ cookiecutter.app.package }}.model

import dev.handheld.GoldenCase
import dev.handheld.HandheldException
import dev.handheld.HandheldTask
import dev.handheld.Report
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** Where a measurement is. */
sealed interface BenchmarkState {
    data object Idle : BenchmarkState

    /** @property done rounds so far, the warm-up among them */
    data class Running(val done: Int, val rounds: Int) : BenchmarkState

    data class Done(val result: BenchmarkResult) : BenchmarkState

    data class Failed(val failure: HandheldException) : BenchmarkState
}

/** The middle one of several numbers, and the range that they lie in. */
data class Spread(val median: Double, val least: Double, val most: Double) {
    companion object {
        /** Null for no numbers. */
        fun of(numbers: List<Double>): Spread? {
            val sorted = numbers.sorted()
            if (sorted.isEmpty()) return null
            val half = sorted.size / 2
            val median = if (sorted.size % 2 == 1) sorted[half] else (sorted[half - 1] + sorted[half]) / 2
            return Spread(median, sorted.first(), sorted.last())
        }
    }
}

/** @property rounds what the core reported of each round, without the warm-up; never empty */
data class BenchmarkResult(val rounds: List<Report>, val before: Heat, val after: Heat) {
    val firstTokenMs: Spread? get() = Spread.of(rounds.mapNotNull { it.timeToFirstTokenMs })
    val promptTokensPerSecond: Spread? get() = Spread.of(rounds.mapNotNull { it.promptTokensPerSecond })
    val tokensPerSecond: Spread? get() = Spread.of(rounds.mapNotNull { it.generatedTokensPerSecond })
}

/**
 * Measures one task on this device: its golden case, once to warm up and then [ROUNDS] times, each from an empty
 * conversation. Call it from the main thread; the work is done elsewhere.
 */
class Benchmark(
    private val scope: CoroutineScope,
    private val golden: suspend () -> GoldenCase,
    private val ready: suspend () -> HandheldTask,
    private val readHeat: () -> Heat,
) {
    private val mutableState = MutableStateFlow<BenchmarkState>(BenchmarkState.Idle)
    val state: StateFlow<BenchmarkState> = mutableState.asStateFlow()
    val isRunning: Boolean get() = running?.isActive == true
    private var running: Job? = null

    /** Begins, unless a measurement is on its way. */
    fun start() {
        if (isRunning) return
        mutableState.value = BenchmarkState.Running(done = 0, rounds = ROUNDS + 1)
        running = scope.launch {
            try {
                mutableState.value = BenchmarkState.Done(measure())
            } catch (failure: HandheldException) {
                mutableState.value = BenchmarkState.Failed(failure)
            } finally {
                if (state.value is BenchmarkState.Running) mutableState.value = BenchmarkState.Idle
            }
        }
    }

    /** Ends it without a result; harmless when none runs. */
    fun stop() {
        running?.cancel()
    }

    private suspend fun measure(): BenchmarkResult {
        val case = golden()
        val task = ready()
        val before = readHeat()
        val reports = List(ROUNDS + 1) { round ->
            task.reset()
            mutableState.value = BenchmarkState.Running(done = round, rounds = ROUNDS + 1)
            case.run(task).report
        }
        task.reset()
        return BenchmarkResult(reports.drop(1), before, readHeat())
    }

    companion object {
        /** Odd, so that one of them is the median. */
        const val ROUNDS: Int = 5
    }
}
