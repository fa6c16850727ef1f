import HandheldModels
import SwiftUI

/// The system prompt and what the manifest offers: the two settings that everybody understands first.
struct ChatSettingsView: View {
    @Bindable var model: ChatModel
    @Environment(\.dismiss) private var dismiss

    private static let first = ["temperature", "max_tokens"]

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    TextField(
                        text: $model.systemPrompt, prompt: Text("You are a helpful assistant.", tableName: "Chat"),
                        axis: .vertical
                    ) {
                        Text("System prompt", tableName: "Chat")
                    }
                    .lineLimit(2...8)
                } header: {
                    Text("System prompt", tableName: "Chat")
                } footer: {
                    Text("How the model should behave. Used from the next message on.", tableName: "Chat")
                }
                if let settings = model.settings {
                    Section {
                        SettingsRows(
                            settings: settings, fields: Self.first.compactMap { settings.field(named: $0) },
                            table: "Chat")
                    } header: {
                        Text("Answer", tableName: "Chat")
                    }
                    Section {
                        SettingsRows(
                            settings: settings, fields: settings.fields.filter { !Self.first.contains($0.name) },
                            table: "Chat")
                    } header: {
                        Text("Sampling", tableName: "Chat")
                    }
                    Section {
                        Button(role: .destructive, action: settings.restoreDefaults) {
                            Text("Restore defaults", tableName: "Chat")
                        }
                        .disabled(settings.overrides.isEmpty)
                    }
                }
            }
            .navigationTitle(Text("Settings", tableName: "Chat"))
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .confirmationAction) {
                    Button {
                        dismiss()
                    } label: {
                        Text("Done", tableName: "Chat")
                    }
                }
            }
        }
    }
}
