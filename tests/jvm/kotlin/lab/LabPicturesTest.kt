package dev.handheld.jvm

import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import org.junit.After
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The screens of `classify` and `tensors`; measured times are painted over. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class LabPicturesTest {
    @get:Rule
    val rule = createEmptyComposeRule()

    private val app = Driver(rule)
    private val lab = Lab(app)

    @After
    fun end() = app.close()

    @Test
    @Config(qualifiers = "w411dp-h891dp-port-hdpi") // shown in the docs
    fun light() = takeAll("light")

    @Test
    @Config(qualifiers = "w411dp-h891dp-port-night-mdpi")
    fun dark() = takeAll("dark")

    @Test
    @Config(qualifiers = "w1280dp-h800dp-land-mdpi")
    fun tablet() = takeAll("tablet")

    @Test
    @Config(qualifiers = "ar-rEG-ldrtl-w411dp-h891dp-port-mdpi")
    fun rightToLeft() = takeAll("rtl")

    @Test
    @Config(qualifiers = "w411dp-h891dp-port-mdpi", fontScale = 2f)
    fun hugeFont() = takeAll("font200")

    private fun takeAll(look: String) {
        val take = { screen: String -> Pictures.take(rule, "$screen-$look", hasText(" ms", substring = true)) }
        app.launch()
        lab.open("Classify")
        app.waitForNode(hasTestTag("choose"))
        take("classify-empty")
        lab.choose(lab.goldenPhoto("tripod.png"))
        app.waitForNode(hasText("Time of the model"))
        take("classify")
        app.press("Back")
        lab.open("Tensors")
        app.waitForNode(hasText("f32 [", substring = true))
        take("tensors-empty")
        rule.onNodeWithTag("run").performScrollTo().performClick()
        app.waitForNode(hasText("Time of one run"))
        rule.onNodeWithTag("result").performScrollTo()
        take("tensors")
        app.close()
    }
}
