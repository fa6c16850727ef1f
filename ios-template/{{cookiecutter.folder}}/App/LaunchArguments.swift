import Foundation

/// What whoever starts the app from outside can ask of it.
enum LaunchArguments {
    /// Run the golden cases, print the result, leave.
    static let selfTest = "--handheld-selftest"
    /// Print a line when the first screen is there, for whoever takes a picture of it.
    static let announcement = "--handheld-announce"

    static var asksForSelfTest: Bool { CommandLine.arguments.contains(selfTest) }

    static func announce() {
        guard CommandLine.arguments.contains(announcement) else { return }
        print("HANDHELD READY")
    }
}
