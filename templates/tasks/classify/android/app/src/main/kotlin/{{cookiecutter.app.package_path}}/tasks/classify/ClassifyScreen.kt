package {{ cookiecutter.app.package }}.tasks.classify

import android.graphics.Bitmap
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.model.SessionState
import {{ cookiecutter.app.package }}.ui.Fact
import {{ cookiecutter.app.package }}.ui.Facts
import {{ cookiecutter.app.package }}.ui.ModelCard
import {{ cookiecutter.app.package }}.ui.SessionPane
import {{ cookiecutter.app.package }}.ui.number

private const val PERCENT = 100

@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun ClassifyScreen(viewModel: ClassifyViewModel, onBack: (() -> Unit)?) {
    val state by viewModel.state.collectAsStateWithLifecycle()
    val model by viewModel.model.collectAsStateWithLifecycle()
    // The system may have taken the model's memory while the app was away.
    LifecycleStartEffect(viewModel) {
        if (model is SessionState.Released) viewModel.load()
        onStopOrDispose {}
    }
    // The picker is the system's and gives one photo away: the app needs no permission.
    val picker = rememberLauncherForActivityResult(PickVisualMedia()) { uri -> uri?.let(viewModel::classify) }
    Scaffold(
        topBar = {
            TopAppBar(
                title = { Title(onBack == null) },
                navigationIcon = {
                    if (onBack != null) {
                        IconButton(onBack) { Icon(painterResource(R.drawable.ic_back), stringResource(R.string.back)) }
                    }
                },
            )
        },
    ) { inner ->
        val area = Modifier.padding(inner).consumeWindowInsets(inner).fillMaxSize()
        SessionPane(model, viewModel::load, area) {
            Box(Modifier.fillMaxSize(), contentAlignment = Alignment.TopCenter) {
                Column(
                    Modifier.verticalScroll(rememberScrollState()).widthIn(max = 840.dp).padding(16.dp),
                    verticalArrangement = Arrangement.spacedBy(16.dp),
                ) {
                    Content(state, (model as? SessionState.Ready)?.memory) {
                        picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
                    }
                }
            }
        }
    }
}

@Composable
private fun Title(alone: Boolean) {
    val title = if (alone) R.string.app_name else R.string.classify_title
    Text(stringResource(title), maxLines = 1, overflow = TextOverflow.Ellipsis)
}

@Composable
private fun Content(state: ClassifyState, memory: Long?, onChoose: () -> Unit) {
    state.photo?.let { Photo(it) } ?: Text(stringResource(R.string.classify_hint))
    Button(onChoose, Modifier.testTag("choose")) { Text(stringResource(R.string.classify_choose)) }
    if (state.running) LinearProgressIndicator(Modifier.fillMaxWidth())
    val problem = state.problem?.message ?: stringResource(R.string.classify_unreadable).takeIf { state.unreadable }
    if (problem != null) {
        Text(
            problem,
            modifier = Modifier.testTag("problem").semantics { liveRegion = LiveRegionMode.Polite },
            color = MaterialTheme.colorScheme.error,
        )
    }
    if (state.guesses.isNotEmpty()) Guesses(state)
    state.manifest?.let { ModelCard(it, memory) }
}

@Composable
private fun Photo(photo: Bitmap) {
    Image(
        remember(photo) { photo.asImageBitmap() },
        contentDescription = stringResource(R.string.classify_photo),
        modifier = Modifier.fillMaxWidth().heightIn(max = 360.dp).clip(MaterialTheme.shapes.medium).testTag("photo"),
        contentScale = ContentScale.Fit,
    )
}

@Composable
private fun Guesses(state: ClassifyState) {
    val spoken = Modifier.testTag("result").semantics { liveRegion = LiveRegionMode.Polite }
    Facts(stringResource(R.string.classify_result), spoken) {
        state.guesses.forEach { guess ->
            Fact(guess.label, stringResource(R.string.classify_percent, number(guess.score * PERCENT)))
        }
        state.report?.runMs?.let { time ->
            Fact(stringResource(R.string.classify_time), stringResource(R.string.value_ms, number(time)))
        }
    }
}
