package dev.handheld.jvm

import dev.handheld.HandheldTask
import dev.handheld.NativeTask
import dev.handheld.Value
import java.io.File
import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.ValueLayout
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * Answers each line with the CPU seconds of one run through Flow and JNI, in the words of native/tests/bench_core.cpp;
 * the line "calls" with the cost of single calls. Arguments: task.json, the most tokens, a file with the prompt.
 */
fun main(arguments: Array<String>): Unit = runBlocking {
    val (manifest, tokens, prompt) = arguments
    val task = HandheldTask.open(File(manifest), JsonObject(mapOf("threads" to JsonPrimitive(1))))
    task.load()
    val settings = mapOf("temperature" to 0, "repeat_penalty" to 1, "max_tokens" to tokens.toInt())
    task.configure(JsonObject(settings.mapValues { JsonPrimitive(it.value) }))
    val question = Value.Text(File(prompt).readText(), "user")
    for (line in generateSequence(::readLine)) println(if (line == "calls") calls(task) else answer(task, question))
}

private suspend fun answer(task: HandheldTask, question: Value): String {
    task.reset()
    val start = Clock.cpuSeconds()
    var first = 0.0
    task.request(question).collect { if (first == 0.0) first = Clock.cpuSeconds() }
    val done = Clock.cpuSeconds()
    val generated = checkNotNull(task.report().generatedTokens) - 1 // the first one belongs to the prompt
    return """{"prompt_s": ${first - start}, "generate_s": ${done - first}, "tokens": $generated}"""
}

/** Nanoseconds of CPU: the emptiest native call, one with the handle's lock, and one that gives JSON. */
private fun calls(task: HandheldTask): String {
    val bare = nanoseconds(CALLS) { NativeTask.version() }
    val locked = nanoseconds(CALLS) { task.native.call(NativeTask::progress) }
    val json = nanoseconds(CALLS / 100) { task.native.call(NativeTask::report) }
    return """{"version_ns": $bare, "progress_ns": $locked, "report_ns": $json}"""
}

private inline fun nanoseconds(count: Int, call: () -> Unit): Double {
    repeat(count) { call() } // compiled from here on
    val start = Clock.cpuSeconds()
    repeat(count) { call() }
    return (Clock.cpuSeconds() - start) / count * 1e9
}

private const val CALLS = 200_000

/** The clock of the C++ programs: all threads of the process. Java's own one ticks every ten milliseconds. */
private object Clock {
    private const val CLOCK_PROCESS_CPUTIME_ID = 2
    private val linker = Linker.nativeLinker()
    private val time = Arena.global().allocate(16)
    private val function = linker.downcallHandle(
        linker.defaultLookup().find("clock_gettime").get(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
    )

    fun cpuSeconds(): Double {
        function.invokeWithArguments(CLOCK_PROCESS_CPUTIME_ID, time)
        return time.get(ValueLayout.JAVA_LONG, 0) + time.get(ValueLayout.JAVA_LONG, 8) * 1e-9
    }
}
