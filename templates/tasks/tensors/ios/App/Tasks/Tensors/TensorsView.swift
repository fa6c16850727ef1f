import Handheld
import HandheldModels
import SwiftUI

/// The model's inputs and outputs, and a run on example data.
struct TensorsView: View {
    @State private var model: TensorsModel

    init(model: TensorsModel) {
        _model = State(initialValue: model)
    }

    var body: some View {
        List {
            ports(Text("Inputs", tableName: "Tensors"), model.inputs)
            ports(Text("Outputs", tableName: "Tensors"), model.outputs)
            RunSection(model: model)
            ProblemSection(problem: model.request.problem)
            if !model.summary.isEmpty { ResultSection(summary: model.summary, report: model.request.report) }
        }
        .task { await model.describe() }
        .toolbar {
            ToolbarItem(placement: .topBarTrailing) { ModelCardButton(session: model.request.session) }
        }
    }

    private func ports(_ title: Text, _ ports: [TensorsModel.Port]) -> some View {
        Section {
            ForEach(ports) { port in LabeledContent(port.name, value: port.kind) }
        } header: {
            title
        }
    }
}

/// The text, or the seed and sizes of the example data, and the button that runs it.
private struct RunSection: View {
    @Bindable var model: TensorsModel

    var body: some View {
        Section {
            TextField(text: $model.example, axis: .vertical) {
                if model.takesText {
                    Text("Text", tableName: "Tensors")
                } else {
                    Text("Example data", tableName: "Tensors")
                }
            }
            .accessibilityIdentifier("example")
            if model.request.isRunning {
                Button {
                    model.request.stop()
                } label: {
                    Text("Stop", tableName: "Tensors")
                }
                .accessibilityIdentifier("stop")
            } else {
                Button {
                    model.run()
                } label: {
                    Text("Run", tableName: "Tensors")
                }
                .accessibilityIdentifier("run")
            }
        } footer: {
            if model.takesText {
                Text("Becomes a vector of length 1", tableName: "Tensors")
            } else {
                Text("A seed, and sizes of free axes, such as 7 batch=2", tableName: "Tensors")
            }
        }
    }
}

private struct ResultSection: View {
    let summary: String
    let report: Report?

    var body: some View {
        Section {
            if let time = report?.runMs {
                LabeledContent {
                    Text(verbatim: Figures.milliseconds(time))
                } label: {
                    Text("Time of one run", tableName: "Tensors")
                }
            }
            if let runs = report?.runs {
                LabeledContent {
                    Text(verbatim: runs.formatted())
                } label: {
                    Text("Repeated", tableName: "Tensors")
                }
            }
            Text(verbatim: summary)
                .font(.caption.monospaced())
                .textSelection(.enabled)
                .accessibilityIdentifier("result")
        } header: {
            Text("Last run", tableName: "Tensors")
        }
    }
}
