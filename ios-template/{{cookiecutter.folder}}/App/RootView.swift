import SwiftUI

/// The list of tasks, or the one task of an app that has one.
struct RootView: View {
    let entries: [any TaskEntry]
    @State private var chosen: String?

    var body: some View {
        if entries.isEmpty {
            ContentUnavailableView(
                "No tasks", systemImage: "tray", description: Text("This app was made without a task."))
        } else if entries.count == 1 {
            NavigationStack { screen(of: entries[0]) }
        } else {
            NavigationSplitView {
                List(entries, id: \.name, selection: $chosen) { entry in
                    Label {
                        entry.title
                    } icon: {
                        Image(systemName: entry.symbol)
                    }
                }
                .navigationTitle(Text("Tasks"))
            } detail: {
                if let entry = entries.first(where: { $0.name == chosen }) {
                    // A new screen for each task: the one before closes its model.
                    NavigationStack { screen(of: entry) }.id(entry.name)
                } else {
                    ContentUnavailableView("Choose a task", systemImage: "sidebar.leading")
                }
            }
        }
    }

    private func screen(of entry: any TaskEntry) -> some View {
        TaskScreen(entry: entry)
    }
}
