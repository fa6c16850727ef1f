import HandheldModels
import Testing

@testable import {{ cookiecutter.app.module }}

@MainActor
struct TensorsModelTests {
    @Test func showsPortsAndRuns() async {
        let session = TaskSession(folder: TensorsTask().folder)
        await session.open()
        let model = TensorsModel(session: session)
        await model.describe()
        #expect(!model.inputs.isEmpty && !model.outputs.isEmpty)
        model.run()
        await model.finish()
        #expect(model.problem == nil)
        #expect(model.summary.contains("out \(model.outputs[0].name)"))
        await session.close()
    }
}
