import HandheldModels
import SwiftUI

/// A failure that fills the screen, with what was logged before it and a way to try again.
struct ProblemView: View {
    let problem: Problem
    let retry: @MainActor () -> Void

    var body: some View {
        ContentUnavailableView {
            Label("This did not work", systemImage: "exclamationmark.triangle")
        } description: {
            VStack(spacing: 8) {
                Text(problem.message)
                if let hint { hint }
            }
            .textSelection(.enabled)
        } actions: {
            Button("Try again", action: retry)
                .buttonStyle(.borderedProminent)
            if !problem.log.isEmpty {
                DisclosureGroup("Details") {
                    ScrollView {
                        Text(problem.log)
                            .font(.caption.monospaced())
                            .textSelection(.enabled)
                            .frame(maxWidth: .infinity, alignment: .leading)
                    }
                    .frame(maxHeight: 200)
                }
                .padding(.horizontal)
            }
        }
    }

    /// What a person can do about it.
    private var hint: Text? {
        switch problem.status {
        case .fileNotFound: Text("The model may be missing from this copy of the app. Install the app again.")
        case .fileInvalid, .manifestInvalid: Text("The app's files are damaged. Install the app again.")
        case .outOfMemory: Text("Close other apps and try again.")
        default: nil
        }
    }
}

#Preview {
    ProblemView(problem: Problem(message: "A file is missing.", log: "cannot open model.gguf", status: .fileNotFound)) {
    }
}
