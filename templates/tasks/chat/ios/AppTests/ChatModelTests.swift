import Foundation
import Handheld
import HandheldModels
import Testing

@testable import {{ cookiecutter.app.module }}

/// The conversation's model, on the app's own task: in Xcode from the app's bundle, elsewhere from $HANDHELD_TASKS.
@MainActor
@Suite(.serialized, .enabled(if: Fixture.folder(of: "chat") != nil, "the chat task has no model here"))
struct ChatModelTests {
    @Test func answersAQuestion() async throws {
        let model = try await ChatFixture.model()
        #expect(!model.canSend)
        model.draft = "  \n"
        #expect(!model.canSend)
        model.draft = " What is the capital of France? "
        #expect(model.canSend)
        model.send()
        #expect(model.isAnswering && model.draft.isEmpty && !model.canSend)
        await model.finishAnswering()
        #expect(model.messages.map(\.author) == [.person, .model])
        #expect(model.messages.first?.text == "What is the capital of France?")
        #expect(model.messages.last?.text.isEmpty == false)
        #expect(!model.isAnswering)
        #expect(model.session.report?.generatedTokens ?? 0 > 0)
    }

    @Test func identitiesStayUnique() async throws {
        let model = try await ChatFixture.model()
        for text in ["one", "two", "three"] { await ChatFixture.ask(text, model) }
        #expect(Set(model.messages.map(\.id)).count == 6)
    }

    @Test func stopKeepsWhatWasSaid() async throws {
        let model = try await ChatFixture.model(length: 2000)
        model.draft = String(repeating: "Tell me more. ", count: 50)
        model.send()
        while model.messages.last?.text.isEmpty == true { await Task.yield() }
        model.stop()
        await model.finishAnswering()
        #expect(model.messages.last?.state == .stopped(.person))
        #expect(model.messages.last?.text.isEmpty == false)
        await ChatFixture.ask("And now?", model)
        #expect(model.messages.last?.isFailed == false)
    }

    @Test(arguments: [TaskSession.Interruption.background, .lowMemory])
    func interruptionEndsTheAnswer(_ interruption: TaskSession.Interruption) async throws {
        let model = try await ChatFixture.model(length: 2000)
        model.draft = String(repeating: "Tell me more. ", count: 50)
        model.send()
        while model.messages.last?.text.isEmpty == true { await Task.yield() }
        model.session.interrupt(interruption)
        await model.finishAnswering()
        let expected: ChatMessage.Reason = interruption == .background ? .background : .lowMemory
        #expect(model.messages.last?.state == .stopped(expected))
        await ChatFixture.ask("Again", model)
        #expect(model.messages.last?.isFailed == false)
    }

    @Test func lengthIsNamed() async throws {
        let model = try await ChatFixture.model(length: 1)
        await ChatFixture.ask("Hello, how are you today?", model)
        #expect(model.messages.last?.state == .stopped(.length))
    }

    @Test func clearForgets() async throws {
        let model = try await ChatFixture.model()
        await ChatFixture.ask("Remember this.", model)
        await model.clear()
        #expect(model.messages.isEmpty)
        await ChatFixture.ask("Hello", model)
        #expect(model.session.report?.reusedTokens ?? 0 < model.session.report?.promptTokens ?? 0)
    }

    @Test func failureIsShownAndCanBeAskedAgain() async throws {
        let model = try await ChatFixture.model()
        await model.session.task?.close()
        await ChatFixture.ask("Hello", model)
        guard case .failed(let problem) = model.messages.last?.state else {
            Issue.record("\(model.messages)")
            return
        }
        #expect(!problem.message.isEmpty && model.canRetry)
        await model.session.close()
        await model.session.open()
        model.retry()
        await model.finishAnswering()
        #expect(model.messages.count == 2 && model.messages.last?.isFailed == false)
        #expect(!model.canRetry)
    }

    @Test func reopenedTaskLearnsTheConversationAgain() async throws {
        let model = try await ChatFixture.model()
        await ChatFixture.ask("My name is Zarathustra and I like long walks.", model)
        let first = try #require(model.session.report?.promptTokens)
        await model.session.close()
        await model.session.open()
        await ChatFixture.ask("Hello", model)
        #expect(try #require(model.session.report?.promptTokens) > first)
    }

    @Test func benchmarkLeavesTheConversationAsItWas() async throws {
        let model = try await ChatFixture.model()
        await ChatFixture.ask("My name is Zarathustra and I like long walks.", model)
        let first = try #require(model.session.report?.promptTokens)
        let turns = model.messages
        let benchmark = Benchmark(session: model.session)
        benchmark.start()
        await benchmark.finish()
        #expect(model.messages == turns)
        await ChatFixture.ask("Hello", model)
        #expect(try #require(model.session.report?.promptTokens) > first)
    }

    @Test func systemPromptIsKeptAndSentWhenItChanges() async throws {
        let preferences = try ChatFixture.preferences()
        let model = try await ChatFixture.model(preferences: preferences)
        await ChatFixture.ask("Hello", model)
        model.systemPrompt = "Answer in one word."
        await ChatFixture.ask("Hello", model)
        #expect(model.session.report?.promptTokens ?? 0 > 0)
        let again = ChatModel(session: model.session, preferences: preferences)
        #expect(again.systemPrompt == "Answer in one word.")
    }
}

struct ChatMessageTests {
    func message(_ author: ChatMessage.Author, _ text: String) -> ChatMessage {
        ChatMessage(author: author, text: text, state: .complete)
    }

    @Test func unansweredQuestionsAreNotRemembered() {
        let turns = [
            message(.person, "a"), message(.model, "b"), message(.person, "c"), message(.model, ""),
            message(.person, "d"), message(.model, "e"),
        ]
        #expect(turns.remembered.map(\.text) == ["a", "b", "d", "e"])
    }

    @Test func endsAreNamed() throws {
        func report(_ reason: String) throws -> Report {
            try JSONDecoder().decode(Report.self, from: Data(#"{"finish_reason": "\#(reason)"}"#.utf8))
        }
        #expect(ChatMessage.State.ended(by: nil, report: try report("stop")) == .complete)
        #expect(ChatMessage.State.ended(by: .background, report: try report("stop")) == .complete)
        #expect(ChatMessage.State.ended(by: nil, report: try report("length")) == .stopped(.length))
        #expect(ChatMessage.State.ended(by: .lowMemory, report: try report("cancelled")) == .stopped(.lowMemory))
        #expect(ChatMessage.State.ended(by: nil, report: nil) == .complete)
    }
}

@MainActor
enum ChatFixture {
    static func preferences() throws -> UserDefaults {
        try #require(UserDefaults(suiteName: "chat-tests-\(UUID().uuidString)"))
    }

    static func model(length: Int = 24, preferences: UserDefaults? = nil) async throws -> ChatModel {
        let session = try await Fixture.session(of: "chat")
        let model = ChatModel(session: session, preferences: try preferences ?? self.preferences())
        let settings = try #require(model.settings)
        for (name, value) in ["temperature": 0.0, "max_tokens": .integer(length)] as [String: SettingValue] {
            settings[try #require(settings.field(named: name))] = value
        }
        return model
    }

    static func ask(_ text: String, _ model: ChatModel) async {
        model.draft = text
        model.send()
        await model.finishAnswering()
    }
}
