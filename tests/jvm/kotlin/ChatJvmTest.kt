package dev.handheld.jvm

import android.app.Application
import android.content.ComponentCallbacks2
import android.content.Context
import android.content.Intent
import android.content.res.Configuration
import android.os.Looper
import android.util.Log
import androidx.activity.ComponentActivity
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onAllNodesWithTag
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import androidx.core.content.edit
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowLog

/** The rendered app itself, with its own core, driven as a person would drive it. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class ChatJvmTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val application: Application get() = ApplicationProvider.getApplicationContext()
    private lateinit var scenario: ActivityScenario<*>

    @Before
    fun start() {
        // Short, and the same every time; the machine may be busy.
        val settings = """{"temperature":0,"repeat_penalty":1,"max_tokens":24}"""
        application.getSharedPreferences("task_chat", Context.MODE_PRIVATE).edit(commit = true) {
            putString("settings", settings)
        }
        scenario = launch()
    }

    @After
    fun end() {
        scenario.close()
    }

    private fun launch(change: Intent.() -> Unit = {}): ActivityScenario<*> {
        val intent = checkNotNull(application.packageManager.getLaunchIntentForPackage(application.packageName))
        return ActivityScenario.launch<ComponentActivity>(intent.apply(change))
    }

    private fun waitFor(seconds: Long = 180, condition: () -> Boolean) = rule.waitUntil(seconds * 1000, condition)

    private fun exists(matcher: SemanticsMatcher) =
        rule.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty()

    private fun type(text: String) = rule.onNodeWithTag("input").performTextInput(text)

    private fun ask(text: String) {
        type(text)
        rule.onNodeWithContentDescription("Send").performClick()
    }

    private fun answers(): List<String> = rule.onAllNodesWithTag("answer").fetchSemanticsNodes()
        .map { it.config.getOrNull(SemanticsProperties.ContentDescription)?.joinToString().orEmpty() }

    private fun waitForAnswer() = waitFor { answers().isNotEmpty() && answers().all { it.startsWith("Model: ") } }

    @Test
    fun question_whenSent_isAnswered() {
        rule.onNodeWithContentDescription("Send").assertIsNotEnabled()
        ask(PROMPT)
        waitForAnswer()
        // What a model says at temperature 0.7 is its own; the golden case below knows the words.
        assertTrue(answers().single().removePrefix("Model: ").isNotBlank())
        Pictures.take(rule, "answered")
    }

    @Test
    fun settingsAndDetails_areBuiltFromTheManifest() {
        ask(PROMPT)
        waitForAnswer()
        rule.onNodeWithContentDescription("About the model").performClick()
        waitFor { exists(hasTestTag("report")) }
        rule.onNodeWithText("First token after").assertExists()
        Pictures.take(rule, "details", hasTestTag("details"))
    }

    @Test
    fun settings_open() {
        waitFor { exists(hasContentDescription("Settings") and isEnabled()) }
        rule.onNodeWithContentDescription("Settings").performClick()
        waitFor { exists(hasText("Temperature")) }
        Pictures.take(rule, "settings", hasTestTag("settings"))
    }

    @Test
    fun draftAndConversation_outliveRotation() {
        ask(PROMPT)
        waitForAnswer()
        type("draft kept")
        RuntimeEnvironment.setQualifiers("+land")
        scenario.recreate()
        waitFor { exists(hasText("draft kept")) }
        waitForAnswer()
        scenario.onActivity {
            assertEquals(Configuration.ORIENTATION_LANDSCAPE, it.resources.configuration.orientation)
        }
        Pictures.take(rule, "landscape")
    }

    @Test
    fun conversation_outlivesTheProcess() {
        ask(PROMPT)
        waitForAnswer()
        val before = answers()
        scenario.close() // ends the ViewModel, as the end of the process would
        scenario = launch()
        waitFor { answers() == before }
        ask("And again, please.")
        waitFor { answers().size == 2 && answers().all { it.startsWith("Model: ") } }
    }

    @Test
    fun answer_whenStopped_keepsWhatWasMade_andTheNextOneIsWhole() {
        ask(LONG_PROMPT)
        waitFor { exists(hasContentDescription("Stop")) || answers().isNotEmpty() }
        // A model without weights is done before anyone can press; then this is one more plain question.
        runCatching { rule.onNodeWithContentDescription("Stop").performClick() }
        waitFor { exists(hasContentDescription("Send")) }
        ask(PROMPT)
        waitForAnswer()
        waitFor { exists(hasContentDescription("Send")) }
    }

    @Test
    fun conversation_whenCleared_isEmpty() {
        ask(PROMPT)
        waitForAnswer()
        rule.onNodeWithContentDescription("Clear the conversation").performClick()
        rule.onNodeWithText("Clear").performClick()
        waitFor { answers().isEmpty() }
        rule.onNodeWithText("Ask something.", substring = true).assertIsDisplayed()
    }

    @Test
    fun model_whenMemoryIsLow_isFreed_andComesBack() {
        ask(PROMPT)
        waitForAnswer()
        rule.runOnUiThread { application.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_BACKGROUND) }
        ask("Still there?")
        waitFor { answers().size == 2 && answers().all { it.startsWith("Model: ") } }
    }

    @Test
    fun promptLongerThanTheContext_isASentence_notACrash() {
        ask("word ".repeat(20_000))
        waitFor { exists(hasTestTag("problem")) }
        Pictures.take(rule, "problem")
        rule.onNodeWithText("Try again").assertIsEnabled()
    }

    @Test
    @Config(qualifiers = "+night")
    fun dark() = answered("dark")

    @Test
    @Config(qualifiers = "w1280dp-h800dp-land-mdpi")
    fun tablet() = answered("tablet")

    @Test
    @Config(qualifiers = "+ar-rEG-ldrtl")
    fun rightToLeft() = answered("rtl")

    @Test
    @Config(fontScale = 2f)
    fun hugeFont() = answered("font200")

    private fun answered(picture: String) {
        ask(PROMPT)
        waitForAnswer()
        Pictures.take(rule, picture)
    }

    @Test
    fun selfTest_printsOneLine() {
        scenario.close()
        ShadowLog.clear()
        scenario = launch { putExtra("handheld.selftest", true) }
        waitFor {
            shadowOf(Looper.getMainLooper()).idle() // nothing here looks at the screen, which would do it
            results().isNotEmpty()
        }
        val line = results().single()
        assertTrue(line, line.toByteArray().size < 3 * 1024)
        val json = Json.parseToJsonElement(line.removePrefix(SENTINEL)).jsonObject
        assertTrue(line, json.getValue("passed").jsonPrimitive.boolean)
        println(line)
    }

    private fun results(): List<String> = ShadowLog.getLogs()
        .filter { it.type == Log.INFO && it.msg.startsWith(SENTINEL) }
        .map { it.msg }

    private companion object {
        const val SENTINEL = "HANDHELD RESULT "
        const val PROMPT = "What is the capital of France?"
        const val LONG_PROMPT = "Count from one to one hundred, in words, with a sentence about each number."
    }
}
