import SwiftUI

/// A model on its way into memory.
struct LoadingView: View {
    /// The model's name, when it is known.
    let title: String?
    /// 0 to 1.
    let progress: Double

    var body: some View {
        VStack(spacing: 16) {
            ProgressView(value: progress) {
                Text("Loading the model…")
            } currentValueLabel: {
                Text(progress, format: .percent.precision(.fractionLength(0)))
            }
            if let title {
                Text(title)
                    .font(.footnote)
                    .foregroundStyle(.secondary)
            }
        }
        .frame(maxWidth: 320)
        .padding()
        .frame(maxWidth: .infinity, maxHeight: .infinity)
        .accessibilityElement(children: .combine)
    }
}

#Preview {
    LoadingView(title: "SmolLM2 135M Instruct", progress: 0.4)
}
