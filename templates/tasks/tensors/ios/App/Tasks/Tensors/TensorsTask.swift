import HandheldModels
import SwiftUI

/// The task `tensors` in the app's list.
struct TensorsTask: TaskEntry {
    let name = "tensors"
    let symbol = "cube"
    var title: Text { Text("Tensors", tableName: "Tensors") }

    func screen(for session: TaskSession) -> AnyView {
        AnyView(TensorsView(model: TensorsModel(session: session)))
    }
}
