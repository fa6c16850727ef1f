package {{ cookiecutter.app.package }}.model

import android.app.Application
import android.content.ComponentCallbacks2
import android.content.res.Configuration

/** Calls [onLow] when the system is about to end apps in the background, of which this is one. */
class LowMemory(
    private val application: Application,
    private val onLow: () -> Unit,
) : ComponentCallbacks2, AutoCloseable {
    init {
        application.registerComponentCallbacks(this)
    }

    override fun onTrimMemory(level: Int) {
        if (level >= ComponentCallbacks2.TRIM_MEMORY_BACKGROUND) onLow()
    }

    override fun onConfigurationChanged(newConfig: Configuration): Unit = Unit

    @Deprecated("Part of the interface; the system calls onTrimMemory as well.")
    override fun onLowMemory(): Unit = Unit

    override fun close(): Unit = application.unregisterComponentCallbacks(this)
}
