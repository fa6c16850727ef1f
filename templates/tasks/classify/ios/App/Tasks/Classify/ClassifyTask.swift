import HandheldModels
import SwiftUI

/// The task `classify` in the app's list.
struct ClassifyTask: TaskEntry {
    let name = "classify"
    let symbol = "photo"
    var title: Text { Text("Classify", tableName: "Classify") }

    func screen(for session: TaskSession) -> AnyView {
        AnyView(ClassifyView(model: ClassifyModel(session: session)))
    }
}
