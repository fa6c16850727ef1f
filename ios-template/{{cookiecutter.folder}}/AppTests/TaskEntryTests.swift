import Foundation
import Testing

@testable import {{ cookiecutter.app.module }}

/// What the shell expects of the tasks in this app.
@MainActor
struct TaskEntryTests {
    @Test func namesAreUnique() {
        let names = taskEntries.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func everyTaskHasItsFolder() {
        for entry in taskEntries {
            #expect(entry.folder.path.hasSuffix("tasks/\(entry.name)"))
            #expect(!entry.symbol.isEmpty)
        }
    }
}
