import Handheld
import Observation

/// One request at a time to a task that remembers nothing, and how it went. Knows nothing of views.
@MainActor
@Observable
public final class RequestModel {
    public private(set) var isRunning = false
    /// What the last request measured that went well; `nil` while one runs.
    public private(set) var report: Report?
    /// Why the last request failed, until the next one.
    public private(set) var problem: Problem?
    public let session: TaskSession

    @ObservationIgnored private var running: Task<Void, Never>?

    /// - Parameter session: open and ready.
    public init(session: TaskSession) {
        self.session = session
    }

    /// Makes a value and sends it, once the request before has ended, which is cancelled.
    /// - Parameters:
    ///   - value: is made away from the main actor.
    ///   - onOutput: is given what the core answers, piece by piece.
    public func send(
        _ value: @escaping @Sendable () async throws -> Value, onOutput: @escaping @MainActor (Value) -> Void
    ) {
        let before = running
        before?.cancel()
        isRunning = true
        report = nil
        problem = nil
        session.clearInterruption()
        running = Task {
            await before?.value  // its last word must not be about this request
            await answer(value, onOutput)
            if !Task.isCancelled { isRunning = false }
            await session.refreshReport()
        }
    }

    /// Ends the request; what it gave so far stays.
    public func stop() {
        running?.cancel()
        isRunning = false
    }

    /// Waits until the request has ended.
    public func finish() async {
        await running?.value
    }

    private func answer(
        _ value: @Sendable () async throws -> Value, _ onOutput: @MainActor (Value) -> Void
    ) async {
        do {
            let request = try await value()
            guard let task = session.task else { throw HandheldError(.invalidState) }
            for try await output in task.request([request]) {
                onOutput(output)
                if session.interruption != nil { task.cancel() }
            }
            report = try await task.report()
        } catch is CancellationError {
            // A person has stopped it, or the next request has taken its place.
        } catch {
            problem = Problem(error)
        }
    }
}
