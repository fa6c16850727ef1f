import Handheld
import HandheldModels
import SwiftUI

/// A row for each setting that a task's manifest offers.
struct SettingsRows: View {
    @Bindable var settings: SettingsModel
    let fields: [SettingField]

    var body: some View {
        ForEach(fields) { field in
            SettingRow(field: field, value: $settings[field])
        }
    }
}

private struct SettingRow: View {
    let field: SettingField
    @Binding var value: SettingValue

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            control
            if !field.summary.isEmpty {
                Text(field.summary)
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
        case .boolean: Toggle(title, isOn: $value.boolean)
        case .choice(let choices):
            Picker(title, selection: $value.text) {
                ForEach(choices, id: \.self) { Text(verbatim: $0) }
            }
        case .text: TextField(title, text: $value.text)
        case .strings: TextField(title, text: $value.lines, axis: .vertical)
        }
    }

    /// "max_tokens" becomes "Max tokens", which the app's strings catalog may translate.
    private var title: LocalizedStringKey {
        let words = field.name.replacing("_", with: " ")
        return LocalizedStringKey(words.prefix(1).uppercased() + words.dropFirst())
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
    let title: LocalizedStringKey
    let range: ClosedRange<Double>
    @Binding var value: Double

    var body: some View {
        LabeledContent(title, value: value.formatted(.number.precision(.fractionLength(2))))
            .accessibilityHidden(true)
        Slider(value: $value, in: range) { Text(title) }
    }
}

/// A slider cannot hit one number of thousands, so whole numbers are typed.
private struct IntegerControl: View {
    let title: LocalizedStringKey
    let range: ClosedRange<Int>
    @Binding var value: Int

    var body: some View {
        LabeledContent(title) {
            TextField(title, value: $value, format: .number)
                .multilineTextAlignment(.trailing)
                .keyboardType(.numberPad)
        }
    }
}
