import Foundation
import Handheld
import Testing

@Suite(.serialized, .enabled(if: Fixture.textTask != nil, "no task with its model beside native/"))
struct ErrorTests {
    func status(of body: () async throws -> Void) async -> Status? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? HandheldError)?.status
        }
    }

    @Test func missingFiles() async throws {
        #expect(await status { _ = try HandheldTask(manifest: URL(filePath: "/nowhere/task.json")) } == .fileNotFound)
        let folder = try Fixture.damaged { folder in
            for file in try Manifest(contentsOf: folder.appending(path: "task.json")).files.values {
                try FileManager.default.removeItem(at: folder.appending(path: file))
            }
        }
        let opened = await status { _ = try HandheldTask(manifest: folder.appending(path: "task.json")) }
        #expect(opened == .fileNotFound)
    }

    @Test func damagedModel() async throws {
        let folder = try Fixture.damaged { folder in
            for file in try Manifest(contentsOf: folder.appending(path: "task.json")).files.values {
                try Data("no model at all".utf8).write(to: folder.appending(path: file))
            }
        }
        let opened = await status { _ = try HandheldTask(manifest: folder.appending(path: "task.json")) }
        #expect(opened == .fileInvalid)
    }

    @Test(arguments: ["", "{", "[]", #"{"handheld": 99}"#]) func damagedManifest(text: String) async throws {
        let folder = try Fixture.damaged { folder in
            try Data(text.utf8).write(to: folder.appending(path: "task.json"))
        }
        let url = folder.appending(path: "task.json")
        #expect(await status { _ = try HandheldTask(manifest: url) } == .manifestInvalid)
        #expect(await status { _ = try Manifest(contentsOf: url) } == .manifestInvalid)
    }

    @Test func unknownTaskAndRuntime() async throws {
        let text = try String(contentsOf: Fixture.manifest(), encoding: .utf8)
        let manifest = try Manifest(contentsOf: Fixture.manifest())
        for (name, expected) in [(manifest.task, Status.taskMissing), (manifest.runtime, .runtimeMissing)] {
            let changed = text.replacingOccurrences(of: "\"\(name)\"", with: "\"nothing\"")
            let folder = try Fixture.damaged { try Data(changed.utf8).write(to: $0.appending(path: "task.json")) }
            #expect(await status { _ = try HandheldTask(manifest: folder.appending(path: "task.json")) } == expected)
        }
    }

    @Test func refusedSettingsChangeNothing() async throws {
        let task = try await Fixture.loaded(length: 4)
        let expected = try await task.answer(to: "Hello!")
        #expect(await status { try await task.configure(["max_tokens": 1, "temprature": 0]) } == .invalidArgument)
        #expect(await status { try await task.configure(["max_tokens": -1]) } == .invalidArgument)
        #expect(await status { try await task.configure(["max_tokens": "many"]) } == .invalidArgument)
        try await task.reset()
        #expect(try await task.answer(to: "Hello!") == expected)
    }

    @Test func promptLongerThanTheContext() async throws {
        let task = try await Fixture.loaded(options: ["context": 64])
        #expect(await status { _ = try await task.answer(to: CancellationTests.long) } == .contextFull)
        #expect(!(try await task.answer(to: "Hi")).isEmpty)
    }

    @Test func wrongPortKindAndState() async throws {
        let task = try await Fixture.loaded()
        #expect(await status { _ = try await task.send(.text("x", port: "nowhere")) } == .unknownPort)
        #expect(await status { _ = try await task.send(.json("{}")) } == .wrongKind)
        #expect(await status { _ = try await task.send(Value(.scores([]))) } == .wrongKind)
        #expect(await status { _ = try await task.trace() } == .unsupported)
        #expect(await status { _ = try await task.send(.text(String(repeating: "x", count: 80 << 20))) } == .tooLarge)
    }

    @Test func errorsSpeak() async throws {
        let error = HandheldError(.contextFull)
        #expect(error.localizedDescription == Status.contextFull.sentence)
        #expect("\(error)".contains("contextFull"))
    }
}
