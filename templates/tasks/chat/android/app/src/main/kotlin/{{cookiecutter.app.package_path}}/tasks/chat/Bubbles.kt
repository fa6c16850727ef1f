package {{ cookiecutter.app.package }}.tasks.chat

import android.text.TextDirectionHeuristics
import androidx.annotation.DrawableRes
import androidx.annotation.StringRes
import androidx.compose.foundation.background
import androidx.compose.foundation.horizontalScroll
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.IntrinsicSize
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.offset
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.material3.VerticalDivider
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.CustomAccessibilityAction
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.customActions
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R

/** What can be done with an answer. */
class AnswerActions(val copy: (String) -> Unit, val share: (String) -> Unit)

@Composable
fun TurnBubbles(turn: Turn, actions: AnswerActions, modifier: Modifier = Modifier) {
    Column(modifier.fillMaxWidth(), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Question(turn.question, Modifier.align(Alignment.End))
        if (turn.answer.isNotEmpty() || turn.ending == Ending.OPEN) {
            Answer(turn, actions, Modifier.align(Alignment.Start))
        }
        EndingNote(turn.ending)
    }
}

/** A model may answer in another language than the device's: the text knows its direction best. */
@Composable
private fun InDirectionOf(text: String, content: @Composable () -> Unit) {
    val ofDevice = LocalLayoutDirection.current
    val direction = remember(text, ofDevice) {
        val first = when (ofDevice) {
            LayoutDirection.Rtl -> TextDirectionHeuristics.FIRSTSTRONG_RTL
            LayoutDirection.Ltr -> TextDirectionHeuristics.FIRSTSTRONG_LTR
        }
        if (first.isRtl(text, 0, text.length)) LayoutDirection.Rtl else LayoutDirection.Ltr
    }
    CompositionLocalProvider(LocalLayoutDirection provides direction, content)
}

@Composable
private fun Question(text: String, modifier: Modifier) {
    // Laying out a pasted book takes seconds, and nobody scrolls through it: its beginning will do.
    var whole by rememberSaveable { mutableStateOf(text.length <= LONGEST_SHOWN) }
    val shown = if (whole) text else text.beginning()
    val description = stringResource(R.string.chat_said, stringResource(R.string.chat_you), shown)
    Surface(
        modifier = modifier.widthIn(max = WIDEST).testTag("question"),
        color = MaterialTheme.colorScheme.primaryContainer,
        shape = RoundedCornerShape(topStart = 20.dp, topEnd = 20.dp, bottomStart = 20.dp, bottomEnd = 4.dp),
    ) {
        Column(Modifier.padding(horizontal = 16.dp, vertical = 10.dp)) {
            InDirectionOf(shown) {
                SelectionContainer {
                    Text(shown, Modifier.clearAndSetSemantics { contentDescription = description })
                }
            }
            if (!whole) TextButton({ whole = true }) { Text(stringResource(R.string.chat_show_all)) }
        }
    }
}

private fun String.beginning(): String {
    val end = if (this[LONGEST_SHOWN - 1].isHighSurrogate()) LONGEST_SHOWN - 1 else LONGEST_SHOWN
    return take(end) + "…"
}

@Composable
private fun Answer(turn: Turn, actions: AnswerActions, modifier: Modifier) {
    val done = turn.ending != Ending.OPEN
    val blocks = remember(turn.answer) { parseMarkdown(turn.answer) }
    Surface(
        modifier = modifier.widthIn(max = WIDEST).answerSemantics(turn, blocks, actions),
        color = MaterialTheme.colorScheme.surfaceContainerHigh,
        shape = RoundedCornerShape(topStart = 20.dp, topEnd = 20.dp, bottomStart = 4.dp, bottomEnd = 20.dp),
    ) {
        Column(Modifier.padding(start = 16.dp, end = 16.dp, top = 10.dp, bottom = if (done) 0.dp else 10.dp)) {
            if (turn.answer.isEmpty()) LinearProgressIndicator(Modifier.padding(vertical = 8.dp).widthIn(max = 96.dp))
            InDirectionOf(turn.answer) {
                // What is read out stands on the bubble: the text without its marks, once.
                SelectionContainer { Markdown(blocks, Modifier.clearAndSetSemantics {}) }
            }
            if (done) AnswerButtons(turn.answer, actions)
        }
    }
}

