import HandheldModels
import SwiftUI
import UIKit

/// Opens a task, shows how far its model is, and then the task's own screen.
struct TaskScreen: View {
    let entry: any TaskEntry
    @State private var session: TaskSession
    @Environment(\.scenePhase) private var scenePhase

    init(entry: any TaskEntry) {
        self.entry = entry
        _session = State(initialValue: TaskSession(folder: entry.folder))
    }

    var body: some View {
        content
            .navigationTitle(entry.title)
            .navigationBarTitleDisplayMode(.inline)
            .task {
                await session.open()
                LaunchArguments.announce()
            }
            .onDisappear {
                Task { await session.close() }
            }
            .onChange(of: scenePhase) { _, phase in
                // iOS ends an app that computes on the graphics processor in the background.
                if phase == .background { session.interrupt(.background) }
            }
            .onReceive(NotificationCenter.default.publisher(for: UIApplication.didReceiveMemoryWarningNotification)) {
                _ in
                session.interrupt(.lowMemory)
            }
    }

    @ViewBuilder private var content: some View {
        switch session.phase {
        case .closed: LoadingView(title: session.manifest?.model?.title, progress: 0)
        case .loading(let progress): LoadingView(title: session.manifest?.model?.title, progress: progress)
        case .failed(let problem):
            ProblemView(problem: problem) {
                Task { await session.open() }
            }
        case .ready: entry.screen(for: session)
        }
    }
}
