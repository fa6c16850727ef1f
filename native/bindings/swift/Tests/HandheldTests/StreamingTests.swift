import Foundation
import Handheld
import Testing

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
struct StreamingTests {
    @Test func streamsAnAnswer() async throws {
        let task = try await Fixture.loaded()
        var pieces: [String] = []
        for try await value in task.request(.text("Name a colour.", port: "user")) {
            pieces.append(try #require(value.text))
        }
        #expect(pieces.count > 1)
        #expect(!pieces.joined().isEmpty)
        let report = try await task.report()
        #expect(report.generatedTokens ?? 0 > 0)
        #expect(report.accelerator != nil)
    }

    @Test func sameQuestionSameAnswer() async throws {
        let task = try await Fixture.loaded()
        let first = try await task.answer(to: "Say something.")
        try await task.reset()
        #expect(try await task.answer(to: "Say something.") == first)
    }

    @Test(.enabled(if: Fixture.repeats)) func neverSplitsACharacter() async throws {
        let task = try await Fixture.loaded(length: 200)
        let text = "नमस्ते 👩‍👩‍👧 é 𓀀"
        var pieces: [String] = []
        for try await value in task.request(.text(text)) { pieces.append(try #require(value.text)) }
        #expect(pieces.joined() == text)
        #expect(pieces.allSatisfy { !$0.unicodeScalars.contains("\u{FFFD}") })
    }

    @Test(.enabled(if: Fixture.repeats)) func secondRequestWaitsForTheFirst() async throws {
        let task = try await Fixture.loaded(length: 200)
        let texts = (0..<8).map { "Number \($0)" }
        let answers = try await withThrowingTaskGroup(of: (String, String).self) { group in
            for text in texts { group.addTask { (text, try await task.answer(to: text)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for text in texts { #expect(answers[text] == text) }
    }

    @Test(.enabled(if: Fixture.repeats)) func restoresMoreTurnsThanTheQueueHolds() async throws {
        let task = try await Fixture.loaded(length: 200)
        let earlier = (0..<100).flatMap { [Value.text("q\($0)", port: "user"), .text("a\($0)", port: "assistant")] }
        var answer = ""
        for try await value in task.request(earlier + [.text("last", port: "user")]) { answer += value.text ?? "" }
        #expect(answer == "last")
    }

    @Test(.enabled(if: Fixture.repeats)) func feedsWhileReceiving() async throws {
        let task = try await Fixture.loaded(length: 200)
        let run = try await task.send(.text("fed", port: "user"))
        let reading = Task {
            var answer = ""
            for try await value in task.receive(run) { answer += value.text ?? "" }
            return answer
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await task.end() == run)
        #expect(try await reading.value == "fed")
    }

    @Test func refusedInputLeavesTheTaskUsable() async throws {
        let task = try await Fixture.loaded()
        await #expect(throws: HandheldError.self) {
            for try await _ in task.request(.text("Hello"), .text("?", port: "no such port")) {}
        }
        #expect(!(try await task.answer(to: "Hello")).isEmpty)
    }

    @Test func traceGivesIntermediateValues() async throws {
        let task = try await Fixture.loaded(length: 4, options: ["trace": true])
        _ = try await task.answer(to: "Hello")
        let values = try await task.trace()
        #expect(values.contains { if case .tensor(let tensor) = $0.content { tensor.dtype == .i32 } else { false } })
        #expect(try await task.trace().isEmpty)
    }
}
