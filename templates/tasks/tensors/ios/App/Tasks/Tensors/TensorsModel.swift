import Foundation
import Handheld
import HandheldModels
import Observation

/// A model's inputs and outputs, and its last run on example data. Knows nothing of views.
@MainActor
@Observable
final class TensorsModel {
    /// One input or output, in words; for example "f32 [batch, 3]".
    struct Port: Equatable, Identifiable {
        let name: String
        let kind: String
        var id: String { name }
    }

    private(set) var inputs: [Port] = []
    private(set) var outputs: [Port] = []
    /// A seed, and sizes of free axes.
    var example = "1"
    /// What the last run was given and what came of it, a line each.
    private(set) var summary = ""
    private(set) var report: Report?
    private(set) var problem: Problem?
    let session: TaskSession

    @ObservationIgnored private var running: Task<Void, Never>?
    private(set) var isRunning = false

    /// - Parameter session: open and ready.
    init(session: TaskSession) {
        self.session = session
    }

    /// Asks the core what the loaded model takes and gives.
    func describe() async {
        guard let task = session.task, let info = try? await task.info(),
            let parsed = try? JSONDecoder().decode(Info.self, from: info)
        else { return }
        inputs = parsed.loaded.inputs.map(\.port)
        outputs = parsed.loaded.outputs.map(\.port)
    }

    /// Runs the model on example data.
    func run() {
        guard !isRunning else { return }
        isRunning = true
        problem = nil
        session.clearInterruption()
        running = Task {
            await runNow()
            isRunning = false
            await session.refreshReport()
        }
    }

    func stop() {
        running?.cancel()
    }

    /// Waits until the run has ended.
    func finish() async {
        await running?.value
    }

    private func runNow() async {
        do {
            guard let task = session.task else { throw HandheldError(.invalidState) }
            for try await value in task.request([.text(example, port: "example")]) {
                if let text = value.text { summary = text }
                if session.interruption != nil { task.cancel() }
            }
            report = try await task.report()
        } catch is CancellationError {
            // A person has stopped it; the last result stays.
        } catch {
            problem = Problem(error)
        }
    }
}

/// What the core says of a loaded model.
private struct Info: Decodable {
    struct Loaded: Decodable {
        let inputs: [Spec]
        let outputs: [Spec]
    }

    struct Spec: Decodable {
        let name: String
        let type: String
        let shape: [Size]

        var port: TensorsModel.Port {
            TensorsModel.Port(name: name, kind: "\(type) [\(shape.map(\.text).joined(separator: ", "))]")
        }
    }

    /// A number, the name of a free size, or null for one without a name.
    struct Size: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                text = String(number)
            } else {
                text = (try? container.decode(String.self)) ?? "?"
            }
        }
    }

    let loaded: Loaded
}
