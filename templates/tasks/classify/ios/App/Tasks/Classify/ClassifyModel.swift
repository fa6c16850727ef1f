import Handheld
import HandheldModels
import Observation

/// What the last photo shows. Knows nothing of views.
@MainActor
@Observable
final class ClassifyModel {
    /// The likeliest first.
    private(set) var scores: [Score] = []
    let request: RequestModel

    /// - Parameter session: open and ready.
    init(session: TaskSession) {
        request = RequestModel(session: session)
    }

    /// Looks at another photo; one that is being looked at is let go.
    /// - Parameter photo: decodes it, away from the main actor.
    func classify(_ photo: @escaping @Sendable () async throws -> Handheld.Image) {
        scores = []
        request.send {
            Value(.image(try await photo()), port: "picture")
        } onOutput: { [weak self] value in
            if case .scores(let found) = value.content { self?.scores = found }
        }
    }
}
