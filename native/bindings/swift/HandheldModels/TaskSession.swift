import Foundation
import Handheld
import Observation

/// One task of the app and its model, as a screen sees it.
///
/// ```
///             open()              model read
///   closed ───────────▶ loading ─────────────▶ ready
///     ▲                  │    │                  │
///     │      close()     │    │ something fails  │
///     └──────────────────┘    ▼                  │
///     ▲                     failed ◀─ open() tries again
///     └──────────────────────────────────────────┘
/// ```
@MainActor
@Observable
public final class TaskSession {
    public enum Phase: Equatable, Sendable {
        case closed
        /// The share of the model that has been read, 0 to 1.
        case loading(Double)
        case ready
        case failed(Problem)
    }

    /// Why an answer ended that nobody stopped.
    public enum Interruption: Sendable, Equatable {
        /// The app left the screen.
        case background
        case lowMemory
    }

    /// The folder that holds the task.json and the files beside it.
    public let folder: URL
    public private(set) var phase = Phase.closed
    public private(set) var manifest: Manifest?
    /// What the last request measured.
    public private(set) var report: Report?
    /// The open task while `phase` is `ready`.
    public private(set) var task: HandheldTask?
    /// What ended the running request, until `clearInterruption()`.
    public private(set) var interruption: Interruption?
    /// Another number whenever the task has forgotten what it was told: who wants it remembered tells it again.
    public private(set) var memory = 0

    private let options: [String: SettingValue]
    @ObservationIgnored private var opening: Task<Void, Never>?

    /// - Parameter options: what replaces the manifest's options, for example `["context": 1024]`.
    public init(folder: URL, options: [String: SettingValue] = [:]) {
        self.folder = folder
        self.options = options
    }

    public var isReady: Bool { phase == .ready }

    /// Opens the task and loads its model; returns when it is ready or has failed. Asked twice, it opens once.
    public func open() async {
        if case .ready = phase { return }
        if let opening { return await opening.value }
        phase = .loading(0)
        clearInterruption()
        let opening = Task { await load() }
        self.opening = opening
        await opening.value
    }

    /// Stops what runs and frees the model, for example when memory is short.
    public func close() async {
        opening?.cancel()
        await opening?.value
        await task?.close()
        task = nil
        phase = .closed
    }

    /// Ends the running request, if there is one, and keeps the model. What it has made so far stays. A model that is
    /// still being read when memory runs short is let go of: the phase becomes `failed`, and `open()` tries again.
    public func interrupt(_ reason: Interruption) {
        if let task {
            interruption = reason
            task.cancel()
        } else if let opening, reason == .lowMemory {
            interruption = reason
            opening.cancel()
        }
    }

    /// A new request begins.
    public func clearInterruption() {
        interruption = nil
    }

    /// Stops what runs and lets the task forget what it was told.
    public func forget() async throws {
        memory += 1
        try await task?.reset()
    }

    /// Reads what the last request measured.
    public func refreshReport() async {
        if let report = try? await task?.report() { self.report = report }
    }

    private func load() async {
        defer { opening = nil }
        do {
            let url = folder.appending(path: "task.json")
            manifest = try Manifest(contentsOf: url)
            let task = try await Self.opened(url, options: options)
            try await watchProgress(of: task)
            self.task = task
            memory += 1
            phase = .ready
            await refreshReport()
        } catch is CancellationError {
            phase = interruption == .lowMemory ? .failed(Problem(HandheldError(.outOfMemory))) : .closed
        } catch {
            phase = .failed(Problem(error))
        }
    }

    /// Away from the main thread, because the headers of the files are read.
    private nonisolated static func opened(
        _ manifest: URL, options: [String: SettingValue]
    ) async throws -> HandheldTask {
        try HandheldTask(manifest: manifest, options: options)
    }

    private func watchProgress(of task: HandheldTask) async throws {
        let watcher = Task {
            while !Task.isCancelled {
                phase = .loading(task.progress)
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        defer { watcher.cancel() }
        try await task.load()
    }
}
