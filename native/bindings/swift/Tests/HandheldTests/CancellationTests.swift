import Foundation
import Handheld
import Testing

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
struct CancellationTests {
    static let long = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 60)

    /// Cancels a reader after some pieces, or in the prompt, and then asks again: the next run must not notice.
    @Test(arguments: [0, 3]) func stopsThisRunAndNoOther(after pieces: Int) async throws {
        let task = try await Fixture.loaded(length: 2000)
        let (progress, report) = AsyncStream.makeStream(of: Int.self)
        let reader = Task {
            var count = 0
            report.yield(count)
            for try await _ in task.request(.text(Self.long)) {
                count += 1
                report.yield(count)
            }
        }
        for await count in progress where count >= pieces { break }
        reader.cancel()
        let start = ContinuousClock.now
        await #expect(throws: CancellationError.self) { try await reader.value }
        #expect(ContinuousClock.now - start < .seconds(20))
        try await task.configure(["max_tokens": 8])
        #expect(!(try await task.answer(to: "Hello!")).isEmpty)
    }

    @Test func cancelledBeforeItBeganDoesNothing() async throws {
        let task = try await Fixture.loaded()
        let reader = Task {
            try await Task.sleep(for: .seconds(60))
        }
        reader.cancel()
        _ = await reader.result
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await task.answer(to: "Hello!")
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(!(try await task.answer(to: "Hello!")).isEmpty)
    }

    @Test func leavingTheLoopEndsTheRun() async throws {
        let task = try await Fixture.loaded(length: 2000)
        for _ in 0..<5 {
            for try await _ in task.request(.text(Self.long)) { break }
            try await task.reset()
        }
        try await task.configure(["max_tokens": 8])
        #expect(!(try await task.answer(to: "Hello!")).isEmpty)
    }

    @Test func stopButtonEndsTheOutputsWithoutAnError() async throws {
        let task = try await Fixture.loaded(length: 2000)
        var count = 0
        for try await _ in task.request(.text(Self.long)) {
            count += 1
            if count == 3 { task.cancel() }
        }
        #expect((3..<10).contains(count))
        #expect(try await task.report().finishReason == "cancelled")
    }

    @Test func waitingForATurnCanBeCancelled() async throws {
        let task = try await Fixture.loaded(length: 2000)
        let first = task.request(.text(Self.long)).makeAsyncIterator()
        _ = try await first.next()
        let second = Task { try await task.answer(to: "Hello!") }
        try await Task.sleep(for: .milliseconds(20))
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(try await first.next() != nil)
    }

    @Test func lateCancelNeverHitsTheNextRun() async throws {
        let task = try await Fixture.loaded(length: 8)
        let expected = try await task.answer(to: "Hello!")
        for _ in 0..<20 {
            try await task.reset()
            let reader = Task { try await task.answer(to: "Hello!") }
            _ = try await reader.value
            reader.cancel()
            try await task.reset()
            #expect(try await task.answer(to: "Hello!") == expected)
        }
    }
}
