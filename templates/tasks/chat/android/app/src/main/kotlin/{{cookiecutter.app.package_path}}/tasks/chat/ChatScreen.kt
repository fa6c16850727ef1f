package {{ cookiecutter.app.package }}.tasks.chat

import android.content.ClipData
import android.content.Context
import android.content.Intent
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Scaffold
import androidx.compose.material3.SnackbarHost
import androidx.compose.material3.SnackbarHostState
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalClipboard
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.platform.toClipEntry
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
import {{ cookiecutter.app.package }}.model.Benchmark
import {{ cookiecutter.app.package }}.model.SessionState
import {{ cookiecutter.app.package }}.ui.BenchmarkScreen
import {{ cookiecutter.app.package }}.ui.MessagePane
import {{ cookiecutter.app.package }}.ui.SessionPane
import dev.handheld.HandheldException
import dev.handheld.Manifest
import kotlinx.coroutines.launch

@Composable
fun ChatScreen(viewModel: ChatViewModel, onBack: (() -> Unit)?) {
    val state by viewModel.state.collectAsStateWithLifecycle()
    val model by viewModel.model.collectAsStateWithLifecycle()
    var measuring by rememberSaveable { mutableStateOf(false) }
    // The system may have taken the model's memory while the app was away.
    LifecycleStartEffect(viewModel) {
        if (model is SessionState.Released) viewModel.load()
        onStopOrDispose {}
    }
    if (measuring) {
        ChatBenchmark(viewModel.benchmark, state.manifest) { measuring = false }
    } else {
        Conversation(viewModel, state, model, onMeasure = { measuring = true }, onBack)
    }
}

@Composable
private fun ChatBenchmark(benchmark: Benchmark, manifest: Manifest?, onBack: () -> Unit) {
    val state by benchmark.state.collectAsStateWithLifecycle()
    BenchmarkScreen(manifest?.model?.title.orEmpty(), state, benchmark::start, benchmark::stop, onBack)
}

@Composable
private fun Conversation(
    viewModel: ChatViewModel,
    state: ChatState,
    model: SessionState,
    onMeasure: () -> Unit,
    onBack: (() -> Unit)?,
) {
    val snackbar = remember { SnackbarHostState() }
    ChatSheets(viewModel, state, (model as? SessionState.Ready)?.memory, onMeasure) { sheets ->
        Scaffold(
            topBar = { ChatBar(state, sheets, onBack) },
            bottomBar = { BottomInput(state.answering, viewModel::send, viewModel::stop) },
            snackbarHost = { SnackbarHost(snackbar) },
        ) { inner ->
            val area = Modifier.padding(inner).consumeWindowInsets(inner).fillMaxSize()
            if (state.conversation.isEmpty) {
                SessionPane(model, viewModel::load, area) { MessagePane(stringResource(R.string.chat_empty), area) }
            } else {
                Column(area) {
                    ModelNotice(model, viewModel::load)
                    if (!state.saved) Notice(stringResource(R.string.chat_not_saved))
                    Turns(state, answerActions(snackbar), viewModel::retry, Modifier.weight(1f))
                }
            }
        }
    }
}

/** Full width for the colour, but a line that one can read. */
@Composable
private fun BottomInput(answering: Boolean, onSend: (String) -> Unit, onStop: () -> Unit) {
    Surface(color = MaterialTheme.colorScheme.surfaceContainer) {
        Box(Modifier.fillMaxWidth().navigationBarsPadding().imePadding(), contentAlignment = Alignment.Center) {
            ChatInput(answering, onSend, onStop, Modifier.widthIn(max = WIDEST + 32.dp)) // its own padding
        }
    }
}

