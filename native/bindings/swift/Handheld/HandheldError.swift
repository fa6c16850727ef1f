import CHandheld
import Foundation

/// What the core refused or failed at; also the use of a task after `close()`.
///
/// Cancellation is no error of this kind: it arrives as `CancellationError`.
public struct HandheldError: Error, Equatable, Sendable {
    /// The kind of failure; `internal` for a code that this version does not know.
    public let status: Status
    /// One sentence for a person.
    public let message: String
    /// The last lines that the core and the runtime logged, oldest first; may be empty.
    public let log: String

    public init(_ status: Status, _ message: String? = nil, log: String = "") {
        self.status = status
        self.message = message ?? status.sentence
        self.log = log
    }

    static let closed = HandheldError(.invalidState, "The task is closed; open it again to use it.")
}

extension HandheldError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { message }
    public var description: String { "\(message) (\(status))" }
}

extension HandheldError {
    init(_ status: Status, _ error: hh_error) {
        let message = error.text(at: \.message)
        self.init(status, message.isEmpty ? nil : message, log: error.text(at: \.log))
    }
}

extension hh_error {
    /// One of the NUL-terminated texts, which Swift sees as a tuple of characters.
    fileprivate func text<Characters>(at field: KeyPath<hh_error, Characters>) -> String {
        withUnsafeBytes(of: self[keyPath: field]) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension Status {
    init(_ status: hh_status) {
        self = Status(rawValue: Int32(truncatingIfNeeded: status.rawValue)) ?? .internal
    }
}
