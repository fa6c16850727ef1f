import Handheld
import HandheldModels
import SwiftUI

/// What runs on this device: the model, its licence, its size, and what the last request measured.
struct ModelCardView: View {
    let session: TaskSession
    @Environment(\.dismiss) private var dismiss

    var body: some View {
        NavigationStack {
            List {
                if let manifest = session.manifest { ModelSection(manifest: manifest) }
                if let report = session.report { MeasurementsSection(report: report) }
                Section {
                    NavigationLink("Benchmark") { BenchmarkView(session: session) }
                        .accessibilityIdentifier("benchmark")
                    NavigationLink("Licences") { LicencesView() }
                } footer: {
                    Text("Everything is computed on this device. Nothing is sent anywhere.")
                }
            }
            .navigationTitle(Text("Model"))
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .confirmationAction) {
                    Button("Done") { dismiss() }
                }
            }
        }
        .task { await session.refreshReport() }
    }
}

private struct ModelSection: View {
    let manifest: Manifest

    var body: some View {
        Section("Model") {
            if let model = manifest.model {
                LabeledContent("Name", value: model.title)
                if let licence = model.licence { LabeledContent("Licence", value: licence) }
                if let bytes = model.bytes {
                    LabeledContent("Size", value: bytes.formatted(.byteCount(style: .file)))
                }
            }
            LabeledContent("Runtime", value: manifest.runtime)
        }
    }
}

/// Every number comes from the core's report of the last request.
private struct MeasurementsSection: View {
    let report: Report

    var body: some View {
        Section("Last answer") {
            row("Time to first token", report.timeToFirstTokenMs.map(Figures.milliseconds))
            row("Reading", report.promptTokensPerSecond.map(Figures.rate))
            row("Writing", report.generatedTokensPerSecond.map(Figures.rate))
            row("Tokens read", report.promptTokens.map { $0.formatted() })
            row("Tokens written", report.generatedTokens.map { $0.formatted() })
        }
        Section("This device") {
            row("Loading the model", report.loadMs.map(Figures.milliseconds))
            row("Memory", memory.map(Figures.memory))
            row("Computed by", computer)
            row("Why", report.acceleratorNote)
            row("Threads", report.threads.map { $0.formatted() })
            LabeledContent("Device temperature") { CurrentHeatText() }
        }
    }

    @ViewBuilder private func row(_ title: LocalizedStringKey, _ value: String?) -> some View {
        if let value { LabeledContent(title, value: value) }
    }

    private var computer: String? {
        let share = report.graphNodes.map { "\(report.acceleratorNodes ?? 0)/\($0)" }
        let parts = [report.accelerator, report.device, share].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private var memory: Int? {
        let parts = ["model", "cache", "compute"].compactMap { report.memory?[$0] }
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }
}
