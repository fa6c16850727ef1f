package dev.handheld.jvm

import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.junit4.ComposeTestRule

/** What a screen reader would say about controls. */
object Labels {
    /** Controls without a name, as text for a failed test. */
    fun missing(rule: ComposeTestRule): List<String> =
        rule.onAllNodes(hasClickAction() and focusable()).fetchSemanticsNodes()
            .filter { name(it).isBlank() }
            .map { "control ${it.id} at ${it.boundsInRoot}" }

    /** The sheet's scrim and the text field take clicks, but are named by other means. */
    private fun focusable() = SemanticsMatcher("is no text field") {
        it.config.getOrNull(SemanticsActions.SetText) == null
    }

    private fun name(node: SemanticsNode): String {
        val own = node.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty()
        val text = node.config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text }
        return (own + text + node.children.map(::name)).joinToString(" ")
    }
}
