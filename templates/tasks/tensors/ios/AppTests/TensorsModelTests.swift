import Foundation
import Handheld
import HandheldModels
import Testing

@testable import {{ cookiecutter.app.module }}

/// The screen's model, on the app's own task.
@MainActor
@Suite(.serialized, .enabled(if: Fixture.folder(of: "tensors") != nil, "the tensors task has no model here"))
struct TensorsModelTests {
    func model() async throws -> TensorsModel {
        let model = TensorsModel(session: try await Fixture.session(of: "tensors"))
        await model.describe()
        return model
    }

    @Test func showsInputsAndOutputs() async throws {
        let model = try await model()
        #expect(!model.inputs.isEmpty && !model.outputs.isEmpty)
        #expect(model.inputs.allSatisfy { !$0.name.isEmpty && $0.kind.hasSuffix("]") })
    }

    @Test func runsOnExampleData() async throws {
        let model = try await model()
        model.run()
        #expect(model.request.isRunning)
        await model.request.finish()
        #expect(!model.request.isRunning)
        #expect(model.request.problem == nil)
        #expect(model.summary.contains("in \(model.inputs[0].name)"))
        #expect(model.request.report?.runs ?? 0 > 0)
    }

    @Test func saysWhatItDoesNotUnderstand() async throws {
        let model = try await model()
        model.example = "seven"
        model.run()
        await model.request.finish()
        #expect(model.request.problem?.message.contains("seven") == true)
        model.example = "7"
        model.run()
        await model.request.finish()
        #expect(model.request.problem == nil && !model.summary.isEmpty)
    }
}
