package {{ cookiecutter.app.package }}.benchmark

import androidx.benchmark.macro.junit4.BaselineProfileRule
import androidx.test.ext.junit.runners.AndroidJUnit4
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

/**
 * Writes down what a start runs, so that the system can compile it when the app is installed. Copy the file that it
 * names to app/src/main/baseline-prof.txt: the next release carries it.
 */
@RunWith(AndroidJUnit4::class)
class BaselineProfile {
    @get:Rule
    val rule = BaselineProfileRule()

    @Test
    fun start() = rule.collect(packageName = APP) {
        pressHome()
        startActivityAndWait()
        device.waitForIdle()
    }
}
