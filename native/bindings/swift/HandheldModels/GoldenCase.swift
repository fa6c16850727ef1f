import Foundation
import Handheld

/// golden.json: one request whose answer is known, the same on every machine.
public struct GoldenCase: Sendable, Equatable, Decodable {
    public let configure: [String: SettingValue]
    public let send: [Input]
    public let expect: Expectation

    public struct Input: Sendable, Equatable, Decodable {
        public let port: String?
        public let text: String
    }

    public struct Expectation: Sendable, Equatable, Decodable {
        /// Texts that must all be in the answer.
        public let contains: [String]
    }

    public struct Outcome: Sendable, Equatable {
        public let text: String
        /// The expected texts that were not in the answer.
        public let missing: [String]
        public let report: Report

        /// An answer without text proves nothing, whatever was expected.
        public var passed: Bool { missing.isEmpty && text.contains { !$0.isWhitespace } }
    }

    /// - Throws: `fileNotFound`, `fileUnreadable` or `fileInvalid`.
    public init(contentsOf url: URL) throws {
        do {
            self = try JSONDecoder().decode(GoldenCase.self, from: Data(contentsOf: url))
        } catch let error as DecodingError {
            throw HandheldError(.fileInvalid, "\(url.lastPathComponent) is no golden case: \(error)")
        } catch {
            let status = FileManager.default.fileExists(atPath: url.path) ? Status.fileUnreadable : .fileNotFound
            throw HandheldError(status, "\(url.lastPathComponent) cannot be read: \(error.localizedDescription)")
        }
    }

    /// The request, as `HandheldTask.request(_:)` takes it.
    public var inputs: [Value] { send.map { .text($0.text, port: $0.port) } }

    /// Runs the case on a loaded task.
    public func run(on task: HandheldTask) async throws -> Outcome {
        try await task.configure(configure)
        var text = ""
        for try await value in task.request(inputs) { text += value.text ?? "" }
        return Outcome(
            text: text, missing: expect.contains.filter { !text.contains($0) }, report: try await task.report())
    }
}
