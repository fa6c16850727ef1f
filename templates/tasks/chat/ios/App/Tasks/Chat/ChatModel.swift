import Foundation
import Handheld
import HandheldModels
import Observation

/// A conversation: what was said, what is being said, and what a person can do about it. Knows nothing of views.
@MainActor
@Observable
final class ChatModel {
    private(set) var messages: [ChatMessage] = []
    /// What is being typed.
    var draft = ""
    /// Sent before the first turn, and again when it was changed. Kept between launches.
    var systemPrompt: String {
        didSet { preferences.set(systemPrompt, forKey: Self.systemPromptKey) }
    }
    let session: TaskSession
    /// Nil only while the manifest could not be read.
    let settings: SettingsModel?

    @ObservationIgnored private let preferences: UserDefaults
    @ObservationIgnored private var answering: Task<Void, Never>?
    @ObservationIgnored private var told: Told?
    private static let systemPromptKey = "handheld.chat.systemPrompt"

    /// In which memory of the session the conversation is, and with which system prompt.
    private struct Told {
        let memory: Int
        let systemPrompt: String
    }

    /// - Parameter session: open and ready.
    init(session: TaskSession, preferences: UserDefaults = .standard) {
        self.session = session
        self.preferences = preferences
        systemPrompt = preferences.string(forKey: Self.systemPromptKey) ?? ""
        settings = session.manifest.map { manifest in
            SettingsModel(manifest: manifest, storage: .preferences(preferences, task: manifest.task))
        }
    }

    var isAnswering: Bool { answering != nil }

    var canSend: Bool { !isAnswering && session.isReady && draft.contains { !$0.isWhitespace } }

    // MARK: What a person does

    /// Sends the draft; the answer streams into `messages`.
    func send() {
        guard canSend else { return }
        let text = draft.trimmingCharacters(in: .whitespacesAndNewlines)
        draft = ""
        ask(text)
    }

    /// Ends the answer; what was said of it stays.
    func stop() {
        answering?.cancel()
    }

    /// True when the newest question got no answer at all, because something failed.
    var canRetry: Bool {
        guard let last = messages.last else { return false }
        return !isAnswering && last.isFailed && last.text.isEmpty
    }

    /// Asks again what got no answer.
    func retry() {
        guard canRetry, let question = messages.dropLast().last else { return }
        messages.removeLast(2)
        ask(question.text)
    }

    /// Forgets the conversation, here and in the model.
    func clear() async {
        stop()
        await answering?.value
        messages = []
        do {
            try await session.forget()
        } catch {
            // A task that cannot forget is closed or broken; the next question says so.
        }
    }

    /// Waits until the answer is complete or has ended otherwise.
    func finishAnswering() async {
        await answering?.value
    }

    // MARK: An answer

    private func ask(_ text: String) {
        let history = messages
        append(ChatMessage(author: .person, text: text, state: .complete))
        append(ChatMessage(author: .model, text: "", state: .streaming))
        session.clearInterruption()
        answering = Task {
            await answer(text, after: history)
            answering = nil
            await session.refreshReport()
        }
    }

    private func answer(_ text: String, after history: [ChatMessage]) async {
        do {
            guard let task = session.task else { throw HandheldError(.invalidState) }
            if let settings { try await task.configure(settings.values) }
            let now = Told(memory: session.memory, systemPrompt: systemPrompt)
            for try await value in task.request(inputs(for: text, after: history, telling: now)) {
                // From its first piece on the core keeps the turn, however it ends.
                told = now
                updateAnswer { $0.text += value.text ?? "" }
                if session.interruption != nil { task.cancel() }
            }
            let report = try? await task.report()
            updateAnswer { $0.state = .ended(by: session.interruption, report: report) }
        } catch is CancellationError {
            updateAnswer { $0.state = .stopped(.person) }
        } catch {
            updateAnswer { $0.state = .failed(Problem(error)) }
        }
    }

    /// What the core has to be told: this question, and whatever it does not know yet.
    private func inputs(for text: String, after history: [ChatMessage], telling now: Told) -> [Value] {
        let question = Value.text(text, port: "user")
        let prompt = Value.text(now.systemPrompt, port: "system")
        guard let told, told.memory == now.memory else {
            let earlier = history.remembered.map {
                Value.text($0.text, port: $0.author == .person ? "user" : "assistant")
            }
            return (now.systemPrompt.isEmpty ? [] : [prompt]) + earlier + [question]
        }
        return told.systemPrompt == now.systemPrompt ? [question] : [prompt, question]
    }

    private func append(_ message: ChatMessage) {
        var message = message
        message.id = (messages.last?.id ?? 0) + 1
        messages.append(message)
    }

    private func updateAnswer(_ change: (inout ChatMessage) -> Void) {
        guard let last = messages.indices.last, messages[last].author == .model else { return }
        change(&messages[last])
    }
}
