package dev.handheld.jvm

import android.app.Application
import android.content.Context
import android.content.Intent
import android.os.Looper
import android.util.Log
import androidx.activity.ComponentActivity
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.onAllNodesWithTag
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import androidx.test.platform.app.InstrumentationRegistry
import java.io.File
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowLog

/** Drives the app as a person would, and knows where it keeps its files. */
class Driver(val rule: ComposeTestRule) : AutoCloseable {
    val application: Application get() = ApplicationProvider.getApplicationContext()
    val conversationFile: File get() = File(application.filesDir, "tasks/chat/conversation.json")
    lateinit var scenario: ActivityScenario<*>
        private set

    /** Short answers, and the same every time; the machine may be busy. */
    fun settle(maxTokens: Int = 24) {
        val settings = """{"temperature":0,"repeat_penalty":1,"max_tokens":$maxTokens}"""
        application.getSharedPreferences("task_chat", Context.MODE_PRIVATE).edit().putString("settings", settings).commit()
    }

    fun launch(change: Intent.() -> Unit = {}) {
        val intent = checkNotNull(application.packageManager.getLaunchIntentForPackage(application.packageName))
        InstrumentationRegistry.getInstrumentation().setInTouchMode(true)
        scenario = ActivityScenario.launch<ComponentActivity>(intent.apply(change))
    }

    override fun close() = scenario.close()

    fun waitFor(seconds: Long = 180, condition: () -> Boolean) = rule.waitUntil(seconds * 1000, condition)

    fun exists(matcher: SemanticsMatcher) = rule.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty()

    fun waitForNode(matcher: SemanticsMatcher) = waitFor { exists(matcher) }

    fun type(text: String) = rule.onNodeWithTag("input").performTextInput(text)

    fun press(label: String) = rule.onNodeWithContentDescription(label).performClick()

    fun ask(text: String) {
        type(text)
        press("Send")
    }

    /** What is read out of every answer: "Model: ..." when it is whole. */
    fun answers(): List<String> = rule.onAllNodesWithTag("answer").fetchSemanticsNodes()
        .map { it.config.getOrNull(SemanticsProperties.ContentDescription)?.joinToString().orEmpty() }

    fun waitForAnswers(count: Int = 1) =
        waitFor { answers().size == count && answers().all { it.startsWith("Model: ") } && !answering() }

    fun answering() = exists(hasContentDescription("Stop"))

    /** Starts the app as its own proof, and waits for the line that it prints; also as JSON. The app must be closed. */
    fun selfTest(): Pair<String, JsonObject> {
        ShadowLog.clear()
        launch { putExtra("handheld.selftest", true) }
        waitFor {
            shadowOf(Looper.getMainLooper()).idle() // nothing here looks at the screen, which would do it
            results().isNotEmpty()
        }
        val line = results().single()
        println(line)
        return line to Json.parseToJsonElement(line.removePrefix(SENTINEL)).jsonObject
    }

    private fun results(): List<String> = ShadowLog.getLogs()
        .filter { it.type == Log.INFO && it.msg.startsWith(SENTINEL) }
        .map { it.msg }

    /** Until the conversation is ready for a question, however the model got there. */
    fun waitForModel() {
        waitForNode(hasContentDescription("Settings") and isEnabled())
        waitFor { !exists(hasTestTag("loading")) }
    }

    private companion object {
        const val SENTINEL = "HANDHELD RESULT "
    }
}
