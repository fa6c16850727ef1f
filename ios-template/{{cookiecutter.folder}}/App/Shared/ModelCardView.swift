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

/// The benchmark: every number comes from the core's report of the last request.
private struct MeasurementsSection: View {
    let report: Report

    var body: some View {
        Section("Last answer") {
            row("Time to first token", report.timeToFirstTokenMs.map(milliseconds))
            row("Reading", report.promptTokensPerSecond.map(rate))
            row("Writing", report.generatedTokensPerSecond.map(rate))
            row("Tokens read", report.promptTokens.map { $0.formatted() })
            row("Tokens written", report.generatedTokens.map { $0.formatted() })
        }
        Section("This device") {
            row("Loading the model", report.loadMs.map(milliseconds))
            row("Memory", memory?.formatted(.byteCount(style: .memory)))
            row("Computed by", report.accelerator)
            row("Threads", report.threads.map { $0.formatted() })
            LabeledContent("Device temperature") { ThermalStateText() }
        }
    }

    @ViewBuilder private func row(_ title: LocalizedStringKey, _ value: String?) -> some View {
        if let value { LabeledContent(title, value: value) }
    }

    private var memory: Int? {
        let parts = ["model", "cache", "compute"].compactMap { report.memory?[$0] }
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }

    private func milliseconds(_ value: Double) -> String {
        Duration.milliseconds(value).formatted(.units(allowed: [.seconds, .milliseconds], width: .abbreviated))
    }

    private func rate(_ value: Double) -> String {
        String(localized: "\(value.formatted(.number.precision(.fractionLength(1)))) tokens/s")
    }
}

/// A hot device computes slower, so numbers mean little without it.
private struct ThermalStateText: View {
    @State private var state = ProcessInfo.processInfo.thermalState

    var body: some View {
        text.onReceive(NotificationCenter.default.publisher(for: ProcessInfo.thermalStateDidChangeNotification)) { _ in
            state = ProcessInfo.processInfo.thermalState
        }
    }

    private var text: Text {
        switch state {
        case .nominal: Text("Normal")
        case .fair: Text("Warm")
        case .serious: Text("Hot, slowed down")
        case .critical: Text("Too hot")
        @unknown default: Text("Unknown")
        }
    }
}
