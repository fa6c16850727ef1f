package dev.handheld.jvm

import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithText
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.GraphicsMode

/** An app whose model repeats what it is told, a byte at a time: every character is split between tokens. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class EchoTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val app = Driver(rule)

    @Before
    fun start() {
        app.settle(maxTokens = 4000)
        app.launch()
    }

    @After
    fun end() = app.close()

    @Test
    fun name_isShownAsItIsWritten() {
        val label = app.application.applicationInfo.loadLabel(app.application.packageManager).toString()
        rule.onNodeWithText(label).assertIsDisplayed()
        assertEquals(System.getProperty("jvm.name"), label)
    }

    @Test
    fun charactersOfManyParts_arriveWhole() {
        app.ask(HARD)
        app.waitForAnswers()
        assertEquals("Model: $HARD", app.answers().single())
    }

    @Test
    fun markdown_isReadOutWithoutItsMarks() {
        app.ask("# Birds\n- a **bold** [parrot](https://example.org)\n\n> quoted")
        app.waitForAnswers()
        assertEquals("Model: Birds\n• a bold parrot\nquoted", app.answers().single())
    }

    @Test
    fun contextOfTheModel_whenFull_isASentence() {
        app.ask("a".repeat(3000))
        app.waitForNode(hasTestTag("problem"))
        app.waitForNode(hasText("context holds", substring = true))
    }

    private companion object {
        // A family of four joined by ZWJ, a flag, a waving hand with a skin colour, marks that combine, Hindi, Arabic.
        const val HARD = "👨‍👩‍👧‍👦 🇩🇪 👋🏽 e\u0301a\u0308 नमस्ते مرحبا Z\u0351\u036B 🦜"
    }
}
