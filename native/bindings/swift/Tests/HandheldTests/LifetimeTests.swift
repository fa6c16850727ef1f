import Foundation
import Handheld
import Testing

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
struct LifetimeTests {
    @Test func infoAndProgress() async throws {
        let task = try Fixture.open()
        #expect(task.progress == 0)
        try await task.load()
        #expect(task.progress == 1)
        try await task.load()
        let info = try #require(try await JSONSerialization.jsonObject(with: task.info()) as? [String: Any])
        #expect(info["version"] as? String == HandheldTask.libraryVersion)
        #expect(info["loaded"] != nil)
    }

    @Test func useAfterCloseThrows() async throws {
        let task = try await Fixture.loaded()
        await task.close()
        await task.close()
        task.cancel()
        #expect(task.progress == 0)
        await #expect(throws: HandheldError.self) { try await task.load() }
        await #expect(throws: HandheldError.self) { try await task.answer(to: "Hello!") }
        await #expect(throws: HandheldError.self) { try await task.configure([:]) }
        await #expect(throws: HandheldError.self) { try await task.report() }
        #expect(throws: HandheldError.self) { try task.trySend(.text("Hello!")) }
    }

    @Test func closeEndsARunningRequest() async throws {
        let task = try await Fixture.loaded(length: 2000)
        let reader = Task { try await task.answer(to: CancellationTests.long) }
        try await Task.sleep(for: .milliseconds(50))
        await task.close()
        // The answer so far, or the error that the task is closed: what matters is that it ends.
        _ = await reader.result
    }

    @Test func twoOfOneModelAreIndependent() async throws {
        let first = try await Fixture.loaded(), second = try await Fixture.loaded()
        let expected = try await first.answer(to: "Hello!")
        async let one = second.answer(to: "Hello!")
        try await first.reset()
        async let other = first.answer(to: "Hello!")
        #expect(try await [one, other] == [expected, expected])
    }

    @Test func cancelledLoadCanBeTriedAgain() async throws {
        let task = try Fixture.open()
        let loading = Task { try await task.load() }
        loading.cancel()
        _ = await loading.result
        try await task.load()
        #expect(task.progress == 1)
    }

    @Test func requestBeforeLoadIsRefusedAndForgotten() async throws {
        let task = try Fixture.open()
        await #expect(throws: HandheldError.self) { try await task.answer(to: "too early") }
        try await task.load()
        try await task.configure(["max_tokens": 8])
        let answer = try await task.answer(to: "Hello!")
        #expect(!answer.isEmpty && !answer.contains("early"))
    }

    @Test(.timeLimit(.minutes(10))) func hundredTasksDoNotGrow() async throws {
        var before: Int?
        for round in 0..<(Fixture.repeats ? 100 : 12) {
            let task = try await Fixture.loaded(length: 1)
            _ = try await task.answer(to: "Hi")
            if round == 2 { before = anonymousMemory() }
        }
        guard let before, let after = anonymousMemory() else { return }
        // ASan keeps freed memory for a while: it goes up to 80 MB and down again, however many tasks there are.
        #expect(after - before < (isAddressSanitized ? 160 << 20 : 32 << 20))
    }
}
