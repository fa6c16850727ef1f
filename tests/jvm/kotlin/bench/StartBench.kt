package dev.handheld.jvm

import android.content.ComponentName
import android.content.Intent
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import android.app.Application
import android.os.Bundle
import android.os.Looper
import java.io.File
import java.lang.management.ManagementFactory
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.GraphicsMode

/** From nothing to the first frame: this app against an activity with one word, CPU time of the main thread. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class StartBench {
    class OneWord : ComponentActivity() {
        override fun onCreate(savedInstanceState: Bundle?) {
            super.onCreate(savedInstanceState)
            setContent { MaterialTheme { Text("word") } }
        }
    }

    private val application: Application get() = ApplicationProvider.getApplicationContext()
    private val threads = ManagementFactory.getThreadMXBean()

    @Test
    fun firstFrame() {
        shadowOf(application.packageManager).addActivityIfNotPresent(ComponentName(application, OneWord::class.java))
        val app = checkNotNull(application.packageManager.getLaunchIntentForPackage(application.packageName))
        val plain = Intent(application, OneWord::class.java)
        val first = milliseconds(app)
        milliseconds(plain)
        val pairs = List(PAIRS) { milliseconds(app) to milliseconds(plain) }
        val (apps, plains) = pairs.unzip()
        File(checkNotNull(System.getProperty("jvm.start")))
            .writeText("""{"first_ms": $first, "app_ms": $apps, "plain_ms": $plains}""")
    }

    private fun milliseconds(intent: Intent): Double {
        val start = threads.currentThreadCpuTime
        ActivityScenario.launch<ComponentActivity>(intent).use {
            shadowOf(Looper.getMainLooper()).idle()
            return (threads.currentThreadCpuTime - start) / 1e6
        }
    }

    private companion object {
        const val PAIRS = 12
    }
}
