package {{ cookiecutter.app.package }}

import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import {{ cookiecutter.app.package }}.model.TaskAssets
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** The golden case of each task, with the real model on the real device. */
@RunWith(AndroidJUnit4::class)
class GoldenCaseTest {
    @Test
    fun everyTask_givesTheAnswerThatIsKnown() {
        val context = InstrumentationRegistry.getInstrumentation().targetContext
        val assets = TaskAssets(context)
        assertTrue("This app has no task.", tasks.isNotEmpty())
        runBlocking {
            for (entry in tasks) {
                assets.open(entry.name).use { task ->
                    task.load()
                    val outcome = assets.golden(entry.name).run(task)
                    val verdict = "${entry.name} answered \"${outcome.text}\"; missing: ${outcome.missing}"
                    assertTrue(verdict, outcome.passed)
                }
            }
        }
    }
}
