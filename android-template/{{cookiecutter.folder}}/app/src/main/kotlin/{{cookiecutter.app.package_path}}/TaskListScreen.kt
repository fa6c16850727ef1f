package {{ cookiecutter.app.package }}

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.ListItem
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import {{ cookiecutter.app.package }}.ui.MessagePane

/** The whole app: the list of tasks, or the screen of one. An app with a single task has no list. */
@Composable
fun TaskListScreen(tasks: List<TaskEntry>) {
    var openName by rememberSaveable { mutableStateOf<String?>(null) }
    val current = tasks.singleOrNull() ?: tasks.firstOrNull { it.name == openName }
    val hasList = tasks.size > 1
    val close: () -> Unit = { openName = null }
    BackHandler(enabled = current != null && hasList, onBack = close)
    when {
        tasks.isEmpty() -> MessagePane(stringResource(R.string.no_tasks))
        current != null -> current.Screen(onBack = close.takeIf { hasList })
        else -> TaskList(tasks) { openName = it.name }
    }
}

@OptIn(ExperimentalMaterial3Api::class)
@Composable
private fun TaskList(tasks: List<TaskEntry>, onOpen: (TaskEntry) -> Unit) {
    Scaffold(
        modifier = Modifier.fillMaxSize(),
        topBar = { TopAppBar(title = { Text(stringResource(R.string.app_name)) }) },
    ) { inner ->
        LazyColumn(Modifier.fillMaxSize(), contentPadding = inner) {
            items(tasks, key = { it.name }) { task ->
                ListItem(
                    headlineContent = { Text(stringResource(task.title)) },
                    modifier = Modifier.clickable(role = Role.Button) { onOpen(task) },
                )
            }
        }
    }
}
