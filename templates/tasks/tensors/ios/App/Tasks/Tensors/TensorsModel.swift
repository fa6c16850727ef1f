import Foundation
import Handheld
import HandheldModels
import Observation

/// A model's inputs and outputs, and its last run on example data. Knows nothing of views.
@MainActor
@Observable
final class TensorsModel {
    /// One input or output, in words; for example "f32 [batch, 3]", or "text".
    struct Port: Equatable, Identifiable {
        let name: String
        let kind: String
        var id: String { name }
    }

    private(set) var inputs: [Port] = []
    private(set) var outputs: [Port] = []
    /// A seed and sizes of free axes, or a text: what the model's first input takes.
    var example = "1"
    /// Whether the model embeds texts, rather than taking arrays.
    var takesText: Bool { inputs.contains { $0.kind == "text" } }
    /// What the last run was given and what came of it, a line each.
    private(set) var summary = ""
    let request: RequestModel

    /// - Parameter session: open and ready.
    init(session: TaskSession) {
        request = RequestModel(session: session)
    }

    /// Asks the core what the loaded model takes and gives.
    func describe() async {
        guard let task = request.session.task, let info = try? await task.info(),
            let parsed = try? JSONDecoder().decode(Info.self, from: info)
        else { return }
        inputs = parsed.loaded.inputs.map(\.port)
        outputs = parsed.loaded.outputs.map(\.port)
    }

    /// Runs the model on example data, or on a text.
    func run() {
        guard !request.isRunning else { return }
        request.send { [example] in
            .text(example)
        } onOutput: { [weak self] value in
            if let text = value.text { self?.summary = text }
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
        let shape: [Size]?

        var port: TensorsModel.Port {
            let sizes = shape.map { " [\($0.map(\.text).joined(separator: ", "))]" } ?? ""
            return TensorsModel.Port(name: name, kind: type + sizes)
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
