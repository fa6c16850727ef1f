import HandheldModels
import SwiftUI
import UIKit

/// Runs the golden case of each task, writes the report to Documents/selftest.json, prints one line and leaves.
struct SelfTestView: View {
    let entries: [any TaskEntry]

    var body: some View {
        ProgressView("Running the self-test…")
            .task { await run() }
    }

    private func run() async {
        UIApplication.shared.isIdleTimerDisabled = true
        let device = SelfTest.Device(
            app: Bundle.main.bundleIdentifier ?? "", model: UIDevice.current.model, ios: UIDevice.current.systemVersion)
        var result = await SelfTest.run(folders: entries.map(\.folder), device: device)
        do {
            let documents = try FileManager.default.url(
                for: .documentDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
            let file = documents.appending(path: "selftest.json")
            result.file = file.path
            try SelfTest.encoded(result, pretty: true).write(to: file, options: .atomic)
            print(try SelfTest.line(for: result))
        } catch {
            // Without its line the run counts as failed, which is right.
            print("The self-test cannot report: \(error)")
        }
        exit(result.passed ? EXIT_SUCCESS : EXIT_FAILURE)
    }
}
