package dev.handheld.jvm

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import android.provider.MediaStore
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import app.under.test.model.TaskAssets
import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.robolectric.Shadows.shadowOf

/** The tasks that answer one request, in one app: how a person gets to them. */
class Lab(private val app: Driver) {
    private val rule = app.rule

    fun open(task: String) {
        app.waitForNode(hasText(task))
        rule.onNodeWithText(task).performClick()
    }

    /** What the system's picker does with a choice, or with none. */
    fun choose(photo: File?) {
        app.waitForNode(hasTestTag("choose"))
        rule.onNodeWithTag("choose").performScrollTo().performClick()
        app.scenario.onActivity { activity ->
            val picking = shadowOf(activity).nextStartedActivityForResult
            assertEquals(MediaStore.ACTION_PICK_IMAGES, picking.intent.action)
            val code = if (photo == null) Activity.RESULT_CANCELED else Activity.RESULT_OK
            shadowOf(activity).receiveResult(picking.intent, code, Intent().setData(photo?.let(Uri::fromFile)))
        }
    }

    /** The picture of the golden case, as a photo of that name. */
    fun goldenPhoto(name: String): File {
        val golden = runBlocking { TaskAssets(app.application).golden("classify") }
        val text = golden.send.single().text
        val numbers = text.trim().split(Regex("\\s+")).drop(1).map(String::toInt)
        val (width, height, brightest) = numbers
        assertEquals(255, brightest)
        val colours = numbers.drop(3).map { Color.rgb(it, it, it) }.toIntArray()
        val small = Bitmap.createBitmap(colours, width, height, Bitmap.Config.ARGB_8888)
        val bitmap = Bitmap.createScaledBitmap(small, width * LARGER, height * LARGER, true) // as large as photos are
        return photo(name) { file -> file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) } }
    }

    fun photo(name: String, write: (File) -> Unit): File = File(app.application.cacheDir, name).apply(write)

    private companion object {
        const val LARGER = 20
    }
}
