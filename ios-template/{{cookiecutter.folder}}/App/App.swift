import SwiftUI

@main
struct MainApp: App {
    var body: some Scene {
        WindowGroup {
            if SelfTestView.isAskedFor {
                SelfTestView(entries: taskEntries)
            } else {
                RootView(entries: taskEntries)
            }
        }
    }
}
