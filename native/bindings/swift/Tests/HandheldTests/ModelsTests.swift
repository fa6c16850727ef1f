import Foundation
import Handheld
import Testing

@testable import HandheldModels

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
@MainActor
struct SessionTests {
    func session() throws -> TaskSession {
        TaskSession(folder: try Fixture.manifest().deletingLastPathComponent(), options: ["threads": 1])
    }

    @Test func opensClosesAndOpensAgain() async throws {
        let session = try session()
        #expect(session.phase == .closed)
        async let first: Void = session.open()
        async let second: Void = session.open()
        _ = await (first, second)
        #expect(session.phase == .ready)
        #expect(session.manifest?.model != nil)
        #expect(session.report?.loadMs != nil)
        let task = try #require(session.task)
        await session.close()
        #expect(session.phase == .closed && session.task == nil)
        await #expect(throws: HandheldError.self) { try await task.report() }
        await session.open()
        #expect(session.isReady)
    }

    @Test func failureIsShownAndCanBeTriedAgain() async throws {
        let folder = try Fixture.damaged { try FileManager.default.removeItem(at: $0.appending(path: "task.json")) }
        let session = TaskSession(folder: folder)
        await session.open()
        guard case .failed(let problem) = session.phase else {
            Issue.record("\(session.phase)")
            return
        }
        #expect(problem.status == .fileNotFound && !problem.message.isEmpty)
        try FileManager.default.removeItem(at: folder)
        try FileManager.default.copyItem(at: Fixture.manifest().deletingLastPathComponent(), to: folder)
        await session.open()
        #expect(session.isReady)
    }

    @Test func missingAndDamagedModelsAreNamed() async throws {
        func problem(_ change: @escaping (URL) throws -> Void) async throws -> Problem? {
            let folder = try Fixture.damaged { folder in
                let manifest = try Manifest(contentsOf: folder.appending(path: "task.json"))
                for file in manifest.files.values { try change(folder.appending(path: file)) }
            }
            let session = TaskSession(folder: folder)
            await session.open()
            guard case .failed(let problem) = session.phase else { return nil }
            return problem
        }
        let missing = try await problem { try FileManager.default.removeItem(at: $0) }
        #expect(missing?.status == .fileNotFound && missing?.message.isEmpty == false)
        let damaged = try await problem { try Data("no model".utf8).write(to: $0) }
        #expect(damaged?.status == .fileInvalid && damaged?.message.isEmpty == false)
    }

    @Test func closingWhileOpeningEndsClosed() async throws {
        let session = try session()
        let opening = Task { await session.open() }
        await Task.yield()
        await session.close()
        await opening.value
        #expect(session.phase == .closed && session.task == nil)
    }

    @Test func lowMemoryWhileOpeningIsAMessage() async throws {
        let session = try session()
        var refused = 0
        for _ in 0..<20 {
            let opening = Task { await session.open() }
            while session.phase == .closed { await Task.yield() }
            session.interrupt(.lowMemory)
            await opening.value
            if session.phase == .failed(Problem(HandheldError(.outOfMemory))) { refused += 1 }
            await session.close()
        }
        // A small model may be there before the warning is.
        #expect(refused > 0)
        await session.open()
        #expect(session.isReady && session.interruption == nil)
    }
}

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
@MainActor
struct BenchmarkTests {
    func benchmark(_ folder: URL? = nil) async throws -> Benchmark {
        let folder = try folder ?? Fixture.manifest().deletingLastPathComponent()
        let session = TaskSession(folder: folder, options: ["threads": 1])
        await session.open()
        return Benchmark(session: session) { .warm }
    }

