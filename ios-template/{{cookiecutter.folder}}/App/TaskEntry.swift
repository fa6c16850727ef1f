import HandheldModels
import SwiftUI

/// One task of the app, as the shell knows it. A task's own folder has the one implementation; Tasks.swift lists them.
@MainActor
protocol TaskEntry {
    /// Its folder below tasks/.
    var name: String { get }
    var title: Text { get }
    /// The name of an SF Symbol.
    var symbol: String { get }
    /// The screen of a task whose model is loaded.
    func screen(for session: TaskSession) -> AnyView
}

extension TaskEntry {
    /// The folder in the app's bundle that holds task.json and the model.
    var folder: URL { Bundle.main.bundleURL.appending(path: "tasks/\(name)") }
}
