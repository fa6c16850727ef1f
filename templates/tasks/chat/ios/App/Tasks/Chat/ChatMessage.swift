import Handheld
import HandheldModels

/// One turn of a conversation.
struct ChatMessage: Identifiable, Equatable {
    enum Author: Equatable { case person, model }

    enum State: Equatable {
        case streaming
        case complete
        case stopped(Reason)
        case failed(Problem)
    }

    enum Reason: Equatable {
        case person
        /// The answer reached the length that the settings allow.
        case length
        case background
        case lowMemory
    }

    var id = 0
    let author: Author
    var text: String
    var state: State

    var isFailed: Bool {
        if case .failed = state { true } else { false }
    }
}

extension ChatMessage.State {
    /// How an answer ended that neither failed nor was cancelled.
    static func ended(by interruption: TaskSession.Interruption?, report: Report?) -> Self {
        switch (interruption, report?.finishReason) {
        case (.background, "cancelled"): .stopped(.background)
        case (.lowMemory, "cancelled"): .stopped(.lowMemory)
        case (_, "cancelled"): .stopped(.person)
        case (_, "length"): .stopped(.length)
        default: .complete
        }
    }
}

extension [ChatMessage] {
    /// The turns that the core keeps: a question without any answer is as if it had never been asked.
    var remembered: [ChatMessage] {
        var kept: [ChatMessage] = []
        for message in self {
            if message.author == .model, message.text.isEmpty {
                if kept.last?.author == .person { kept.removeLast() }
            } else {
                kept.append(message)
            }
        }
        return kept
    }
}
