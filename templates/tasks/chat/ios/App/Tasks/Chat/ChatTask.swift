import HandheldModels
import SwiftUI

/// The task `chat` in the app's list.
struct ChatTask: TaskEntry {
    let name = "chat"
    let symbol = "bubble.left.and.bubble.right"
    var title: Text { Text("Chat", tableName: "Chat") }

    func screen(for session: TaskSession) -> AnyView {
        AnyView(ChatView(model: ChatModel(session: session)))
    }
}
