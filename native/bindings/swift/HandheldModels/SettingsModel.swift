import Foundation
import Handheld
import Observation

/// The settings of one task: what its manifest offers, and what a person chose instead. Screens are built from it.
@MainActor
@Observable
public final class SettingsModel {
    /// By name, in the alphabet's order.
    public let fields: [SettingField]
    /// What differs from the defaults.
    public private(set) var overrides: [String: SettingValue]

    @ObservationIgnored private let storage: SettingsStorage

    public init(manifest: Manifest, storage: SettingsStorage) {
        fields = manifest.settings.map { SettingField(name: $0, declaration: $1) }.sorted { $0.name < $1.name }
        self.storage = storage
        // A setting stored by an older version of the app may have gone, or have another range now.
        let fields = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })
        overrides = storage.load().filter { name, value in fields[name]?.accepts(value) ?? false }
    }

    /// All settings, as `HandheldTask.configure(_:)` takes them.
    public var values: [String: SettingValue] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.name, self[$0]) })
    }

    /// The value in force. A new one outside the range is moved to its nearest end; one of another kind is ignored.
    public subscript(field: SettingField) -> SettingValue {
        get { overrides[field.name] ?? field.defaultValue }
        set {
            let value = field.clamped(newValue)
            guard field.accepts(value) else { return }
            overrides[field.name] = value == field.defaultValue ? nil : value
            storage.save(overrides)
        }
    }

    public func field(named name: String) -> SettingField? {
        fields.first { $0.name == name }
    }

    public func restoreDefaults() {
        overrides = [:]
        storage.save(overrides)
    }
}

/// One setting that a person can change.
public struct SettingField: Sendable, Identifiable, Hashable {
    public enum Kind: Sendable, Hashable {
        case number(ClosedRange<Double>)
        case integer(ClosedRange<Int>)
        case boolean
        case text
        case strings
        case choice([String])
    }

    public let name: String
    public let kind: Kind
    public let defaultValue: SettingValue
    public let summary: String

    public var id: String { name }

    init(name: String, declaration: Manifest.Setting) {
        self.name = name
        summary = declaration.summary ?? ""
        let lower = declaration.minimum ?? -Double.greatestFiniteMagnitude
        let upper = max(lower, declaration.maximum ?? .greatestFiniteMagnitude)
        switch declaration.type {
        case "boolean": kind = .boolean
        case "strings": kind = .strings
        case "choice": kind = .choice(declaration.choices ?? [])
        case "integer": kind = .integer(Int(clamping: lower)...Int(clamping: upper))
        case "number": kind = .number(lower...upper)
        default: kind = .text
        }
        // JSON writes 1.0 as 1, and an empty list of numbers as one of texts.
        if case .number = kind, case .integer(let whole) = declaration.default {
            defaultValue = .number(Double(whole))
        } else {
            defaultValue = declaration.default
        }
    }

    func accepts(_ value: SettingValue) -> Bool {
        switch (kind, value) {
        case (.number(let range), .number(let number)): range.contains(number)
        case (.integer(let range), .integer(let number)): range.contains(number)
        case (.choice(let choices), .text(let text)): choices.contains(text)
        case (.boolean, .boolean), (.text, .text), (.strings, .strings): true
        default: false
        }
    }

    func clamped(_ value: SettingValue) -> SettingValue {
        switch (kind, value) {
        case (.number(let range), .number(let number)): .number(min(max(number, range.lowerBound), range.upperBound))
        case (.number, .integer(let number)): clamped(.number(Double(number)))
        case (.integer(let range), .integer(let number)): .integer(min(max(number, range.lowerBound), range.upperBound))
        default: value
        }
    }
}

/// Where chosen settings are kept between launches.
@MainActor
public struct SettingsStorage {
    public let load: () -> [String: SettingValue]
    public let save: ([String: SettingValue]) -> Void

    public init(load: @escaping () -> [String: SettingValue], save: @escaping ([String: SettingValue]) -> Void) {
        self.load = load
        self.save = save
    }

    /// In the app's preferences, under the task's name.
    public static func preferences(_ preferences: UserDefaults = .standard, task: String) -> SettingsStorage {
        let key = "handheld.settings.\(task)"
        return SettingsStorage {
            let data = preferences.data(forKey: key)
            return data.flatMap { try? JSONDecoder().decode([String: SettingValue].self, from: $0) } ?? [:]
        } save: { overrides in
            preferences.set(try? JSONEncoder().encode(overrides), forKey: key)
        }
    }
}

extension Int {
    fileprivate init(clamping number: Double) {
        self = Int(exactly: number.rounded()) ?? (number < 0 ? .min : .max)
    }
}
