package {{ cookiecutter.app.package }}.tasks.chat

import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.LinkAnnotation
import androidx.compose.ui.text.SpanStyle
import androidx.compose.ui.text.TextLinkStyles
import androidx.compose.ui.text.buildAnnotatedString
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.withLink
import androidx.compose.ui.text.withStyle

// The small part of Markdown that language models write: headings, lists, quotes, rules, code, bold, italic and links.
// An answer is parsed while it streams in, so a mark that is not closed yet stays what it is: text.

/** A piece of an answer that is laid out by itself. */
sealed interface Block {
    data class Paragraph(val text: String) : Block

    /** @property level 1 to 6 */
    data class Heading(val level: Int, val text: String) : Block

    /** @property mark "•", or the number with its dot */
    data class Item(val indent: Int, val mark: String, val text: String) : Block

    data class Quote(val text: String) : Block

    data object Rule : Block

    /** @property language as written after the fence; may be empty */
    data class Code(val language: String, val text: String) : Block
}

fun parseMarkdown(source: String): List<Block> {
    val blocks = mutableListOf<Block>()
    val paragraph = mutableListOf<String>()
    fun endParagraph() {
        if (paragraph.isNotEmpty()) blocks += Block.Paragraph(paragraph.joinToString("\n"))
        paragraph.clear()
    }

    val lines = source.lines()
    var index = 0
    while (index < lines.size) {
        val line = lines[index++]
        val trimmed = line.trim()
        if (trimmed.startsWith(FENCE)) {
            endParagraph()
            val code = lines.drop(index).takeWhile { it.trim() != FENCE }
            index += code.size + 1 // a fence that is not closed yet takes all there is
            blocks += Block.Code(trimmed.removePrefix(FENCE).trim(), code.joinToString("\n"))
        } else {
            val block = headingOf(trimmed) ?: ruleOf(trimmed) ?: itemOf(line) ?: quoteOf(trimmed)
            if (block != null || trimmed.isEmpty()) endParagraph() else paragraph += trimmed
            if (block != null) blocks += block
        }
    }
    endParagraph()
    return blocks
}

private fun headingOf(line: String): Block? =
    HEADING.matchEntire(line)?.destructured?.let { (marks, text) -> Block.Heading(marks.length, text) }

private fun ruleOf(line: String): Block? = Block.Rule.takeIf { RULE.matches(line) }

private fun quoteOf(line: String): Block? =
    QUOTE.matchEntire(line)?.destructured?.let { (text) -> Block.Quote(text) }

private fun itemOf(line: String): Block? =
    ITEM.matchEntire(line)?.destructured?.let { (space, mark, text) ->
        Block.Item(space.length / 2, if (mark.length == 1) "•" else mark, text)
    }

/** What a person would read aloud of it: the text without its marks. */
fun spokenMarkdown(blocks: List<Block>): String = blocks.mapNotNull { block ->
    when (block) {
        is Block.Paragraph -> inlineMarkdown(block.text).text
        is Block.Heading -> inlineMarkdown(block.text).text
        is Block.Item -> "${block.mark} ${inlineMarkdown(block.text).text}"
        is Block.Quote -> inlineMarkdown(block.text).text
        is Block.Code -> block.text
        is Block.Rule -> null
    }
}.joinToString("\n")

/** Bold, italic, code and links inside a line. */
fun inlineMarkdown(text: String): AnnotatedString = buildAnnotatedString {
    var rest = 0
    for (match in INLINE.findAll(text)) {
        append(text, rest, match.range.first)
        val (code, bold, italic, label, address) = match.destructured
        when {
            label.isNotEmpty() -> withLink(LinkAnnotation.Url(address, LINK)) { append(label) }
            code.isNotEmpty() -> withStyle(SpanStyle(fontFamily = FontFamily.Monospace)) { append(code) }
            bold.isNotEmpty() -> withStyle(SpanStyle(fontWeight = FontWeight.Bold)) { append(bold) }
            else -> withStyle(SpanStyle(fontStyle = FontStyle.Italic)) { append(italic) }
        }
        rest = match.range.last + 1
    }
    append(text, rest, text.length)
}

private const val FENCE = "```"
private val LINK = TextLinkStyles(SpanStyle(textDecoration = TextDecoration.Underline))
private val QUOTE = Regex("> ?(.*)")
private val RULE = Regex("([-*_])( *\\1){2,}")
private val HEADING = Regex("(#{1,6}) +(.+)")
private val ITEM = Regex("( *)([-*+]|\\d{1,3}[.)]) +(.+)")

// A star next to a space is a multiplication sign or a bullet, never the edge of something italic.
private val INLINE = Regex(
    """`([^`\n]+)`""" + // code
        """|\*\*(?! )([^\n]+?)(?<! )\*\*""" + // bold
        """|(?<![*\w])\*(?![ *])([^*\n]+?)(?<! )\*(?!\*)""" + // italic
        """|\[([^\]\n]+)\]\((https?://[^\s)]+)\)""", // a link, to the web only
)
