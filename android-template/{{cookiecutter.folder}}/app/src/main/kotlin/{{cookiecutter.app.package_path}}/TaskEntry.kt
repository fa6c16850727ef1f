package {{ cookiecutter.app.package }}

import androidx.annotation.StringRes
import androidx.compose.runtime.Composable

/** One task of the app, as the shell knows it. A task's own folder has the one implementation; Tasks.kt lists them. */
interface TaskEntry {
    /** Its folder below tasks/. */
    val name: String

    @get:StringRes
    val title: Int

    /** @param onBack leaves the screen; null when it is the only one */
    @Composable
    fun Screen(onBack: (() -> Unit)?)
}
