package {{ cookiecutter.app.package }}.tasks.classify

import androidx.compose.runtime.Composable
import androidx.lifecycle.viewmodel.compose.viewModel
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.TaskEntry

/** What a photo shows. */
class ClassifyTask : TaskEntry {
    override val name: String = "classify"
    override val title: Int = R.string.classify_title

    @Composable
    override fun Screen(onBack: (() -> Unit)?) {
        ClassifyScreen(viewModel(key = name, factory = ClassifyViewModel.factory(name)), onBack)
    }
}
