import Foundation
import Handheld
import HandheldModels
import Testing

/// The app's own tasks: in Xcode from the app's bundle, elsewhere from $HANDHELD_TASKS.
enum Fixture {
    /// The folder of a task; `nil` if its files, the model among them, are not here.
    nonisolated static func folder(of task: String) -> URL? {
        let tasks = ProcessInfo.processInfo.environment["HANDHELD_TASKS"].map { URL(filePath: $0) }
        let folder = (tasks ?? Bundle.main.bundleURL.appending(path: "tasks")).appending(path: task)
        let manifest = try? Manifest(contentsOf: folder.appending(path: "task.json"))
        let files = manifest?.files.values.map { folder.appending(path: $0).path } ?? []
        return !files.isEmpty && files.allSatisfy(FileManager.default.fileExists(atPath:)) ? folder : nil
    }

    /// Open and ready.
    @MainActor static func session(of task: String) async throws -> TaskSession {
        let session = TaskSession(folder: try #require(folder(of: task)))
        await session.open()
        #expect(session.isReady)
        return session
    }
}
