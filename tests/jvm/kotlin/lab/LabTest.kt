package dev.handheld.jvm

import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextReplacement
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonPrimitive
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.GraphicsMode

/** The tasks `classify` and `tensors` in one app, on their own models. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class LabTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val app = Driver(rule)
    private val lab = Lab(app)

    @Before
    fun start() = app.launch()

    @After
    fun end() = app.close()

    @Test
    fun photo_isNamedByWhatItShows() {
        lab.open("Classify")
        lab.choose(lab.goldenPhoto("tripod.png"))
        app.waitForNode(hasTestTag("result"))
        app.waitForNode(hasText("tripod"))
        app.waitForNode(hasText("Time of the model"))
        assertTrue(app.exists(hasTestTag("photo")))
        assertEquals(emptyList<String>(), Labels.missing(rule))
    }

    @Test
    fun fileThatIsNoPhoto_isASentence_andTheNextPhotoIsLookedAt() {
        lab.open("Classify")
        lab.choose(lab.photo("notes.png") { it.writeText("This is no photo.") })
        app.waitForNode(hasTestTag("problem"))
        app.waitForNode(hasText("This photo cannot be read."))
        lab.choose(lab.goldenPhoto("tripod.png"))
        app.waitForNode(hasText("tripod"))
        assertTrue(!app.exists(hasTestTag("problem")))
    }

    @Test
    fun pickerWithoutAChoice_changesNothing() {
        lab.open("Classify")
        lab.choose(null)
        rule.waitForIdle()
        assertTrue(!app.exists(hasTestTag("problem")) && !app.exists(hasTestTag("result")))
    }

    @Test
    fun tensors_showsPortsAndRunsOnExampleData() {
        lab.open("Tensors")
        app.waitForNode(hasText("f32 [", substring = true))
        rule.onNodeWithTag("run").performScrollTo().performClick()
        app.waitForNode(hasTestTag("result"))
        app.waitForNode(hasText("Time of one run"))
        assertEquals(emptyList<String>(), Labels.missing(rule))
    }

    @Test
    fun tensors_exampleThatIsNone_isASentence_andTheNextOneRuns() {
        lab.open("Tensors")
        app.waitForNode(hasTestTag("example"))
        rule.onNodeWithTag("example").performTextReplacement("seven")
        rule.onNodeWithTag("run").performScrollTo().performClick()
        app.waitForNode(hasTestTag("problem"))
        app.waitForNode(hasText("seven", substring = true))
        rule.onNodeWithTag("example").performTextReplacement("7")
        app.waitForNode(hasText("Run"))
        rule.onNodeWithTag("run").performScrollTo().performClick()
        app.waitForNode(hasTestTag("result"))
        assertTrue(!app.exists(hasTestTag("problem")))
    }

    @Test
    fun back_leadsToTheListOfTasks() {
        lab.open("Tensors")
        app.waitForNode(hasTestTag("run"))
        app.press("Back")
        rule.onNodeWithText("Classify").assertExists()
        rule.onNodeWithText("Tensors").assertExists()
    }

    @Test
    fun selfTest_provesBothTasks() {
        app.close()
        val (line, result) = app.selfTest()
        assertTrue(line, line.toByteArray().size < 3 * 1024)
        assertTrue(line, result.getValue("passed").jsonPrimitive.boolean)
        assertTrue(line, "classify" in line && "tensors" in line)
    }
}