    @Test func measuresAndLeavesNothingBehind() async throws {
        let benchmark = try await benchmark()
        let memory = benchmark.session.memory
        #expect(benchmark.phase == .idle && !benchmark.isRunning)
        benchmark.start()
        benchmark.start()
        #expect(benchmark.isRunning)
        await benchmark.finish()
        guard case .finished(let summary) = benchmark.phase else {
            Issue.record("\(benchmark.phase)")
            return
        }
        #expect(summary.runs == Benchmark.runs)
        #expect(summary.timeToFirstTokenMs ?? 0 > 0)
        #expect(summary.promptTokensPerSecond ?? 0 > 0 && summary.generatedTokensPerSecond ?? 0 > 0)
        #expect(summary.peakBytes ?? 0 > 1 << 20)
        #expect(summary.heatBefore == .warm && summary.heatAfter == .warm)
        #expect(benchmark.session.memory > memory)
        let task = try #require(benchmark.session.task)
        _ = try await task.answer(to: "Hello!")
        #expect(try await task.report().reusedTokens == 0)
    }

    @Test func everyRunReadsTheWholePrompt() async throws {
        let benchmark = try await benchmark()
        benchmark.start()
        await benchmark.finish()
        await benchmark.session.refreshReport()
        // Nothing was left in the cache by the run before.
        #expect(benchmark.session.report?.reusedTokens == 0)
    }

