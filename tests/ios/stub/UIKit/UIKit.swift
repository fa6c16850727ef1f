// What the templates use of UIKit and Combine, and what Foundation lacks on Linux.
@_exported import Foundation

@MainActor public final class UIApplication {
    public static let shared = UIApplication()
    public nonisolated static let didReceiveMemoryWarningNotification = Notification.Name("memory")
    public var isIdleTimerDisabled = false
}

@MainActor public final class UIDevice {
    public static let current = UIDevice()
    public let model = "stub", systemVersion = "0"
}

@MainActor public final class UIPasteboard {
    public static let general = UIPasteboard()
    public var string: String?
}

public enum UIKeyboardType: Sendable { case `default`, numberPad, decimalPad }

public protocol Publisher {
    associatedtype Output
}

extension NotificationCenter {
    public struct Publisher: UIKit.Publisher {
        public typealias Output = Notification
    }
    public func publisher(for name: Notification.Name, object: AnyObject? = nil) -> Publisher { Publisher() }
}

extension String {
    public struct LocalizationValue: ExpressibleByStringInterpolation {
        public init(stringLiteral value: String) {}
    }
    public init(localized key: LocalizationValue, table: String? = nil, bundle: Bundle? = nil) { self = "" }
}

extension ProcessInfo {
    public enum ThermalState: Int, Sendable { case nominal, fair, serious, critical }
    public var thermalState: ThermalState { .nominal }
    public static let thermalStateDidChangeNotification = Notification.Name("thermal")
}
