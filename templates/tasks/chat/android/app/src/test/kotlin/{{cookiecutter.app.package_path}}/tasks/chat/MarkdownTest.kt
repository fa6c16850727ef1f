package {{ cookiecutter.app.package }}.tasks.chat

import androidx.compose.ui.text.LinkAnnotation
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.text.font.FontWeight
import org.junit.Assert.assertEquals
import org.junit.Test

class MarkdownTest {
    @Test
    fun lines_whenTheyFollowEachOther_areOneParagraph() {
        assertEquals(
            listOf(Block.Paragraph("one\ntwo"), Block.Paragraph("three")),
            parseMarkdown("one\ntwo\n\nthree"),
        )
    }

    @Test
    fun headingsAndLists_areTold() {
        assertEquals(
            listOf(
                Block.Heading(2, "Fruit"),
                Block.Item(0, "•", "apple"),
                Block.Item(1, "•", "red"),
                Block.Item(0, "2.", "pear"),
            ),
            parseMarkdown("## Fruit\n- apple\n  - red\n2. pear"),
        )
    }

    @Test
    fun code_whenItsFenceIsStillOpen_isCodeAlready() {
        val expected = listOf(Block.Paragraph("See:"), Block.Code("kotlin", "val a = \"*b*\"\n"))
        assertEquals(expected, parseMarkdown("See:\n```kotlin\nval a = \"*b*\"\n"))
    }

    @Test
    fun code_whenItsFenceIsClosed_endsThere() {
        assertEquals(listOf(Block.Code("", "a\n\n# b"), Block.Paragraph("c")), parseMarkdown("```\na\n\n# b\n```\nc"))
    }

    @Test
    fun quotesAndRules_areTold() {
        val expected = listOf(Block.Quote("said **so**"), Block.Rule, Block.Item(0, "•", "not a rule"))
        assertEquals(expected, parseMarkdown("> said **so**\n\n---\n* not a rule"))
    }

    @Test
    fun link_whenItLeadsToTheWeb_canBeFollowed() {
        val text = inlineMarkdown("see [the page](https://example.org/a) and [a file](file:///etc/passwd)")
        assertEquals("see the page and [a file](file:///etc/passwd)", text.text)
        val links = text.getLinkAnnotations(0, text.length).map { (it.item as LinkAnnotation.Url).url }
        assertEquals(listOf("https://example.org/a"), links)
    }

    @Test
    fun spoken_hasNoMarks() {
        val blocks = parseMarkdown("# A **b**\n- `c`\n\n> d\n***\n```\ne\n```")
        assertEquals("A b\n• c\nd\ne", spokenMarkdown(blocks))
    }

    @Test
    fun marks_whenClosed_becomeStyles() {
        val text = inlineMarkdown("a **bold** `code` *italic* word")
        assertEquals("a bold code italic word", text.text)
        assertEquals(
            listOf(FontWeight.Bold, FontFamily.Monospace, FontStyle.Italic),
            text.spanStyles.map { it.item.fontWeight ?: it.item.fontFamily ?: it.item.fontStyle },
        )
    }

    @Test
    fun marks_whenOpenOrMeantOtherwise_stayText() {
        for (text in listOf("2 * 3 * 4", "an **open", "snake_case", "5*3*2", "a ` b")) {
            assertEquals(text, inlineMarkdown(text).text)
        }
    }
}
