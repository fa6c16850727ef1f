package {{ cookiecutter.app.package }}

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.lifecycle.lifecycleScope
import {{ cookiecutter.app.package }}.model.TaskAssets
import {{ cookiecutter.app.package }}.ui.AppTheme
import {{ cookiecutter.app.package }}.ui.LoadingPane
import kotlinx.coroutines.launch

class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        if (intent.getBooleanExtra(EXTRA_SELF_TEST, false)) proveItself() else showTasks()
    }

    private fun showTasks() = setContent {
        AppTheme { TaskListScreen(tasks) }
    }

    private fun proveItself() {
        setContent {
            AppTheme { LoadingPane(getString(R.string.selftest_running), progress = null) }
        }
        lifecycleScope.launch {
            SelfTest(applicationContext, TaskAssets(applicationContext), tasks.map { it.name }).run()
            finishAndRemoveTask()
        }
    }

    companion object {
        /** Boolean extra: run the golden case of each task, log one line, and finish. */
        const val EXTRA_SELF_TEST: String = "handheld.selftest"
    }
}
