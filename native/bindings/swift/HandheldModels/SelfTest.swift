import Foundation
import Handheld

/// Runs the golden case of every task of the app, so that the app can prove itself without a person. Android's writes the
/// same fields.
public enum SelfTest {
    /// The start of the one line that whoever launched the app waits for. Without it the run has failed.
    public static let marker = "HANDHELD RESULT"

    /// Who ran.
    public struct Device: Sendable, Equatable {
        public var app: String
        public var model: String
        /// The system's version.
        public var ios: String

        public init(app: String, model: String, ios: String) {
            self.app = app
            self.model = model
            self.ios = ios
        }
    }

    public struct Result: Sendable, Equatable, Codable {
        /// The version of this format.
        public var handheld = 1
        public let app: String
        public let passed: Bool
        /// The version of the core.
        public let library: String
        public let device: String
        public let ios: String
        /// Where the whole report was written.
        public var file: String?
        public var tasks: [TaskResult]
    }

    /// One task: either what it answered, or why it failed.
    public struct TaskResult: Sendable, Equatable, Codable {
        public let task: String
        public let passed: Bool
        public var text: String?
        public var missing: [String]?
        public var report: Report?
        public var code: Int32?
        public var message: String?
        public var log: String?
    }

    /// - Parameter folders: each holds a task.json and a golden.json.
    public static func run(folders: [URL], device: Device) async -> Result {
        var tasks: [TaskResult] = []
        for folder in folders { tasks.append(await prove(folder)) }
        // Without a task nothing is proven.
        let passed = !tasks.isEmpty && tasks.allSatisfy(\.passed)
        return Result(
            app: device.app, passed: passed, library: HandheldTask.libraryVersion, device: device.model,
            ios: device.ios, tasks: tasks)
    }

    private static func prove(_ folder: URL) async -> TaskResult {
        let name = folder.lastPathComponent
        do {
            let golden = try GoldenCase(contentsOf: folder.appending(path: "golden.json"))
            let task = try HandheldTask(manifest: folder.appending(path: "task.json"))
            try await task.load()
            let outcome = try await golden.run(on: task)
            await task.close()
            return TaskResult(
                task: name, passed: outcome.passed, text: outcome.text, missing: outcome.missing, report: outcome.report
            )
        } catch {
            let problem = Problem(error)
            return TaskResult(
                task: name, passed: false, code: problem.status?.rawValue, message: problem.message, log: problem.log)
        }
    }

    /// The line for the launcher. Logs cut long lines, so it stays under 3000 bytes: texts are cut, then tasks left out.
    public static func line(for result: Result) throws -> String {
        var brief = result
        brief.tasks = result.tasks.map(\.brief)
        while true {
            let line = "\(marker) \(String(decoding: try encoded(brief), as: UTF8.self))"
            if line.utf8.count < 3000 || brief.tasks.isEmpty { return line }
            brief.tasks.removeLast()
        }
    }

    /// The whole report as JSON, for a file.
    public static func encoded(_ result: Result, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted] : .sortedKeys
        return try encoder.encode(result)
    }
}

extension SelfTest.TaskResult {
    fileprivate var brief: Self {
        var brief = self
        brief.log = nil
        brief.text = text.map { String($0.prefix(200)) }
        brief.message = message.map { String($0.prefix(200)) }
        return brief
    }
}
