package dev.handheld.jvm

import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Whatever is wrong with the files of the app or with what a person gives it, the screen says so, and goes on. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(application = OtherFiles::class)
class BadInputTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    @get:Rule
    val folder = TemporaryFolder()

    private val app = Driver(rule)
    private val files get() = app.application as OtherFiles
    private val manifest get() = files.own.open("chat/task.json").use { it.readBytes().decodeToString() }
    private val golden get() = files.own.open("chat/golden.json").use { it.readBytes() }
    private val weights get() = checkNotNull(WEIGHTS.find(manifest)).groupValues[1]
    private val model by lazy { files.own.open("chat/$weights").use { it.readBytes() } }

    @After
    fun end() = app.close()

    private fun start(
        weightsBytes: ByteArray?,
        json: String = manifest,
        compressed: Boolean = false,
    ) {
        val all = mutableMapOf("task.json" to json.encodeToByteArray(), "golden.json" to golden)
        if (weightsBytes != null) all[weights] = weightsBytes
        files.replace(folder, all, compressed = if (compressed) setOf(weights) else emptySet())
        app.settle()
        app.launch()
    }

    /** The screen of a failure: a sentence with these words, what to do, and a way to try again. */
    private fun assertFailure(sentence: String, remedy: String) {
        app.waitForNode(hasTestTag("failure"))
        rule.onNodeWithText(sentence, substring = true).assertIsDisplayed()
        rule.onNodeWithText(remedy, substring = true).assertExists()
        rule.onNodeWithText("Try again").assertIsEnabled().performClick()
        app.waitForNode(hasText(sentence, substring = true)) // it was tried, and failed in the same way
    }

    @Test
    fun model_whenMissing() {
        start(weightsBytes = null)
        assertFailure("$weights is not in the app", "Installing the app again")
    }

    @Test
    fun model_whenCutShort() {
        start(weightsBytes = model.copyOf(2_000_000))
        assertFailure("is truncated", "Installing the app again")
    }

    @Test
    fun model_whenNoModelAtAll() {
        start(weightsBytes = "This is a text.".repeat(1000).encodeToByteArray())
        assertFailure("GGUF", "Installing the app again")
    }

    @Test
    fun model_whenOfAnotherKind() {
        start(weightsBytes = ggufOf("clip"))
        assertFailure("holds no weights", "Installing the app again")
    }

    @Test
    fun model_whenDamaged_isFoundByItsHash() {
        val broken = model.copyOf().also { it[it.size / 2] = (it[it.size / 2] + 1).toByte() }
        start(broken, compressed = true)
        assertFailure("is damaged", "Installing the app again")
        assertEquals("nothing half-made stays", emptyList<File>(), copies())
    }

    @Test
    fun model_whenCompressed_isCopiedOnce() {
        start(model, compressed = true)
        app.waitForModel()
        app.ask("What is the capital of France?")
        app.waitForAnswers()
        val copy = copies().single()
        assertEquals(model.size.toLong(), copy.length())
        val first = copy.lastModified()
        app.close()
        app.launch()
        app.waitForAnswers()
        app.ask("And of Spain?")
        app.waitForAnswers(2)
        assertEquals(first, copies().single().lastModified())
    }

    @Test
    fun storage_whenTooSmall() {
        start("x".repeat(100).encodeToByteArray(), manifest.withBytes(9_000_000_000_000_000), compressed = true)
        assertFailure("of storage;", "Free some storage")
    }

    @Test
    fun storage_whenDenied() {
        File(app.application.noBackupFilesDir, "models").apply { parentFile?.mkdirs() }.writeText("in the way")
        start(model.copyOf(1000), compressed = true)
        assertFailure("cannot be made", "Free some storage")
    }

    @Test
    fun manifest_whenDamaged() {
        start(model.copyOf(1000), json = "{ \"task\": ")
        assertFailure("task.json cannot be read", "Installing the app again")
    }

    @Test
    fun conversation_whenItCannotBeSaved() {
        File(app.application.filesDir, "tasks").writeText("in the way")
        start(model)
        app.ask("What is the capital of France?")
        app.waitForAnswers()
        rule.onNodeWithText("This conversation cannot be saved", substring = true).assertIsDisplayed()
    }

    @Test
    fun question_ofAHundredThousandCharacters() {
        start(model)
        app.waitForModel()
        app.ask("word ".repeat(30_000)) // cut at a hundred thousand
        app.waitForNode(hasTestTag("problem"))
        rule.onNodeWithText("tokens; the model's context holds", substring = true).assertIsDisplayed()
        assertTrue("cut at the limit", app.conversationFile.readText().length in 100_000..100_200)
        rule.onNodeWithText("Show all of it").assertExists()
        rule.onNodeWithText("Try again").assertIsEnabled()
        app.ask("What is the capital of France?")
        app.waitFor { app.answers().isNotEmpty() && !app.answering() && !app.exists(hasTestTag("problem")) }
    }

    @Test
    fun question_whenOnlySpaces_cannotBeSent() {
        start(model)
        app.waitForModel()
        app.type("  \n ")
        assertTrue(runCatching { app.rule.onNodeWithTag("input").assertIsEnabled() }.isSuccess)
        app.press("Send")
        assertEquals(emptyList<String>(), app.answers())
    }

    private fun copies() =
        File(app.application.noBackupFilesDir, "models").walk().filter { it.isFile }.toList()

    private fun String.withBytes(bytes: Long) = replace(BYTES, "\"bytes\": $bytes")

    /** A whole GGUF file that holds nothing but the name of an architecture. */
    private fun ggufOf(architecture: String): ByteArray {
        val buffer = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN)
        buffer.put("GGUF".encodeToByteArray()).putInt(3).putLong(0).putLong(1)
        for (text in listOf("general.architecture", architecture)) {
            if (text == architecture) buffer.putInt(GGUF_STRING)
            buffer.putLong(text.length.toLong()).put(text.encodeToByteArray())
        }
        return buffer.array().copyOf(buffer.position())
    }

    private companion object {
        val WEIGHTS = Regex("\"weights\":\\s*\"([^\"]+)\"")
        val BYTES = Regex("\"bytes\":\\s*\\d+")
        const val GGUF_STRING = 8
    }
}
