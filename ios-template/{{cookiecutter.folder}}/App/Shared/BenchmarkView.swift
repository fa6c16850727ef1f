import HandheldModels
import SwiftUI

/// How fast the model is on this device: the golden request several times, and the medians of what the core measured.
struct BenchmarkView: View {
    @State private var benchmark: Benchmark

    init(session: TaskSession) {
        _benchmark = State(initialValue: Benchmark(session: session))
    }

    var body: some View {
        List {
            Section {
                control
            } footer: {
                Text("Makes the same request several times. What you see in the app stays as it is.")
            }
            if case .finished(let summary) = benchmark.phase { ResultSection(summary: summary) }
        }
        .navigationTitle(Text("Benchmark"))
        .navigationBarTitleDisplayMode(.inline)
        .onDisappear { benchmark.stop() }
    }

    @ViewBuilder private var control: some View {
        switch benchmark.phase {
        case .idle, .finished: start
        case .running(let run):
            ProgressView(value: Double(run - 1), total: Double(Benchmark.runs)) {
                Text("Run \(run.formatted()) of \(Benchmark.runs.formatted())")
            } currentValueLabel: {
                EmptyView()
            }
            Button("Stop", action: benchmark.stop)
                .accessibilityIdentifier("stop-benchmark")
        case .stopped(let interruption):
            start
            note(interruption)
        case .failed(let problem):
            start
            Label(problem.message, systemImage: "exclamationmark.triangle")
        }
    }

    private var start: some View {
        Button("Start", action: benchmark.start)
            .accessibilityIdentifier("start-benchmark")
    }

    private func note(_ interruption: TaskSession.Interruption?) -> Text {
        switch interruption {
        case .background: Text("Stopped, because the app left the screen")
        case .lowMemory: Text("Stopped, because the device ran short of memory")
        case nil: Text("Stopped")
        }
    }
}

private struct ResultSection: View {
    let summary: Benchmark.Summary

    var body: some View {
        Section("Result") {
            row("Time to first token", summary.timeToFirstTokenMs.map(Figures.milliseconds))
            row("Reading", summary.promptTokensPerSecond.map(Figures.rate))
            row("Writing", summary.generatedTokensPerSecond.map(Figures.rate))
            row("Memory", summary.peakBytes.map(Figures.memory))
            LabeledContent("Device temperature") {
                VStack(alignment: .trailing) {
                    HeatText(heat: summary.heatBefore)
                    if summary.heatAfter != summary.heatBefore { HeatText(heat: summary.heatAfter) }
                }
            }
        }
    }

    @ViewBuilder private func row(_ title: LocalizedStringKey, _ value: String?) -> some View {
        if let value { LabeledContent(title, value: value) }
    }
}
