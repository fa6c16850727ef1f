package dev.handheld

import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.locks.ReentrantReadWriteLock
import kotlin.concurrent.read

/**
 * Holds the address of an open task, so that no call meets a task that is closed or being closed: in C that would be
 * undefined, here it is a [HandheldException].
 */
internal class NativeHandle(private val address: Long) {
    // Calls share the read side, so sending and receiving overlap; closing needs the write side and so waits for both.
    private val calls = ReentrantReadWriteLock()
    private val closing = AtomicBoolean()

    val isClosed: Boolean get() = closing.get()

    inline fun <T> call(body: (Long) -> T): T {
        if (isClosed) throw closedTask()
        return calls.read {
            if (isClosed) throw closedTask()
            body(address)
        }
    }

    /** Harmless on a task that is closed, because a stop button may be pressed at any time. */
    fun cancel(run: Long) {
        if (!isClosed) calls.read { if (!isClosed) NativeTask.cancel(address, run) }
    }

    /** Cancels what runs, waits until it has returned, and frees the task. The second time nothing happens. */
    fun close(runs: () -> List<Long>) {
        if (!closing.compareAndSet(false, true)) return
        // A call that was just about to begin may miss one cancel, so it is repeated until all have left. An interrupt
        // must not keep the memory: it is noted and given back.
        var interrupted = false
        do {
            runs().forEach { NativeTask.cancel(address, it) }
            val alone = try {
                calls.writeLock().tryLock(REPEAT_CANCEL_MS, TimeUnit.MILLISECONDS)
            } catch (_: InterruptedException) {
                interrupted = true
                false
            }
        } while (!alone)
        try {
            NativeTask.close(address)
        } finally {
            calls.writeLock().unlock()
            if (interrupted) Thread.currentThread().interrupt()
        }
    }

    private companion object {
        const val REPEAT_CANCEL_MS = 5L
    }
}
