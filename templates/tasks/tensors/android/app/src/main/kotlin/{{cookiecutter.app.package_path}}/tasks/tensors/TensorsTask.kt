package {{ cookiecutter.app.package }}.tasks.tensors

import androidx.compose.runtime.Composable
import androidx.lifecycle.viewmodel.compose.viewModel
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.TaskEntry

/** A model's own inputs and outputs, run on example data. */
class TensorsTask : TaskEntry {
    override val name: String = "tensors"
    override val title: Int = R.string.tensors_title

    @Composable
    override fun Screen(onBack: (() -> Unit)?) {
        TensorsScreen(viewModel(key = name, factory = TensorsViewModel.factory(name)), onBack)
    }
}