@OptIn(ExperimentalMaterial3Api::class)
@Composable
private fun ChatBar(state: ChatState, sheets: Sheets, onBack: (() -> Unit)?) {
    val context = LocalContext.current
    val you = stringResource(R.string.chat_you)
    val model = stringResource(R.string.chat_model)
    TopAppBar(
        title = {
            val title = if (onBack == null) R.string.app_name else R.string.chat_title
            Text(stringResource(title), maxLines = 1, overflow = TextOverflow.Ellipsis)
        },
        navigationIcon = {
            if (onBack != null) BarButton(R.drawable.ic_back, R.string.back, onClick = onBack)
        },
        actions = {
            val something = !state.conversation.isEmpty
            BarButton(R.drawable.ic_share, R.string.chat_share_all, enabled = something) {
                context.share(state.conversation.transcript(you, model))
            }
            BarButton(R.drawable.ic_delete, R.string.chat_clear, enabled = something) { sheets.open(Sheet.CLEAR) }
            val known = state.manifest != null
            BarButton(R.drawable.ic_info, R.string.about_model, enabled = known) { sheets.open(Sheet.DETAILS) }
            BarButton(R.drawable.ic_settings, R.string.settings, enabled = known) { sheets.open(Sheet.SETTINGS) }
        },
    )
}

@Composable
private fun BarButton(icon: Int, label: Int, enabled: Boolean = true, onClick: () -> Unit) {
    IconButton(onClick, enabled = enabled) { Icon(painterResource(icon), stringResource(label)) }
}

/** Newest at the bottom, and the list stays there while it grows. */
@Composable
private fun Turns(state: ChatState, actions: AnswerActions, onRetry: () -> Unit, modifier: Modifier) {
    val list = rememberLazyListState()
    // What a person has just caused is shown, wherever the list was.
    LaunchedEffect(state.conversation.turns.size, state.problem) { list.scrollToItem(0) }
    LazyColumn(
        modifier = modifier.fillMaxWidth().testTag("turns"),
        state = list,
        contentPadding = PaddingValues(16.dp),
        reverseLayout = true,
        verticalArrangement = Arrangement.spacedBy(16.dp, Alignment.Bottom),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        state.problem?.let { problem -> item(key = "problem") { Problem(problem, onRetry) } }
        items(state.conversation.turns.asReversed(), key = { it.id }) { turn ->
            TurnBubbles(turn, actions, Modifier.widthIn(max = WIDEST))
        }
    }
}

@Composable
private fun Problem(problem: HandheldException, onRetry: () -> Unit) {
    Surface(
        modifier = Modifier.widthIn(max = WIDEST).fillMaxWidth().testTag("problem").semantics {
            liveRegion = LiveRegionMode.Polite
        },
        color = MaterialTheme.colorScheme.errorContainer,
        shape = MaterialTheme.shapes.medium,
    ) {
        Column(Modifier.padding(start = 16.dp, top = 16.dp, end = 16.dp)) {
            val color = MaterialTheme.colorScheme.onErrorContainer // the accent may be hard to read on it
            Text(problem.message.orEmpty(), color = color)
            TextButton(onRetry, Modifier.align(Alignment.End)) { Text(stringResource(R.string.retry), color = color) }
        }
    }
}

/** Above a conversation: the model is on its way back, or cannot be loaded. */
@Composable
private fun ModelNotice(model: SessionState, onRetry: () -> Unit) {
    when (model) {
        is SessionState.Copying -> Notice(stringResource(R.string.copying_model))
        is SessionState.Loading -> Notice(stringResource(R.string.loading_model))
        is SessionState.Failed -> Problem(model.failure, onRetry)
        is SessionState.Released -> Notice(stringResource(R.string.model_released))
        is SessionState.Ready -> Unit
    }
}

@Composable
private fun Notice(text: String) {
    Text(
        text,
        modifier = Modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 8.dp).semantics {
            liveRegion = LiveRegionMode.Polite
        },
        style = MaterialTheme.typography.labelLarge,
    )
}

@Composable
private fun answerActions(snackbar: SnackbarHostState): AnswerActions {
    val context = LocalContext.current
    val clipboard = LocalClipboard.current
    val scope = rememberCoroutineScope()
    val copied = stringResource(R.string.chat_copied)
    return remember(context, clipboard, scope, copied) {
        AnswerActions(
            copy = { text ->
                scope.launch {
                    clipboard.setClipEntry(ClipData.newPlainText(null, text).toClipEntry())
                    snackbar.showSnackbar(copied)
                }
            },
            share = { context.share(it) },
        )
    }
}

private fun Context.share(text: String) {
    val send = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text)
    startActivity(Intent.createChooser(send, null))
}

private val WIDEST = 840.dp
