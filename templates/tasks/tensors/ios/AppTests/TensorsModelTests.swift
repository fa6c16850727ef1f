import Foundation
import Handheld
import HandheldModels
import Testing

@testable import {{ cookiecutter.app.module }}

/// The screen's model, on the app's own task: in Xcode from the app's bundle, elsewhere from $HANDHELD_TASKS.
@MainActor
@Suite(.serialized, .enabled(if: TensorsFixture.folder != nil, "the tensors task has no model here"))
struct TensorsModelTests {
    @Test func showsInputsAndOutputs() async throws {
        let model = try await TensorsFixture.model()
        #expect(!model.inputs.isEmpty && !model.outputs.isEmpty)
        #expect(model.inputs.allSatisfy { !$0.name.isEmpty && $0.kind.hasSuffix("]") })
    }

    @Test func runsOnExampleData() async throws {
        let model = try await TensorsFixture.model()
        model.run()
        #expect(model.request.isRunning)
        await model.request.finish()
        #expect(!model.request.isRunning)
        #expect(model.request.problem == nil)
        #expect(model.summary.contains("in \(model.inputs[0].name)"))
        #expect(model.request.report?.runs ?? 0 > 0)
    }

    @Test func saysWhatItDoesNotUnderstand() async throws {
        let model = try await TensorsFixture.model()
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

enum TensorsFixture {
    nonisolated static let folder: URL? = {
        let tasks = ProcessInfo.processInfo.environment["HANDHELD_TASKS"].map { URL(filePath: $0) }
        let folder = (tasks ?? Bundle.main.bundleURL.appending(path: "tasks")).appending(path: "tensors")
        let manifest = try? Manifest(contentsOf: folder.appending(path: "task.json"))
        let files = manifest?.files.values.map { folder.appending(path: $0).path } ?? []
        return !files.isEmpty && files.allSatisfy(FileManager.default.fileExists(atPath:)) ? folder : nil
    }()

    @MainActor static func model() async throws -> TensorsModel {
        let session = TaskSession(folder: try #require(folder))
        await session.open()
        #expect(session.isReady)
        let model = TensorsModel(session: session)
        await model.describe()
        return model
    }
}
