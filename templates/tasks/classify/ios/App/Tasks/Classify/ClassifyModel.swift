import Foundation
import Handheld
import HandheldModels
import Observation

/// What the last photo shows. Knows nothing of views.
@MainActor
@Observable
final class ClassifyModel {
    /// The likeliest first.
    private(set) var scores: [Score] = []
    private(set) var report: Report?
    private(set) var problem: Problem?
    private(set) var isRunning = false
    let session: TaskSession

    @ObservationIgnored private var running: Task<Void, Never>?

    /// - Parameter session: open and ready.
    init(session: TaskSession) {
        self.session = session
    }

    /// Looks at another photo; one that is being looked at is let go.
    /// - Parameter photo: decodes it, away from the main actor.
    func classify(_ photo: @escaping @Sendable () async throws -> Handheld.Image) {
        let before = running
        before?.cancel()
        isRunning = true
        scores = []
        report = nil
        problem = nil
        session.clearInterruption()
        running = Task {
            await before?.value
            await look(at: photo)
            if !Task.isCancelled { isRunning = false }
            await session.refreshReport()
        }
    }

    /// Waits until the run has ended.
    func finish() async {
        await running?.value
    }

    private func look(at photo: @Sendable () async throws -> Handheld.Image) async {
        do {
            let image = try await photo()
            guard let task = session.task else { throw HandheldError(.invalidState) }
            for try await value in task.request([Value(.image(image), port: "picture")]) {
                if case .scores(let found) = value.content { scores = found }
                if session.interruption != nil { task.cancel() }
            }
            report = try await task.report()
        } catch is CancellationError {
            // Another photo has taken this one's place.
        } catch {
            problem = Problem(error)
        }
    }
}
