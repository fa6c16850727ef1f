import Handheld
import HandheldModels
import SwiftUI

/// A row for each setting that a task's manifest offers.
struct SettingsRows: View {
    @Bindable var settings: SettingsModel
    let fields: [SettingField]
    /// The task's strings catalogue, which may translate titles and summaries.
    let table: String

    var body: some View {
        ForEach(fields) { field in
            SettingRow(field: field, table: table, value: $settings[field])
        }
    }
}

private struct SettingRow: View {
    let field: SettingField
    let table: String
    @Binding var value: SettingValue

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            control
            if !field.summary.isEmpty {
                Text(LocalizedStringKey(field.summary), tableName: table)
                    .font(.caption)
                    .foregroundStyle(.secondary)
            }
        }
        .accessibilityElement(children: .contain)
    }

    @ViewBuilder private var control: some View {
        switch field.kind {
        case .number(let range): NumberControl(title: title, range: range, value: $value.number)
        case .integer(let range): IntegerControl(title: title, range: range, value: $value.integer)
        case .boolean: Toggle(isOn: $value.boolean) { title }
        case .choice(let choices):
            Picker(selection: $value.text) {
                ForEach(choices, id: \.self) { Text(LocalizedStringKey($0), tableName: table) }
            } label: {
                title
            }
        case .text: TextField(text: $value.text, axis: .horizontal) { title }
        case .strings: TextField(text: $value.lines, axis: .vertical) { title }
        }
    }

    /// "max_tokens" becomes "Max tokens".
    private var title: Text {
        let words = field.name.replacing("_", with: " ")
        return Text(LocalizedStringKey(words.prefix(1).uppercased() + words.dropFirst()), tableName: table)
    }
}

/// A setting's value as the controls want it. A value of another kind reads as the kind's zero.
extension SettingValue {
    fileprivate var number: Double {
        get { if case .number(let number) = self { number } else { 0 } }
        set { self = .number(newValue) }
    }

    fileprivate var integer: Int {
        get { if case .integer(let number) = self { number } else { 0 } }
        set { self = .integer(newValue) }
    }

    fileprivate var boolean: Bool {
        get { self == .boolean(true) }
        set { self = .boolean(newValue) }
    }

    fileprivate var text: String {
        get { if case .text(let text) = self { text } else { "" } }
        set { self = .text(newValue) }
    }

    /// One text a line.
    fileprivate var lines: String {
        get { if case .strings(let list) = self { list.joined(separator: "\n") } else { "" } }
        set { self = .strings(newValue.split(separator: "\n").map(String.init)) }
    }
}

private struct NumberControl: View {
    let title: Text
    let range: ClosedRange<Double>
    @Binding var value: Double

    private var shown: Text { Text(value, format: .number.precision(.fractionLength(2))) }

    var body: some View {
        LabeledContent {
            shown
        } label: {
            title
        }
        .accessibilityHidden(true)
        Slider(value: $value, in: range) { title }
            .accessibilityValue(shown)
    }
}

/// A slider cannot hit one number of thousands, so whole numbers are typed.
private struct IntegerControl: View {
    let title: Text
    let range: ClosedRange<Int>
    @Binding var value: Int

    var body: some View {
        LabeledContent {
            TextField(value: $value, format: .number) { title }
                .multilineTextAlignment(.trailing)
                .keyboardType(.numberPad)
        } label: {
            title
        }
    }
}
