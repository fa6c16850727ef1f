import CHandheld
import Foundation

/// One task with one model, open until `close()` or until nobody refers to it any more.
///
/// ```swift
/// let task = try HandheldTask(manifest: url)
/// try await task.load()
/// for try await value in task.request(.text("Hello!", port: "user")) {
///     print(value.text ?? "", terminator: "")
/// }
/// ```
///
/// The actor works on a queue of its own, so a model that computes holds no thread of Swift's shared pool; `send`,
/// `cancel` and `progress` do not wait for it. Every function throws `HandheldError` when the core refuses or fails, and
/// after `close()`.
public actor HandheldTask {
    let handle: TaskHandle
    /// The queue has room; there is something to receive; the request in progress is over.
    let room = Signal(), input = Signal(), idle = Signal()
    private let executor = QueueExecutor()
    private var request: Request?
    private var unread: Run?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a task: reads its task.json and the headers of its files, and loads no weights yet.
    /// - Parameters:
    ///   - manifest: task.json; files whose roles are not in `files` are looked up beside it.
    ///   - options: what replaces the manifest's options, for example `["context": 1024]`.
    /// - Throws: `manifestInvalid`, `invalidArgument`, `taskMissing`, `runtimeMissing` or one of the file errors.
    public init(manifest: URL, files: [TaskFile] = [], options: [String: SettingValue] = [:]) throws(HandheldError) {
        let optionsJSON = options.isEmpty ? nil : try options.json()
        handle = try TaskHandle(manifestPath: manifest.path, manifestJSON: nil, files: files, optionsJSON: optionsJSON)
    }

    /// As the other one, from the text of a task.json, with a file for each role that it names.
    public init(manifest json: String, files: [TaskFile], options: [String: SettingValue] = [:]) throws(HandheldError) {
        let optionsJSON = options.isEmpty ? nil : try options.json()
        handle = try TaskHandle(manifestPath: nil, manifestJSON: json, files: files, optionsJSON: optionsJSON)
    }

    /// The library's version.
    public static var libraryVersion: String { String(cString: hh_version()) }

    /// What this binary holds, as JSON: `{"version", "runtimes": [...], "tasks": [...]}`.
    public static var buildInfo: String { String(cString: hh_build_info()) }

    // MARK: Load

    /// Loads the model; the slow part. Cancelling the calling Swift task stops it. Harmless when it is loaded already.
    public func load() async throws {
        try Task.checkCancellation()
        let status = try await withTaskCancellationHandler {
            try handle.perform { hh_task_load($0, &$1) }
        } onCancel: {
            handle.cancel(Self.loadRun)
        }
        if status == .cancelled { throw CancellationError() }
        try Task.checkCancellation()
    }

    /// How far `load()` is, 0 to 1.
    public nonisolated var progress: Double { handle.progress }

    /// Cancels what runs, waits until it has stopped (one token, or one batch of the prompt), and frees the model.
    public nonisolated func close() async {
        handle.cancel(Self.loadRun)
        handle.cancelCurrent()
        await free()
    }

    private func free() {
        handle.close()
        for signal in [room, input, idle] { signal.raise() }
    }

    private static let loadRun: Run = 0

    // MARK: Ask

    /// One whole request: gives `inputs` to the task and streams what it answers, until the answer is complete.
    ///
    /// Nothing happens before the first value is asked for, and a second request waits for the first. Cancelling the
    /// Swift task that reads, or leaving its loop, stops this run within one token and never a later one; a Swift task
    /// that is cancelled gets a `CancellationError`. `cancel()` also stops the run, but then the outputs simply end.
    public nonisolated func request(_ inputs: Value...) -> Outputs { request(inputs) }

    /// As the other one, for inputs in a list.
    public nonisolated func request(_ inputs: [Value]) -> Outputs {
        Outputs(task: self, request: Request(inputs: inputs))
    }

    /// Gives one value to the open request, or begins one; waits while the task's queue is full.
    /// - Returns: the request's run, for `receive(_:)`.
    @discardableResult
    public nonisolated func send(_ value: Value) async throws -> Run { try await put(value) }

    /// Gives one value if there is room; live audio that finds none is counted as dropped in the report.
    public nonisolated func trySend(_ value: Value) throws -> Bool {
        guard try handle.send(value) != nil else { return false }
        input.raise()
        return true
    }

    /// Closes the open request; its outputs end when all is answered.
    @discardableResult
    public nonisolated func end() async throws -> Run { try await put(nil) }

    /// The outputs of a run that `send(_:)` feeds, while it is fed.
    public nonisolated func receive(_ run: Run) -> Outputs {
        Outputs(task: self, request: Request(run: run))
    }

    /// Stops the run that is being received; its outputs end. Returns at once and is harmless at any time.
    public nonisolated func cancel() { handle.cancelCurrent() }

    private nonisolated func put(_ value: Value?) async throws -> Run {
        while true {
            try Task.checkCancellation()
            if let run = try handle.send(value) {
                input.raise()
                return run
            }
            await room.wait()
        }
    }

    // MARK: Between requests

    /// Changes settings, for example `["temperature": 0]`; the manifest lists them. Waits for a request in progress.
    /// - Throws: `invalidArgument` for an unknown name, a wrong type or a value out of range; then nothing is changed.
    public func configure(_ settings: [String: SettingValue]) async throws {
        let json = try settings.json()
        try await waitUntilIdle()
        try handle.perform { hh_task_configure($0, json, &$1) }
    }

    /// Stops what runs, then forgets the conversation or stream. Model and settings stay.
    public nonisolated func reset() async throws {
        cancel()
        try await forget()
    }

    private func forget() throws(HandheldError) {
        try handle.perform { hh_task_reset($0, &$1) }
        if let request { finish(request) }
        input.raise()
    }

    /// What the task is: the manifest as the core sees it, with the library's version and what loading found. JSON.
    public func info() throws(HandheldError) -> Data { try handle.json(hh_task_info) }

    /// What the task did: times, rates and memory of the last run.
    public func report() throws(HandheldError) -> Report {
        try decodeJSON(try handle.json(hh_task_report), what: "The report", otherwise: .internal)
    }

    /// The intermediate values of the last run, in order, which this removes; needs the option "trace".
    public func trace() throws(HandheldError) -> [Value] {
        var values: [Value] = []
        while true {
            var value = hh_value.empty
            guard try handle.perform({ hh_task_trace($0, &value, &$1) }) == .ok else { return values }
            values.append(try Value(copying: value))
        }
    }
}

