package {{ cookiecutter.app.package }}.benchmark

import androidx.benchmark.macro.CompilationMode
import androidx.benchmark.macro.StartupMode
import androidx.benchmark.macro.StartupTimingMetric
import androidx.benchmark.macro.junit4.MacrobenchmarkRule
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

/** Milliseconds from a tap on the icon to the first frame, on a device, with and without the baseline profile. */
@RunWith(AndroidJUnit4::class)
class StartBenchmark {
    @get:Rule
    val rule = MacrobenchmarkRule()

    @Test
    fun coldStart_withoutProfile() = start(CompilationMode.None())

    @Test
    fun coldStart_withProfile() = start(CompilationMode.Partial())

    private fun start(mode: CompilationMode) = rule.measureRepeated(
        packageName = APP,
        metrics = listOf(StartupTimingMetric()),
        iterations = 10,
        startupMode = StartupMode.COLD,
        compilationMode = mode,
    ) {
        pressHome()
        startActivityAndWait()
    }
}

internal const val APP = "{{ cookiecutter.app.package }}"
