import SwiftUI
import UIKit

/// One turn: a bubble, and below it what went wrong or was cut short.
struct MessageView: View {
    let message: ChatMessage
    /// Nil where asking again makes no sense.
    let retry: (@MainActor () -> Void)?

    private var isPerson: Bool { message.author == .person }

    var body: some View {
        VStack(alignment: isPerson ? .trailing : .leading, spacing: 4) {
            if !message.text.isEmpty || message.state == .streaming { bubble }
            if let note { note.font(.footnote).foregroundStyle(.secondary) }
            if case .failed(let problem) = message.state {
                Label(problem.message, systemImage: "exclamationmark.triangle")
                    .font(.footnote)
                    .foregroundStyle(.red)
                if let retry {
                    Button(action: retry) { Text("Ask again", tableName: "Chat") }
                        .font(.footnote)
                }
            }
        }
        .frame(maxWidth: .infinity, alignment: isPerson ? .trailing : .leading)
        .padding(isPerson ? .leading : .trailing, 40)
        .onChange(of: message.state) { _, state in announce(state) }
    }

    private var bubble: some View {
        Group {
            if message.text.isEmpty {
                ProgressView()
                    .accessibilityLabel(Text("The model is reading", tableName: "Chat"))
            } else {
                Text(message.text)
                    .textSelection(.enabled)
            }
        }
        .foregroundStyle(isPerson ? AnyShapeStyle(Color("OnAccent")) : AnyShapeStyle(.primary))
        .padding(.horizontal, 14)
        .padding(.vertical, 10)
        .background(isPerson ? AnyShapeStyle(.tint) : AnyShapeStyle(.quaternary), in: .rect(cornerRadius: 18))
        .contextMenu {
            Button(action: copy) {
                Label {
                    Text("Copy", tableName: "Chat")
                } icon: {
                    Image(systemName: "doc.on.doc")
                }
            }
        }
        .accessibilityElement(children: .combine)
        .accessibilityLabel(label)
        .accessibilityAction(named: Text("Copy", tableName: "Chat"), copy)
        .accessibilityIdentifier(isPerson ? "question" : "answer")
    }

    private var label: Text {
        isPerson
            ? Text("You: \(message.text)", tableName: "Chat") : Text("Answer: \(message.text)", tableName: "Chat")
    }

    private var note: Text? {
        guard case .stopped(let reason) = message.state else { return nil }
        return switch reason {
        case .person: Text("Stopped", tableName: "Chat")
        case .length: Text("The answer reached its greatest length, see the settings.", tableName: "Chat")
        case .background: Text("Stopped, because the app left the screen", tableName: "Chat")
        case .lowMemory: Text("Stopped, because the device ran short of memory", tableName: "Chat")
        }
    }

    private func copy() {
        UIPasteboard.general.string = message.text
    }

    /// An answer streams in silence; who cannot see it hears it when it is complete.
    private func announce(_ state: ChatMessage.State) {
        guard state != .streaming, message.author == .model, !message.text.isEmpty else { return }
        AccessibilityNotification.Announcement(message.text).post()
    }
}

#Preview {
    ScrollView {
        MessageView(
            message: ChatMessage(author: .person, text: "What is the capital of France?", state: .complete), retry: nil)
        MessageView(message: ChatMessage(author: .model, text: "Paris.", state: .stopped(.length)), retry: nil)
        MessageView(message: ChatMessage(author: .model, text: "", state: .streaming), retry: nil)
    }
    .padding()
}
