import SwiftUI

@main
struct MainApp: App {
    var body: some Scene {
        WindowGroup {
            if LaunchArguments.asksForSelfTest {
                SelfTestView(entries: taskEntries)
            } else {
                RootView(entries: taskEntries)
            }
        }
    }
}
