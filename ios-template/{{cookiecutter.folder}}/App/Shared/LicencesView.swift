import SwiftUI

/// The texts that are passed on together with the app, from the folder LICENSES in its bundle.
struct LicencesView: View {
    private let files: [URL]

    init() {
        let folder = Bundle.main.bundleURL.appending(path: "LICENSES")
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        files = (found ?? []).sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    var body: some View {
        List(files, id: \.self) { file in
            NavigationLink(file.deletingPathExtension().lastPathComponent) { LicenceView(file: file) }
        }
        .navigationTitle(Text("Licences"))
    }
}

private struct LicenceView: View {
    let file: URL
    @State private var text = ""

    var body: some View {
        ScrollView {
            Text(text)
                .font(.footnote.monospaced())
                .textSelection(.enabled)
                .frame(maxWidth: .infinity, alignment: .leading)
                .padding()
        }
        .navigationTitle(Text(verbatim: file.deletingPathExtension().lastPathComponent))
        .task { text = (try? String(contentsOf: file, encoding: .utf8)) ?? "" }
    }
}
