package {{ cookiecutter.app.package }}.tasks.chat

import android.util.AtomicFile
import dev.handheld.Value
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json

/** How an answer came to its end. */
enum class Ending {
    /** Not yet. */
    OPEN,
    COMPLETE,
    STOPPED,
    CUT_OFF,
    FAILED,
}

/** What was asked, and what was answered so far. */
@Serializable
data class Turn(val id: Long, val question: String, val answer: String = "", val ending: Ending = Ending.OPEN)

@Serializable
data class Conversation(val turns: List<Turn> = emptyList()) {
    val isEmpty: Boolean get() = turns.isEmpty()

    /** The conversation with one more question, whose answer is open. */
    fun ask(question: String): Conversation =
        Conversation(turns + Turn(id = (turns.lastOrNull()?.id ?: 0) + 1, question = question))

    /** The same with the newest turn changed. */
    fun updateLast(change: (Turn) -> Turn): Conversation =
        if (isEmpty) this else Conversation(turns.dropLast(1) + change(turns.last()))

    /**
     * What a model must be told that knows nothing of this conversation yet, then the newest question. A turn that got
     * no answer is left out, as the core forgets it too.
     */
    fun request(instructions: String, withHistory: Boolean): List<Value> = buildList {
        if (withHistory) {
            if (instructions.isNotBlank()) add(Value.Text(instructions, "system"))
            for (turn in turns.dropLast(1).filter { it.answer.isNotEmpty() }) {
                add(Value.Text(turn.question, "user"))
                add(Value.Text(turn.answer, "assistant"))
            }
        }
        add(Value.Text(turns.last().question, "user"))
    }

    /** Plain text, to share. */
    fun transcript(you: String, model: String): String =
        turns.joinToString("\n\n") { turn ->
            listOfNotNull("$you: ${turn.question}", "$model: ${turn.answer}".takeIf { turn.answer.isNotEmpty() })
                .joinToString("\n\n")
        }
}

/** Keeps the conversation in a file, so that it outlives the process; too large for an Activity's saved state. */
class ConversationStore(file: File) {
    private val file = AtomicFile(file)
    private val access = Mutex()

    /** The kept conversation, or an empty one if there is none or it cannot be read. */
    suspend fun load(): Conversation = access.withLock {
        withContext(Dispatchers.IO) {
            try {
                val kept = Json.decodeFromString<Conversation>(file.readFully().decodeToString())
                // The process ended in the middle of an answer.
                kept.updateLast { if (it.ending == Ending.OPEN) it.copy(ending = Ending.STOPPED) else it }
            } catch (_: IOException) {
                Conversation()
            } catch (_: SerializationException) {
                Conversation()
            }
        }
    }

    /** True unless the file could not be written. */
    suspend fun save(conversation: Conversation): Boolean = access.withLock {
        withContext(Dispatchers.IO) {
            try {
                file.baseFile.parentFile?.mkdirs()
                val stream = file.startWrite()
                try {
                    stream.write(Json.encodeToString(conversation).encodeToByteArray())
                    file.finishWrite(stream)
                    true
                } catch (failure: IOException) {
                    file.failWrite(stream)
                    throw failure
                }
            } catch (_: IOException) {
                false
            }
        }
    }
}
