import Dispatch

/// The queue on which one task works. Calls of the core block for as long as a model takes; on Swift's shared pool, which
/// has one thread a core, they would hold up everything else in the app.
final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "dev.handheld.task", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}
