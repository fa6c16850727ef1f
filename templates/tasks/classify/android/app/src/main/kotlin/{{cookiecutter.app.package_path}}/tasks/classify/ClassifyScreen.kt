package {{ cookiecutter.app.package }}.tasks.classify

import android.graphics.Bitmap
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.material3.Button
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import {{ cookiecutter.app.package }}.R
import {{ cookiecutter.app.package }}.ui.Fact
import {{ cookiecutter.app.package }}.ui.Facts
import {{ cookiecutter.app.package }}.ui.ProblemText
import {{ cookiecutter.app.package }}.ui.TaskPage
import {{ cookiecutter.app.package }}.ui.number
import dev.handheld.Report
import java.text.NumberFormat

@Composable
fun ClassifyScreen(viewModel: ClassifyViewModel, onBack: (() -> Unit)?) {
    val state by viewModel.state.collectAsStateWithLifecycle()
    val request by viewModel.request.collectAsStateWithLifecycle()
    // The picker is the system's and gives one photo away: the app needs no permission.
    val picker = rememberLauncherForActivityResult(PickVisualMedia()) { uri -> uri?.let(viewModel::classify) }
    TaskPage(viewModel, R.string.classify_title, onBack) {
        state.photo?.let { Photo(it) } ?: Text(stringResource(R.string.classify_hint))
        Button({ picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly)) }, Modifier.testTag("choose")) {
            Text(stringResource(R.string.classify_choose))
        }
        if (request.running) LinearProgressIndicator(Modifier.fillMaxWidth())
        if (state.unreadable) ProblemText(stringResource(R.string.classify_unreadable))
        request.problem?.let { ProblemText(it.message.orEmpty()) }
        if (state.guesses.isNotEmpty()) Guesses(state.guesses, request.report)
    }
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
private fun Guesses(guesses: List<Guess>, report: Report?) {
    val spoken = Modifier.testTag("result").semantics { liveRegion = LiveRegionMode.Polite }
    Facts(stringResource(R.string.classify_result), spoken) {
        guesses.forEach { guess -> Fact(guess.label, percent(guess.score)) }
        report?.runMs?.let { time ->
            Fact(stringResource(R.string.classify_time), stringResource(R.string.value_ms, number(time)))
        }
    }
}

/** Always with one decimal, so that the numbers stand below each other. */
private fun percent(share: Float): String =
    NumberFormat.getPercentInstance().apply {
        minimumFractionDigits = 1
        maximumFractionDigits = 1
    }.format(share)
