import Foundation
import Handheld
import Observation

/// How hot the device says it is. A hot one computes slower, so no measurement means much without it.
public enum Heat: Sendable, Equatable, Codable {
    case normal, warm, hot, tooHot
    /// The system does not say.
    case unknown

    public static var now: Heat {
        #if canImport(Darwin)
        switch ProcessInfo.processInfo.thermalState {
        case .nominal: return .normal
        case .fair: return .warm
        case .serious: return .hot
        case .critical: return .tooHot
        @unknown default: return .unknown
        }
        #else
        return .unknown
        #endif
    }
}

/// Measures a task on this device: its golden request several times, each time as if it were the first.
@MainActor
@Observable
public final class Benchmark {
    public enum Phase: Equatable, Sendable {
        case idle
        /// Which run is in progress, from 1.
        case running(Int)
        case finished(Summary)
        /// A person ended it, or what the session was interrupted by.
        case stopped(TaskSession.Interruption?)
        case failed(Problem)
    }

    /// What the runs measured: medians, so that one slow run says nothing.
    public struct Summary: Equatable, Sendable {
        public let runs: Int
        /// Milliseconds.
        public let timeToFirstTokenMs: Double?
        /// Tokens per second; the first writes the prompt into the cache, the second the answer.
        public let promptTokensPerSecond: Double?, generatedTokensPerSecond: Double?
        /// The most bytes that the process held.
        public let peakBytes: Int?
        public let heatBefore: Heat, heatAfter: Heat

        init(reports: [Report], heatBefore: Heat, heatAfter: Heat) {
            runs = reports.count
            timeToFirstTokenMs = median(reports.compactMap(\.timeToFirstTokenMs))
            promptTokensPerSecond = median(reports.compactMap(\.promptTokensPerSecond))
            generatedTokensPerSecond = median(reports.compactMap(\.generatedTokensPerSecond))
            peakBytes = reports.compactMap { $0.memory?["process_peak"] }.max()
            self.heatBefore = heatBefore
            self.heatAfter = heatAfter
        }
    }

    public static let runs = 5
    public let session: TaskSession
    public private(set) var phase = Phase.idle

    private let heat: () -> Heat
    @ObservationIgnored private var work: Task<Void, Never>?

    /// - Parameters:
    ///   - session: open and ready.
    ///   - heat: how hot the device is now.
    public init(session: TaskSession, heat: @escaping () -> Heat = { .now }) {
        self.session = session
        self.heat = heat
    }

    public var isRunning: Bool {
        if case .running = phase { true } else { false }
    }

    /// Begins, after the answer that is being made has ended. What was said is forgotten by the core, not by the screen.
    public func start() {
        guard !isRunning else { return }
        phase = .running(1)
        session.clearInterruption()
        work = Task { phase = await measured() }
    }

    /// Ends it within one token.
    public func stop() {
        work?.cancel()
    }

    /// Waits until it has ended, however that was.
    public func finish() async {
        await work?.value
    }

    private func measured() async -> Phase {
        let outcome: Phase
        do {
            outcome = try await measure()
        } catch is CancellationError {
            outcome = .stopped(nil)
        } catch {
            outcome = .failed(Problem(error))
        }
        // The next question must not follow on from what was measured. A closed task has forgotten it anyway.
        try? await session.forget()
        return outcome
    }

    private func measure() async throws -> Phase {
        guard let task = session.task else { throw HandheldError(.invalidState) }
        let golden = try GoldenCase(contentsOf: session.folder.appending(path: "golden.json"))
        let before = heat()
        var reports: [Report] = []
        for run in 1...Self.runs {
            phase = .running(run)
            // Waits for its turn, which forgetting does not.
            try await task.configure(golden.configure)
            try await session.forget()
            for try await _ in task.request(golden.inputs) where session.interruption != nil { task.cancel() }
            if let interruption = session.interruption { return .stopped(interruption) }
            reports.append(try await task.report())
        }
        return .finished(Summary(reports: reports, heatBefore: before, heatAfter: heat()))
    }
}

private func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted(), middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
