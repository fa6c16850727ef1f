package dev.handheld

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

// How a run of the core becomes a Flow, and how the end of its collector reaches the core.

/** What is known about one run while it is streamed. */
private class RunProgress {
    val run = CompletableDeferred<Long>()

    /** All inputs and the end were given. */
    @Volatile var sent = false

    /** The core has answered END, CANCELLED or an error for it: there is nothing left to clean up. */
    @Volatile var over = false
}

internal fun HandheldTask.requestFlow(inputs: List<Value>): Flow<Value> = channelFlow {
    // Asked before anything is sent, or the inputs would wait in the queue for an answer that nobody collects.
    if (!isLoaded && !isClosed) {
        throw HandheldException(Status.INVALID_STATE, "The model is not loaded; call load() first.")
    }
    requests.withLock {
        receiving.withLock {
            val progress = RunProgress()
            try {
                // Together, because a long conversation has more inputs than the core's queue has places.
                coroutineScope {
                    launch { feed(inputs, progress) }
                    pumpUntilOver(progress, channel)
                }
            } finally {
                withContext(NonCancellable) { abandon(progress) }
            }
        }
    }
}.flowOn(Dispatchers.Default) // so that a stop reaches the core even while the collector's thread is busy

internal fun HandheldTask.receiveFlow(run: Long): Flow<Value> = channelFlow {
    receiving.withLock {
        if (run <= forgottenRun) return@withLock
        val progress = RunProgress().apply {
            this.run.complete(run)
            sent = true // by whoever called send()
        }
        try {
            coroutineScope { pumpUntilOver(progress, channel) }
        } finally {
            withContext(NonCancellable) { abandon(progress) }
        }
    }
}.flowOn(Dispatchers.Default)

private suspend fun HandheldTask.feed(inputs: List<Value>, progress: RunProgress) {
    for (input in inputs) put(input.toNative()) { progress.run.complete(it) }
    put(NativeValue()) {
        progress.run.complete(it)
        progress.sent = true
    }
}

private suspend fun HandheldTask.pumpUntilOver(progress: RunProgress, into: SendChannel<Value>) = coroutineScope {
    val run = progress.run.await()
    val pump: Job = launch(working) { pump(run, progress, into) }
    try {
        pump.join()
    } catch (stopped: CancellationException) {
        // The pump sits in a native call that no coroutine can interrupt; the core can.
        native.cancel(run)
        throw stopped
    }
}

private suspend fun HandheldTask.pump(run: Long, progress: RunProgress, into: SendChannel<Value>) {
    currentRun = run
    try {
        while (!progress.over) step(run, progress)?.let { into.send(it) }
    } finally {
        currentRun = HandheldTask.NO_RUN
    }
}

/** Receives once. Values, ends and errors of an earlier run, which nobody collects any more, are passed over. */
private suspend fun HandheldTask.step(run: Long, progress: RunProgress): Value? {
    val slot = NativeValue()
    val status = try {
        native.call { NativeTask.receive(it, slot) }
    } catch (failure: HandheldException) {
        if (slot.run in 1 until run) return null
        progress.over = true
        throw failure
    }
    room.trySend(Unit)
    when (status) {
        Status.OK.code -> return if (slot.run == run) slot.toValue() else null
        Status.AGAIN.code -> input.receive()
        else -> progress.over = slot.run >= run
    }
    if (native.isClosed) throw closedTask()
    return null
}

/** Leaves the core as if the run had been taken to its end, so that the next request begins cleanly. */
private suspend fun HandheldTask.abandon(progress: RunProgress) {
    if (progress.over || !progress.run.isCompleted || native.isClosed) return
    val run = progress.run.await()
    native.cancel(run)
    try {
        withContext(working) { drain(run) }
        // A cancelled run swallows its late values, but only up to an end.
        if (!progress.sent) put(NativeValue())
    } catch (_: HandheldException) {
        // Closed meanwhile, or the run ended with an error that its collector no longer waits for.
    }
}

private fun HandheldTask.drain(run: Long) {
    val slot = NativeValue()
    do {
        slot.run = 0
        val status = native.call { NativeTask.receive(it, slot) }
        val goesOn = status == Status.OK.code || (status != Status.AGAIN.code && slot.run < run)
    } while (goesOn)
    room.trySend(Unit)
}
