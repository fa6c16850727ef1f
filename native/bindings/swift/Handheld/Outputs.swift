import Foundation

/// What one request answers, value by value, until the answer is complete. Each value is computed when it is asked for.
///
/// To be read once. The run ends with its reader: when the Swift task that reads is cancelled, or its loop is left, the
/// core stops that run and no other.
public struct Outputs: AsyncSequence, Sendable {
    let task: HandheldTask
    let request: Request

    public func makeAsyncIterator() -> Iterator {
        Iterator(lifetime: Lifetime(task: task, request: request))
    }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        fileprivate let lifetime: Lifetime

        /// - Throws: `HandheldError`, which ends the request, or `CancellationError`.
        public func next() async throws -> Value? {
            let (task, request) = (lifetime.task, lifetime.request)
            return try await withTaskCancellationHandler {
                try await task.next(of: request)
            } onCancel: {
                if let run = request.cancel() { task.handle.cancel(run) }
            }
        }
    }

    /// Goes when the iterator goes, and takes a run with it that was left half read.
    fileprivate final class Lifetime: Sendable {
        let task: HandheldTask
        let request: Request

        init(task: HandheldTask, request: Request) {
            self.task = task
            self.request = request
        }

        deinit {
            guard !request.isOver, let run = request.cancel() else { return }
            task.handle.cancel(run)
            Task { [task, request] in await task.abandon(request) }
        }
    }
}

/// One request on its way through a task.
final class Request: @unchecked Sendable {
    let inputs: [Value]
    private let lock = NSLock()
    private var state: State

    private struct State {
        var run: Run?
        var isSent = false, isOver = false, isCancelled = false
        var early: [Value] = []
    }

    init(inputs: [Value]) {
        self.inputs = inputs
        state = State()
    }

    /// A request that is fed with `HandheldTask.send(_:)`.
    init(run: Run) {
        inputs = []
        state = State(run: run, isSent: true)
    }

    var run: Run? { lock.withLock { state.run } }

    /// The end has been given to the core, or is the business of whoever sends.
    var isSent: Bool {
        get { lock.withLock { state.isSent } }
        set { lock.withLock { state.isSent = newValue } }
    }

    /// Nothing more comes.
    var isOver: Bool {
        get { lock.withLock { state.isOver } }
        set { lock.withLock { state.isOver = newValue } }
    }

    /// Remembers the run that the core gave this request.
    /// - Returns: whether the request was cancelled before it had one.
    func adopt(_ run: Run) -> Bool {
        lock.withLock {
            state.run = run
            return state.isCancelled
        }
    }

    /// - Returns: the run to cancel, if there is one already; else `adopt` will tell.
    func cancel() -> Run? {
        lock.withLock {
            state.isCancelled = true
            return state.run
        }
    }

    /// Outputs that came while the inputs were still being given.
    func keepEarly(_ value: Value) {
        lock.withLock { state.early.append(value) }
    }

    func takeEarly() -> Value? {
        lock.withLock { state.early.isEmpty ? nil : state.early.removeFirst() }
    }
}
