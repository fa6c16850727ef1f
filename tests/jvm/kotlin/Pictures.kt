package dev.handheld.jvm

import android.graphics.Bitmap
import androidx.compose.ui.graphics.asAndroidBitmap
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.captureToImage
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.onFirst
import java.io.File

/** Screenshots into the folder that the property `jvm.pictures` names. */
object Pictures {
    /** @param what a part of the screen; everything by default */
    fun take(rule: ComposeTestRule, name: String, what: SemanticsMatcher = isRoot()) {
        val folder = File(System.getProperty("jvm.pictures") ?: return).apply { mkdirs() }
        rule.waitForIdle()
        val image = rule.onAllNodes(what).onFirst().captureToImage().asAndroidBitmap()
        File(folder, "$name.png").outputStream().use { image.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }
}
