package dev.handheld.jvm

import android.content.ClipboardManager
import android.content.ComponentCallbacks2
import android.content.Intent
import android.content.res.Configuration
import android.os.Looper
import androidx.compose.ui.input.key.Key
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performKeyInput
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.pressKey
import androidx.compose.ui.test.withKeyDown
import androidx.lifecycle.Lifecycle
import java.io.File
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonPrimitive
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
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

/** The rendered app itself, with its own core and model, driven as a person would drive it. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class ChatTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val app = Driver(rule)

    @Before
    fun start() {
        app.settle()
        app.launch()
    }

    @After
    fun end() = app.close()

    /** Settings are read when the screen begins to be wanted. */
    private fun restart(maxTokens: Int) {
        app.close()
        app.settle(maxTokens)
        app.launch()
    }

    @Test
    fun question_whenSent_isAnswered() {
        rule.onNodeWithContentDescription("Send").assertIsNotEnabled()
        app.ask(PROMPT)
        app.waitForAnswers()
        // What a model says is its own; the golden case below knows the words.
        assertTrue(app.answers().single().removePrefix("Model: ").isNotBlank())
        assertTrue("read where it lies in the APK, never copied", copies().isEmpty())
    }

    private fun copies() = File(app.application.noBackupFilesDir, "models").walk().filter { it.isFile }.toList()

    @OptIn(ExperimentalTestApi::class)
    @Test
    fun keyboard_enterSends_shiftEnterIsANewLine() {
        app.type("What is")
        rule.onNodeWithTag("input").performKeyInput { withKeyDown(Key.ShiftLeft) { pressKey(Key.Enter) } }
        app.type("the capital of France?")
        rule.onNodeWithText("What is\nthe capital of France?").assertExists()
        rule.onNodeWithTag("input").performKeyInput { pressKey(Key.Enter) }
        app.waitForAnswers()
        rule.onNodeWithContentDescription("You: What is\nthe capital of France?").assertExists()
    }

    @Test
    fun details_tellTheModelAndTheLastAnswer() {
        app.ask(PROMPT)
        app.waitForAnswers()
        app.press("About the model")
        app.waitForNode(hasTestTag("report"))
        for (label in listOf("Licence", "Size", "Memory in use", "First token after")) {
            rule.onNodeWithText(label).assertExists()
        }
    }

    @Test
    fun benchmark_measuresThisDevice_andKeepsTheConversation() {
        app.ask(PROMPT)
        app.waitForAnswers()
        app.press("About the model")
        app.waitForNode(hasText("Measure the speed"))
        rule.onNodeWithText("Measure the speed").performScrollTo().performClick()
        rule.onNodeWithText("Measure").performClick()
        app.waitForNode(hasTestTag("result"))
        for (label in listOf("First token after", "Answer", "Memory in use", "Slowed down by heat")) {
            rule.onNodeWithText(label).assertExists()
        }
        app.press("Back")
        assertEquals(1, app.answers().size)
        app.ask("And of Spain?")
        app.waitForAnswers(2)
    }

    @Test
    fun setting_whenChanged_isKeptAndReset() {
        app.waitForModel()
        app.press("Settings")
        app.waitForNode(hasText("Temperature"))
        rule.onNodeWithText("24").assertExists()
        rule.onNodeWithText("Use the defaults").performScrollTo().performClick()
        rule.onNodeWithText("512").assertExists()
        app.scenario.recreate()
        app.waitForNode(hasText("512"))
    }

    @Test
    fun draftAndConversation_outliveRotation() {
        app.ask(PROMPT)
        app.waitForAnswers()
        app.type("draft kept")
        RuntimeEnvironment.setQualifiers("+land")
        app.scenario.recreate()
        app.waitForNode(hasText("draft kept"))
        app.waitForAnswers()
        app.scenario.onActivity {
            assertEquals(Configuration.ORIENTATION_LANDSCAPE, it.resources.configuration.orientation)
        }
    }

    @Test
    fun answer_whenTheDeviceIsTurnedFiveTimes_isWholeAndGivenOnce() {
        restart(maxTokens = 100)
        app.ask(LONG_PROMPT)
        app.waitFor { app.answering() }
        for (turn in 1..5) {
            RuntimeEnvironment.setQualifiers(if (turn % 2 == 1) "+land" else "+port")
            app.scenario.recreate()
        }
        app.waitForAnswers()
        val turned = app.answers().single()
        app.press("Clear the conversation")
        rule.onNodeWithText("Clear").performClick()
        app.waitFor { app.answers().isEmpty() }
        app.ask(LONG_PROMPT)
        app.waitForAnswers()
        assertEquals(app.answers().single(), turned)
    }

    @Test
    fun answer_whenTheScreenGoesOff_goesOn() {
        app.ask(LONG_PROMPT)
        app.scenario.moveToState(Lifecycle.State.CREATED)
        // Nothing is drawn now; what is kept in the file tells that the answer went on.
        val deadline = System.nanoTime() + 180_000_000_000
        while ("CUT_OFF" !in stored() && System.nanoTime() < deadline) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(20)
        }
        assertTrue(stored(), "CUT_OFF" in stored())
        app.scenario.moveToState(Lifecycle.State.RESUMED)
        app.waitForAnswers()
    }

    private fun stored() = app.conversationFile.takeIf { it.isFile }?.readText().orEmpty()

    @Test
    fun conversation_outlivesTheProcess() {
        app.ask(PROMPT)
        app.waitForAnswers()
        val before = app.answers()
        app.close() // ends the ViewModel, as the end of the process would
        app.launch()
        app.waitFor { app.answers() == before }
        app.ask("And again, please.")
        app.waitForAnswers(2)
    }

    @Test
    fun answer_whenTheProcessEndsInIt_isKeptAsStopped() {
        app.ask(PROMPT)
        app.waitForAnswers()
        app.close()
        app.conversationFile.writeText("""{"turns":[{"id":1,"question":"Q","answer":"half an ans"}]}""")
        app.launch()
        app.waitForNode(hasText("Stopped"))
        assertEquals(listOf("Model: half an ans"), app.answers())
        app.conversationFile.writeText("{ not a conversation")
        app.close()
        app.launch()
        app.waitForModel()
        assertEquals(emptyList<String>(), app.answers())
    }

    @Test
    fun answer_whenStopped_keepsWhatWasMade_andTheNextOneIsWhole() {
        restart(maxTokens = 512)
        app.ask(LONG_PROMPT)
        app.waitFor { "\"answer\":\"" in stored() || app.answers().any { it == "The answer is on its way" } }
        app.press("Stop")
        app.waitForNode(hasContentDescription("Send"))
        rule.onNodeWithText("Stopped").assertExists()
        restart(maxTokens = 24)
        app.ask(PROMPT)
        app.waitFor { app.answers().lastOrNull()?.startsWith("Model: ") == true && !app.answering() }
    }

    @Test
    fun conversation_whenCleared_isEmpty() {
        app.ask(PROMPT)
        app.waitForAnswers()
        app.press("Clear the conversation")
        rule.onNodeWithText("Clear").performClick()
        app.waitFor { app.answers().isEmpty() }
        rule.onNodeWithText("Ask something.", substring = true).assertIsDisplayed()
    }

    @Test
    fun answer_isCopiedAndShared() {
        app.ask(PROMPT)
        app.waitForAnswers()
        val answer = app.answers().single().removePrefix("Model: ")
        app.press("Copy")
        app.waitForNode(hasText("Copied"))
        val clipboard = app.application.getSystemService(ClipboardManager::class.java)
        assertEquals(answer, clipboard.primaryClip?.getItemAt(0)?.text.toString())
        app.press("Share")
        assertEquals(answer, shared())
        app.press("Share the conversation")
        assertEquals("You: $PROMPT\n\nModel: $answer", shared())
    }

    private fun shared(): String? {
        val chooser = shadowOf(app.application).nextStartedActivity
        @Suppress("DEPRECATION") // the other one needs Android 13
        val send = chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)
        return send?.getStringExtra(Intent.EXTRA_TEXT)
    }

    @Test
    fun model_whenMemoryIsLow_isFreed_andComesBack() {
        app.ask(PROMPT)
        app.waitForAnswers()
        rule.runOnUiThread { app.application.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_BACKGROUND) }
        rule.onNodeWithText("The model made room for other apps.", substring = true).assertIsDisplayed()
        app.ask("Still there?")
        app.waitForAnswers(2)
        assertFalse(app.exists(hasText("The model made room for other apps.", substring = true)))
    }

    @Test
    fun app_whenOpenedTwice_answersInBoth() {
        app.ask(PROMPT)
        val second = Driver(rule)
        second.launch()
        second.waitForModel()
        second.close()
        app.waitForAnswers()
        app.ask("And again, please.")
        app.waitForAnswers(2)
    }

    @Test
    @Config(fontScale = 2f)
    fun everyControl_hasAName_andFitsAtTwiceTheFont() {
        app.ask(PROMPT)
        app.waitForAnswers()
        for (label in listOf("Send", "Settings", "About the model", "Clear the conversation")) {
            rule.onNodeWithContentDescription(label).assertIsDisplayed()
        }
        assertEquals(emptyList<String>(), Labels.missing(rule))
        app.press("Settings")
        app.waitForNode(hasText("Temperature"))
        assertEquals(emptyList<String>(), Labels.missing(rule))
    }

    @Test
    fun selfTest_printsOneLine() {
        app.close()
        val (line, result) = app.selfTest()
        assertTrue(line, line.toByteArray().size < 3 * 1024)
        assertTrue(line, result.getValue("passed").jsonPrimitive.boolean)
    }

    private companion object {
        const val PROMPT = "What is the capital of France?"
        const val LONG_PROMPT = "Count from one to one hundred, in words, with a sentence about each number."
    }
}