    @Test func stopsForAPersonAndForTheDevice() async throws {
        let folder = try Fixture.damaged { folder in
            let long = String(repeating: "Tell me more. ", count: 50)
            let golden = #"""
                {"configure": {"max_tokens": 2000}, "send": [{"text": "\#(long)"}], "expect": {"contains": []}}
                """#
            try Data(golden.utf8).write(to: folder.appending(path: "golden.json"))
        }
        let benchmark = try await benchmark(folder)
        benchmark.start()
        await Task.yield()
        benchmark.stop()
        await benchmark.finish()
        #expect(benchmark.phase == .stopped(nil))
        for interruption in [TaskSession.Interruption.background, .lowMemory] {
            benchmark.start()
            await Task.yield()
            benchmark.session.interrupt(interruption)
            await benchmark.finish()
            #expect(benchmark.phase == .stopped(interruption))
        }
    }

    @Test func failuresAreShown() async throws {
        let folder = try Fixture.damaged { try FileManager.default.removeItem(at: $0.appending(path: "golden.json")) }
        let benchmark = try await benchmark(folder)
        benchmark.start()
        await benchmark.finish()
        guard case .failed(let problem) = benchmark.phase else {
            Issue.record("\(benchmark.phase)")
            return
        }
        #expect(problem.status == .fileNotFound && !problem.message.isEmpty)
        await benchmark.session.close()
        benchmark.start()
        await benchmark.finish()
        #expect(benchmark.phase == .failed(Problem(HandheldError(.invalidState))))
    }
}

@MainActor
struct SettingsTests {
    static let manifest = #"""
        {"handheld": 1, "task": "t", "title": "T", "runtime": "r", "settings": {
          "temperature": {"type": "number", "default": 1, "minimum": 0, "maximum": 2, "summary": "heat"},
          "length": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
          "seed": {"type": "integer", "default": 0, "minimum": 0, "maximum": 1e300},
          "stop": {"type": "strings", "default": []},
          "mode": {"type": "choice", "choices": ["a", "b"], "default": "a"},
          "on": {"type": "boolean", "default": false}}}
        """#

    /// Keeps what is saved, as preferences would.
    @MainActor
    final class Box {
        var stored: [String: SettingValue]
        init(_ stored: [String: SettingValue] = [:]) { self.stored = stored }
        var storage: SettingsStorage { SettingsStorage(load: { self.stored }, save: { self.stored = $0 }) }
    }

    func model(_ box: Box) throws -> SettingsModel {
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(Self.manifest.utf8))
        return SettingsModel(manifest: manifest, storage: box.storage)
    }

    @Test func readsWhatTheManifestOffers() throws {
        let model = try model(Box())
        #expect(model.fields.map(\.name) == ["length", "mode", "on", "seed", "stop", "temperature"])
        #expect(model.field(named: "temperature")?.kind == .number(0...2))
        #expect(model.field(named: "length")?.kind == .integer(1...100))
        #expect(model.field(named: "seed")?.kind == .integer(0...Int.max))
        #expect(model.field(named: "mode")?.kind == .choice(["a", "b"]))
        #expect(model.values["temperature"] == .number(1))
        #expect(model.values["stop"] == .strings([]))
        #expect(model.overrides.isEmpty)
    }

    @Test func keepsWhatDiffersFromTheDefaults() throws {
        let box = Box()
        let model = try model(box)
        let temperature = try #require(model.field(named: "temperature"))
        model[temperature] = 0.5
        #expect(box.stored == ["temperature": 0.5])
        model[temperature] = 99
        #expect(model[temperature] == .number(2))
        model[temperature] = "hot"
        #expect(model[temperature] == .number(2))
        model[temperature] = 1.0
        #expect(box.stored.isEmpty)
        model[temperature] = 0
        model.restoreDefaults()
        #expect(box.stored.isEmpty && model[temperature] == .number(1))
    }

    @Test func forgetsStoredValuesThatNoLongerFit() throws {
        let model = try model(Box(["length": 1000, "gone": 1, "mode": "c", "on": true]))
        #expect(model.overrides == ["on": true])
    }

    @Test func valuesSurviveJSON() throws {
        let values: [String: SettingValue] = ["a": true, "b": 3, "c": 0.25, "d": "x", "e": ["y", "z"]]
        let data = try JSONEncoder().encode(values)
        #expect(try JSONDecoder().decode([String: SettingValue].self, from: data) == values)
    }
}

@Suite(.serialized, .enabled(if: !Fixture.tasks.isEmpty, "no task with its model beside native/"))
struct GoldenCaseTests {
    @Test func goldenCasesPass() async throws {
        let device = SelfTest.Device(app: "test", model: "test", ios: "0")
        let folders = Fixture.tasks.filter {
            FileManager.default.fileExists(atPath: $0.appending(path: "golden.json").path)
        }
        let result = await SelfTest.run(folders: folders, device: device)
        #expect(result.passed, "\(result)")
        let line = try SelfTest.line(for: result)
        #expect(line.hasPrefix("HANDHELD RESULT {") && line.utf8.count < 3000 && !line.contains("\n"))
    }
}

struct SelfTestFormatTests {
    func result(tasks: Int, text: String) throws -> SelfTest.Result {
        let report = try JSONDecoder().decode(
            Report.self, from: Data(#"{"load_ms": 1.5, "memory": {"model": 5}}"#.utf8))
        let one = SelfTest.TaskResult(task: "t", passed: true, text: text, missing: [], report: report)
        return SelfTest.Result(
            app: "a", passed: true, library: "0", device: "d", ios: "26.0", tasks: Array(repeating: one, count: tasks))
    }

    @Test(arguments: [(1, 10), (1, 100_000), (200, 10), (0, 0)])
    func lineIsShort(tasks: Int, length: Int) throws {
        let line = try SelfTest.line(for: result(tasks: tasks, text: String(repeating: "é\"", count: length)))
        #expect(line.utf8.count < 3000)
        let json = try #require(line.split(separator: " ", maxSplits: 2).last)
        let back = try JSONDecoder().decode(SelfTest.Result.self, from: Data(json.utf8))
        #expect(back.passed && back.handheld == 1)
    }

    @Test func nothingProvenIsNoPass() async {
        let device = SelfTest.Device(app: "a", model: "m", ios: "26")
        #expect(!(await SelfTest.run(folders: [], device: device)).passed)
        let missing = await SelfTest.run(folders: [URL(filePath: "/nowhere/chat")], device: device)
        #expect(!missing.passed && missing.tasks.first?.code == Status.fileNotFound.rawValue)
    }
}
