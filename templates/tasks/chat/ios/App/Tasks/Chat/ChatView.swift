import HandheldModels
import SwiftUI

/// The conversation, with the field to type into below it.
struct ChatView: View {
    @State private var model: ChatModel
    @State private var sheet: Sheet?
    @State private var isAskingToClear = false

    private enum Sheet: String, Identifiable {
        case settings, modelCard
        var id: String { rawValue }
    }

    init(model: ChatModel) {
        _model = State(initialValue: model)
    }

    var body: some View {
        MessageList(model: model)
            .safeAreaInset(edge: .bottom) { InputBar(model: model) }
            .toolbar { toolbar }
            .sheet(item: $sheet) { sheet in
                switch sheet {
                case .settings: ChatSettingsView(model: model)
                case .modelCard: ModelCardView(session: model.session)
                }
            }
            .confirmationDialog(
                Text("Clear this conversation?", tableName: "Chat"), isPresented: $isAskingToClear,
                titleVisibility: .visible
            ) {
                Button(role: .destructive) {
                    Task { await model.clear() }
                } label: {
                    Text("Clear", tableName: "Chat")
                }
            }
    }

    @ToolbarContentBuilder private var toolbar: some ToolbarContent {
        ToolbarItem(placement: .topBarLeading) {
            Button {
                isAskingToClear = true
            } label: {
                Label {
                    Text("Clear", tableName: "Chat")
                } icon: {
                    Image(systemName: "trash")
                }
            }
            .disabled(model.messages.isEmpty)
            .accessibilityIdentifier("clear")
        }
        ToolbarItemGroup(placement: .topBarTrailing) {
            Button {
                sheet = .settings
            } label: {
                Label {
                    Text("Settings", tableName: "Chat")
                } icon: {
                    Image(systemName: "slider.horizontal.3")
                }
            }
            .accessibilityIdentifier("settings")
            Button {
                sheet = .modelCard
            } label: {
                Label {
                    Text("About the model", tableName: "Chat")
                } icon: {
                    Image(systemName: "info.circle")
                }
            }
            .accessibilityIdentifier("model")
        }
    }
}

/// The turns, the newest at the bottom.
private struct MessageList: View {
    let model: ChatModel

    var body: some View {
        if model.messages.isEmpty {
            ContentUnavailableView {
                Label {
                    Text("Say something", tableName: "Chat")
                } icon: {
                    Image(systemName: "bubble.left.and.bubble.right")
                }
            } description: {
                Text("The model runs on this device. What you write stays here.", tableName: "Chat")
            }
        } else {
            ScrollView {
                LazyVStack(spacing: 12) {
                    ForEach(model.messages) { message in
                        MessageView(message: message, retry: retry(message))
                    }
                }
                .padding()
                .frame(maxWidth: 720)
                .frame(maxWidth: .infinity)
            }
            .defaultScrollAnchor(.bottom)
            .scrollDismissesKeyboard(.interactively)
        }
    }

    /// Only what was asked last can be asked again.
    private func retry(_ message: ChatMessage) -> (@MainActor () -> Void)? {
        guard model.canRetry, message.id == model.messages.last?.id else { return nil }
        return { model.retry() }
    }
}

/// The field, and the button that sends or stops.
private struct InputBar: View {
    @Bindable var model: ChatModel
    @FocusState private var isFocused: Bool

    var body: some View {
        HStack(alignment: .bottom, spacing: 8) {
            TextField(text: $model.draft, prompt: Text("Message", tableName: "Chat"), axis: .vertical) {
                Text("Message", tableName: "Chat")
            }
            .lineLimit(1...6)
            .textFieldStyle(.plain)
            .padding(.horizontal, 12)
            .padding(.vertical, 8)
            .background(.quaternary, in: .rect(cornerRadius: 20))
            .focused($isFocused)
            .onSubmit { model.send() }
            .accessibilityIdentifier("message")
            if model.isAnswering {
                button("Stop", symbol: "stop.circle.fill", identifier: "stop") { model.stop() }
            } else {
                button("Send", symbol: "arrow.up.circle.fill", identifier: "send") { model.send() }
                    .disabled(!model.canSend)
            }
        }
        .padding(.horizontal)
        .padding(.vertical, 8)
        .frame(maxWidth: 720)
        .frame(maxWidth: .infinity)
        .background(.bar)
    }

    private func button(
        _ title: LocalizedStringKey, symbol: String, identifier: String, action: @escaping @MainActor () -> Void
    ) -> some View {
        Button(action: action) {
            Label {
                Text(title, tableName: "Chat")
            } icon: {
                Image(systemName: symbol)
            }
            .labelStyle(.iconOnly)
            .font(.title)
        }
        .accessibilityIdentifier(identifier)
    }
}
