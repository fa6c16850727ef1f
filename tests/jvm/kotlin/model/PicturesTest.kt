package dev.handheld.jvm

import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performSemanticsAction
import app.under.test.TaskEntry
import app.under.test.TaskListScreen
import app.under.test.model.BenchmarkResult
import app.under.test.model.BenchmarkState
import app.under.test.model.Heat
import app.under.test.model.SessionState
import app.under.test.model.TaskAssets
import app.under.test.tasks
import app.under.test.ui.AppTheme
import app.under.test.ui.BenchmarkScreen
import app.under.test.ui.DetailsSheet
import app.under.test.ui.SessionPane
import dev.handheld.HandheldException
import dev.handheld.Manifest
import dev.handheld.Report
import dev.handheld.Status
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every screen in every kind of display. Texts and numbers are given, so that only a change in looks changes them. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PicturesTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val app = Driver(rule)

    @After
    fun end() = app.close()

    @Test
    @Config(qualifiers = "w411dp-h891dp-port-hdpi") // shown in the docs
    fun light() = takeAll("light")

    @Test
    @Config(qualifiers = "w411dp-h891dp-port-night-mdpi")
    fun dark() = takeAll("dark")

    @Test
    @Config(qualifiers = "w891dp-h411dp-land-mdpi")
    fun landscape() = takeAll("landscape")

    @Test
    @Config(qualifiers = "w1280dp-h800dp-land-mdpi")
    fun tablet() = takeAll("tablet")

    @Test
    @Config(qualifiers = "ar-rEG-ldrtl-$PHONE")
    fun rightToLeft() = takeAll("rtl")

    @Test
    @Config(qualifiers = PHONE, fontScale = 2f)
    fun hugeFont() = takeAll("font200")

    private fun takeAll(look: String) {
        val take = { screen: String -> Pictures.take(rule, "$screen-$look") }
        app.settle(maxTokens = 512)
        app.conversationFile.apply { parentFile?.mkdirs() }.writeText(CONVERSATION)
        app.launch()
        app.waitForNode(hasTestTag("answer"))
        app.waitForModel()
        app.waitFor { !app.exists(hasText("the model", substring = true)) }
        take("chat")
        app.press("Settings")
        app.waitForNode(hasText("Temperature"))
        take("settings")
        rule.onNode(SemanticsMatcher.keyIsDefined(SemanticsActions.Dismiss)).performSemanticsAction(SemanticsActions.Dismiss)
        app.waitFor { !app.exists(hasTestTag("settings")) }
        app.press("Clear the conversation")
        take("clear")
        rule.onNodeWithText("Clear").performClick()
        app.waitForNode(hasText("Ask something.", substring = true))
        take("empty")
        app.ask("word ".repeat(20_000))
        app.waitForNode(hasTestTag("problem"))
        take("problem")
        val manifest = runBlocking { TaskAssets(app.application).manifest("chat") }
        show {
            Surface(Modifier.fillMaxSize()) { DetailsSheet(manifest, MEMORY, REPORT, onMeasure = {}, onDismiss = {}) }
        }
        take("details")
        show { BenchmarkScreen(manifest.title(), BenchmarkState.Done(RESULT), {}, {}, {}) }
        take("benchmark")
        show { BenchmarkScreen(manifest.title(), BenchmarkState.Running(2, 6), {}, {}, {}) }
        take("measuring")
        show { SessionPane(SessionState.Failed(FAILURE), {}) {} }
        take("error")
        show { SessionPane(SessionState.Loading(0.4f), {}) {} }
        take("loading")
        show { TaskListScreen(listOf(Other(tasks.single(), "other"), tasks.single())) }
        take("tasks")
    }

    private fun Manifest.title() = checkNotNull(model).title

    private var content by mutableStateOf<@Composable () -> Unit>({})
    private var replaced = false

    private fun show(screen: @Composable () -> Unit) {
        app.scenario.onActivity { activity ->
            content = screen
            if (!replaced) (activity as ComponentActivity).setContent { AppTheme { content() } }
            replaced = true
        }
        rule.waitForIdle()
    }

    private class Other(task: TaskEntry, override val name: String) : TaskEntry by task

    private companion object {
        const val PHONE = "w411dp-h891dp-port-mdpi"
        const val MEMORY = 131_000_000L
        val REPORT = Report(
            loadMs = 412.0, timeToFirstTokenMs = 187.4, promptTokens = 31, reusedTokens = 12,
            promptTokensPerSecond = 214.8, generatedTokens = 77, generatedTokensPerSecond = 41.3,
            memory = mapOf("process_peak" to 302_000_000L), threads = 4, accelerator = "cpu",
        )
        val RESULT = BenchmarkResult(
            rounds = listOf(180.0, 187.0, 192.0).map { REPORT.copy(timeToFirstTokenMs = it, memory = mapOf("model" to MEMORY)) },
            before = Heat(celsius = 29.5, slowing = Heat.Slowing.NONE),
            after = Heat(celsius = 33.0, slowing = Heat.Slowing.SOME),
        )
        val FAILURE = HandheldException(
            Status.FILE_INVALID,
            "SmolLM2-135M-Instruct.Q4_1.gguf is cut short: it has 2000000 bytes and needs 98362432.",
            "gguf: 272 tensors\ngguf: tensor 31 ends at byte 11238400",
        )
        val CONVERSATION = """
            {"turns":[
              {"id":1,"question":"What do parrots eat?","answer":"## Food\nParrots eat **seeds**, *fruit* and nuts:\n\n- In the wild, what grows: `Psittacus` likes palm nuts\n- At home, a mix\n\n> Never give them avocado.\n\n```kotlin\nval food = listOf(\"seeds\", \"fruit\")\n```","ending":"COMPLETE"},
              {"id":2,"question":"And what do they say?","answer":"What they hear, in a voice of their own","ending":"STOPPED"}
            ]}
        """.trimIndent()
    }
}
