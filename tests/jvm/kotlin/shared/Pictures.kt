package dev.handheld.jvm

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import androidx.compose.ui.graphics.asAndroidBitmap
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.captureToImage
import androidx.compose.ui.test.isDialog
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.onFirst
import java.io.File

/** Screenshots into the folder that the property `jvm.pictures` names. */
object Pictures {
    private val DIM = Color.argb(82, 0, 0, 0)

    /**
     * The whole screen, and over it what is a window of its own: a sheet, or a dialog, behind which it is dimmer.
     *
     * @param changing what is another from run to run, such as a measured time: painted over
     */
    fun take(rule: ComposeTestRule, name: String, changing: SemanticsMatcher? = null) {
        val folder = File(System.getProperty("jvm.pictures") ?: return).apply { mkdirs() }
        rule.waitForIdle()
        val below = rule.onAllNodes(isRoot()).onFirst().captureToImage().asAndroidBitmap()
        val screen = below.copy(Bitmap.Config.ARGB_8888, true)
        val canvas = Canvas(screen)
        if (changing != null) {
            val painted = Paint().apply { color = Color.GRAY }
            for (node in rule.onAllNodes(changing).fetchSemanticsNodes()) {
                val box = node.boundsInRoot
                canvas.drawRect(box.left, box.top, box.right, box.bottom, painted)
            }
        }
        val dialogs = rule.onAllNodes(isDialog())
        for (index in dialogs.fetchSemanticsNodes().indices) {
            val dialog = dialogs[index].captureToImage().asAndroidBitmap().copy(Bitmap.Config.ARGB_8888, false)
            if (dialog.height < screen.height) canvas.drawColor(DIM)
            val left = (screen.width - dialog.width) / 2f
            val top = (screen.height - dialog.height) / 2f
            canvas.drawBitmap(dialog, left, top, null)
        }
        File(folder, "$name.png").outputStream().use { screen.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }
}