@Composable
private fun Modifier.answerSemantics(turn: Turn, blocks: List<Block>, actions: AnswerActions): Modifier {
    val done = turn.ending != Ending.OPEN
    val copy = stringResource(R.string.chat_copy)
    val share = stringResource(R.string.chat_share)
    val waiting = stringResource(R.string.chat_answering)
    val spoken = if (done) spokenMarkdown(blocks) else ""
    val description = stringResource(R.string.chat_said, stringResource(R.string.chat_model), spoken)
    return testTag("answer").semantics {
        contentDescription = if (done) description else waiting
        // Read out once, when it is whole; word by word it would never stop talking.
        if (done) liveRegion = LiveRegionMode.Polite
        customActions = listOf(
            CustomAccessibilityAction(copy) { actions.copy(turn.answer).let { true } },
            CustomAccessibilityAction(share) { actions.share(turn.answer).let { true } },
        )
    }
}

@Composable
private fun AnswerButtons(answer: String, actions: AnswerActions) {
    // The icons, not their large targets, are in line with the text.
    Row(Modifier.offset(x = (-14).dp)) {
        AnswerButton(R.drawable.ic_copy, R.string.chat_copy) { actions.copy(answer) }
        AnswerButton(R.drawable.ic_share, R.string.chat_share) { actions.share(answer) }
    }
}

@Composable
private fun AnswerButton(@DrawableRes icon: Int, @StringRes label: Int, onClick: () -> Unit) {
    IconButton(onClick) {
        Icon(
            painterResource(icon),
            contentDescription = stringResource(label),
            modifier = Modifier.size(20.dp),
            tint = MaterialTheme.colorScheme.onSurfaceVariant,
        )
    }
}

@Composable
private fun EndingNote(ending: Ending) {
    val note = when (ending) {
        Ending.STOPPED -> R.string.chat_stopped
        Ending.CUT_OFF -> R.string.chat_cut_off
        Ending.OPEN, Ending.COMPLETE, Ending.FAILED -> return
    }
    Text(
        stringResource(note),
        color = MaterialTheme.colorScheme.onSurfaceVariant,
        style = MaterialTheme.typography.labelMedium,
    )
}

@Composable
private fun Markdown(blocks: List<Block>, modifier: Modifier) {
    Column(modifier, verticalArrangement = Arrangement.spacedBy(8.dp)) {
        for (block in blocks) MarkdownBlock(block)
    }
}

@Composable
private fun MarkdownBlock(block: Block) {
    when (block) {
        is Block.Paragraph -> Text(inlineMarkdown(block.text))
        is Block.Heading -> {
            val type = MaterialTheme.typography
            val style = if (block.level <= 2) type.titleMedium else type.titleSmall
            Text(inlineMarkdown(block.text), style = LocalTextStyle.current.merge(style))
        }
        is Block.Item -> Row(Modifier.padding(start = (block.indent * INDENT).dp)) {
            Text(block.mark, Modifier.widthIn(min = 20.dp).padding(end = 6.dp))
            Text(inlineMarkdown(block.text))
        }
        is Block.Quote -> Row(Modifier.height(IntrinsicSize.Min)) {
            VerticalDivider(Modifier.padding(end = 12.dp), thickness = 3.dp, color = MaterialTheme.colorScheme.primary)
            Text(inlineMarkdown(block.text))
        }
        is Block.Rule -> HorizontalDivider()
        is Block.Code -> InDirectionOf("code") {
            Text(
                block.text,
                modifier = Modifier
                    .fillMaxWidth()
                    .background(MaterialTheme.colorScheme.surfaceContainerLowest, RoundedCornerShape(8.dp))
                    .horizontalScroll(rememberScrollState())
                    .padding(12.dp),
                fontFamily = FontFamily.Monospace,
                softWrap = false,
                style = MaterialTheme.typography.bodyMedium,
            )
        }
    }
}

private val WIDEST = 560.dp
private const val LONGEST_SHOWN = 2_000
private const val INDENT = 16
