package {{ cookiecutter.app.package }}.tasks.chat

import dev.handheld.Value
import org.junit.Assert.assertEquals
import org.junit.Test

class ConversationTest {
    private val asked = Conversation()
        .ask("One?").updateLast { it.copy(answer = "1", ending = Ending.COMPLETE) }
        .ask("Unheard?").updateLast { it.copy(ending = Ending.STOPPED) }
        .ask("Two?")

    @Test
    fun model_whenItKnowsTheConversation_isToldTheQuestionOnly() {
        assertEquals(listOf(Value.Text("Two?", "user")), asked.request("Be brief.", withHistory = false))
    }

    @Test
    fun model_whenNew_isToldWhatWasAnswered() {
        assertEquals(
            listOf(
                Value.Text("Be brief.", "system"),
                Value.Text("One?", "user"),
                Value.Text("1", "assistant"),
                Value.Text("Two?", "user"),
            ),
            asked.request("Be brief.", withHistory = true),
        )
    }

    @Test
    fun turns_keepDifferentIds_whenOneIsTakenAway() {
        val retried = Conversation(asked.turns.dropLast(1)).ask("Two?")
        assertEquals(listOf(1L, 2L, 3L), retried.turns.map { it.id })
    }

    @Test
    fun transcript_leavesOutWhatWasNotAnswered() {
        assertEquals("Me: One?\n\nIt: 1\n\nMe: Unheard?\n\nMe: Two?", asked.transcript("Me", "It"))
    }
}
