import Foundation
import Handheld
import Testing

/// What these tests run on: the app's own tasks, as they lie beside native/ or in $HANDHELD_TASKS.
enum Fixture {
    static let tasksFolder: URL = {
        if let path = ProcessInfo.processInfo.environment["HANDHELD_TASKS"] { return URL(filePath: path) }
        let here = URL(filePath: #filePath)
        return (0..<6).reduce(here) { folder, _ in folder.deletingLastPathComponent() }.appending(path: "tasks")
    }()

    /// The folders of all tasks whose files are there.
    static let tasks: [URL] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: tasksFolder.path)) ?? []
        return names.sorted().map { tasksFolder.appending(path: $0) }.filter { folder in
            guard let manifest = try? Manifest(contentsOf: folder.appending(path: "task.json")) else { return false }
            return manifest.files.values.allSatisfy {
                FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
            }
        }
    }()

    /// A task that takes and gives text.
    static let textTask: URL? = tasks.first { folder in
        let manifest = try? Manifest(contentsOf: folder.appending(path: "task.json"))
        return manifest?.ports.first { $0.direction == "in" }?.kind == "text"
    }

    /// True when the model repeats what it is told, so that the answer to anything is known.
    static let repeats: Bool = {
        let manifest = try? textTask.map { try Manifest(contentsOf: $0.appending(path: "task.json")) }
        return manifest?.runtime == "echo"
    }()

    static func manifest() throws -> URL {
        try #require(textTask, "no task with text ports and all its files in \(tasksFolder.path)")
            .appending(path: "task.json")
    }

    static func open(options: [String: SettingValue] = [:]) throws -> HandheldTask {
        try HandheldTask(manifest: manifest(), options: options)
    }

    /// Loaded, greedy, and done after `length` tokens.
    static func loaded(
        length: Int = 24, options: [String: SettingValue] = ["context": 4096, "threads": 1]
    ) async throws -> HandheldTask {
        let task = try open(options: options)
        try await task.load()
        try await task.configure(["temperature": 0, "seed": 1, "max_tokens": .integer(length)])
        return task
    }

    /// A copy of the task's folder in which `change` may break things.
    static func damaged(_ change: (URL) throws -> Void) throws -> URL {
        let source = try manifest().deletingLastPathComponent()
        let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: source, to: copy)
        try change(copy)
        return copy
    }
}

extension HandheldTask {
    func answer(to text: String) async throws -> String {
        var answer = ""
        for try await value in request(.text(text)) { answer += value.text ?? "" }
        return answer
    }
}

/// Bytes of this process that are in memory and not from a file; nil where the system does not say.
func anonymousMemory() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
}

/// Whether AddressSanitizer is part of this program.
let isAddressSanitized = dlsym(dlopen(nil, RTLD_NOW), "__asan_init") != nil
