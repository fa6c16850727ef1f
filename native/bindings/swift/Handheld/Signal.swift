import Foundation

/// Wakes everyone who waits. A signal that nobody waits for is kept for the next one who does, so none is lost; who is
/// woken looks again at what it waits for.
final class Signal: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false
    private var newest = 0
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]

    func raise() {
        let woken = lock.withLock {
            defer { waiting.removeAll() }
            raised = waiting.isEmpty
            return Array(waiting.values)
        }
        woken.forEach { $0.resume() }
    }

    /// Returns after the next signal, or when the calling task is cancelled.
    func wait() async {
        let ticket = lock.withLock {
            newest += 1
            return newest
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goOn = lock.withLock {
                    if raised || Task.isCancelled {
                        raised = false
                        return true
                    }
                    waiting[ticket] = continuation
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            lock.withLock { waiting.removeValue(forKey: ticket) }?.resume()
        }
    }
}
