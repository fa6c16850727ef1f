package {{ cookiecutter.app.package }}.tasks.chat

import androidx.compose.runtime.Composable
import androidx.lifecycle.viewmodel.compose.viewModel
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.TaskEntry

/** A conversation with a language model. */
class ChatTask : TaskEntry {
    override val name: String = "chat"
    override val title: Int = R.string.chat_title

    @Composable
    override fun Screen(onBack: (() -> Unit)?) {
        ChatScreen(viewModel(key = name, factory = ChatViewModel.factory(name)), onBack)
    }
}
