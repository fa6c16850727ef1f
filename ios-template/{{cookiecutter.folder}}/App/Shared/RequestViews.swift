import HandheldModels
import SwiftUI

// What the screens of all tasks share that answer one request.

/// Why the last request failed; nothing when it did not.
struct ProblemSection: View {
    let problem: Problem?

    var body: some View {
        if let problem {
            Section {
                Text(problem.message).foregroundStyle(.red).accessibilityIdentifier("problem")
            }
        }
    }
}

/// Shows the model's card; for a screen's bar.
struct ModelCardButton: View {
    let session: TaskSession
    @State private var sheet: Sheet?

    private enum Sheet: String, Identifiable {
        case modelCard
        var id: String { rawValue }
    }

    var body: some View {
        Button {
            sheet = .modelCard
        } label: {
            Label("About the model", systemImage: "info.circle")
        }
        .accessibilityIdentifier("model")
        .sheet(item: $sheet) { _ in ModelCardView(session: session) }
    }
}