// MARK: - How a run is received

extension HandheldTask {
    /// The next output of a request, or nil at its end.
    func next(of request: Request) async throws -> Value? {
        do {
            let run = try await begin(request)
            while !request.isOver {
                if let value = request.takeEarly() { return value }
                let outcome = try step(of: run)
                switch outcome {
                case .success(.value(let value)): return value
                case .success(.again): await input.wait()
                case .success(.end), .success(.cancelled), .failure: finish(request)
                }
                _ = try outcome.get()
                if case .success(.end) = outcome { break }
                try Task.checkCancellation()
            }
            return nil
        } catch {
            abandon(request)
            throw error
        }
    }

    /// Leaves the core as if the run had been taken to its end, so that the next request begins cleanly.
    func abandon(_ request: Request) {
        guard !request.isOver else { return }
        finish(request)
        guard let run = request.run else { return }
        handle.cancel(run)
        unread = run
        drain()
        // The core ignores what else is sent to a cancelled run, but only up to an end.
        if !request.isSent { _ = try? handle.send(nil) }
    }

    /// Waits for its turn, and gives the inputs to the core.
    private func begin(_ request: Request) async throws -> Run {
        if let run = request.run, self.request === request || request.isOver { return run }
        try Task.checkCancellation()
        try await waitUntilIdle()
        self.request = request
        if let run = request.run {
            handle.setCurrent(run)
            return run
        }
        for input in request.inputs { try give(input, to: request) }
        let run = try give(nil, to: request)
        request.isSent = true
        return run
    }

    /// Gives one value, or the end. When the queue is full, the core takes what is in it.
    @discardableResult
    private func give(_ value: Value?, to request: Request) throws -> Run {
        while true {
            if let run = try handle.send(value) {
                handle.setCurrent(run)
                if request.adopt(run) { handle.cancel(run) }
                return run
            }
            if case .value(let early) = try step(of: request.run ?? .max).get() { request.keepEarly(early) }
        }
    }

    /// One step of a run. The rest of earlier runs, which nobody reads any more, is passed over.
    private func step(of run: Run) throws(HandheldError) -> Result<Step, HandheldError> {
        while true {
            let (from, outcome) = try handle.receive()
            room.raise()
            if from == 0 || from >= run { return outcome }
        }
    }

    /// Takes what an abandoned run still gives. Before the model is loaded it gives nothing; then this comes later.
    private func drain() {
        while let run = unread {
            guard let (from, outcome) = try? handle.receive() else { return }
            room.raise()
            if case .success(.value) = outcome { continue }
            if from == 0 || from >= run { unread = nil }
        }
    }

    private func waitUntilIdle() async throws {
        while request != nil {
            try Task.checkCancellation()
            guard !handle.isClosed else { throw HandheldError.closed }
            await idle.wait()
        }
        drain()
    }

    private func finish(_ request: Request) {
        request.isOver = true
        guard self.request === request else { return }
        self.request = nil
        handle.setCurrent(nil)
        idle.raise()
    }
}
