import Foundation
import Handheld

/// A failure as a screen shows it.
public struct Problem: Sendable, Equatable {
    /// One sentence for a person.
    public let message: String
    /// What the core logged before; may be empty.
    public let log: String
    /// Nil when the failure did not come from the core.
    public let status: Status?

    public init(message: String, log: String = "", status: Status? = nil) {
        self.message = message
        self.log = log
        self.status = status
    }

    public init(_ error: any Error) {
        if let error = error as? HandheldError {
            self.init(message: error.message, log: error.log, status: error.status)
        } else {
            self.init(message: error.localizedDescription)
        }
    }
}
