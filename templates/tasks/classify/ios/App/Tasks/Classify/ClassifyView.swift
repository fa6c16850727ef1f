import Handheld
import HandheldModels
import SwiftUI

#if canImport(PhotosUI)
import PhotosUI
#endif

/// A photo of the person's choice, and what it shows.
struct ClassifyView: View {
    @State private var model: ClassifyModel

    init(model: ClassifyModel) {
        _model = State(initialValue: model)
    }

    var body: some View {
        List {
            #if canImport(PhotosUI)
            PhotoSection(model: model)
            #endif
            ProblemSection(problem: model.request.problem)
            if !model.scores.isEmpty { ScoresSection(scores: model.scores, report: model.request.report) }
        }
        .toolbar {
            ToolbarItem(placement: .topBarTrailing) { ModelCardButton(session: model.request.session) }
        }
    }
}

#if canImport(PhotosUI)
/// The photo and the system's picker, which runs outside of the app: no permission is needed.
private struct PhotoSection: View {
    let model: ClassifyModel
    @State private var selection: PhotosPickerItem?
    @State private var shown: CGImage?

    var body: some View {
        Section {
            if let shown {
                SwiftUI.Image(decorative: shown, scale: 1)
                    .resizable()
                    .scaledToFit()
                    .frame(maxWidth: .infinity, maxHeight: 360)
            }
            PhotosPicker(selection: $selection, matching: .images) {
                Text("Choose a photo", tableName: "Classify")
            }
            .accessibilityIdentifier("choose")
            if model.request.isRunning { ProgressView() }
        } footer: {
            Text(
                "The model says what it sees in the middle of the photo. The photo stays on this device.",
                tableName: "Classify")
        }
        .onChange(of: selection) { _, item in
            guard let item else { return }
            shown = nil
            model.classify {
                guard let data = try await item.loadTransferable(type: Data.self) else {
                    throw HandheldError(.fileInvalid)
                }
                let image = try Photo.decode(data)
                let pixels = try Photo.pixels(of: image)
                await show(image)
                return pixels
            }
        }
    }

    @MainActor private func show(_ image: CGImage) {
        shown = image
    }
}
#endif

private struct ScoresSection: View {
    let scores: [Score]
    let report: Report?

    var body: some View {
        Section {
            ForEach(scores, id: \.label) { score in
                LabeledContent(score.label, value: score.score.formatted(.percent.precision(.fractionLength(1))))
            }
            if let time = report?.runMs {
                LabeledContent {
                    Text(verbatim: Figures.milliseconds(time))
                } label: {
                    Text("Time of the model", tableName: "Classify")
                }
            }
        } header: {
            Text("What it shows", tableName: "Classify")
        }
        .accessibilityIdentifier("result")
    }
}
