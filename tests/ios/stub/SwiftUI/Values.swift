// Fonts, styles, shapes, placements.

public struct LocalizedStringKey: Equatable, ExpressibleByStringInterpolation, Sendable {
    public init(_ value: String) {}
    public init(stringLiteral value: String) {}
}

public struct Font: Hashable, Sendable {
    public static let title = Font(), headline = Font(), body = Font(), footnote = Font(), caption = Font()
    public func monospaced() -> Font { self }
    public func weight(_ weight: Weight) -> Font { self }
    public struct Weight: Hashable, Sendable { public static let semibold = Weight() }
}

public protocol ShapeStyle: Sendable {}
public struct Color: ShapeStyle, Hashable {
    public init(_ name: String, bundle: Bundle? = nil) {}
    public static let red = Color(""), white = Color(""), primary = Color(""), secondary = Color("")
}
extension Color: PrimitiveView {}
public struct AnyShapeStyle: ShapeStyle {
    public init<Style: ShapeStyle>(_ style: Style) {}
}
public struct HierarchicalShapeStyle: ShapeStyle {}
public struct TintShapeStyle: ShapeStyle {}
public struct Material: ShapeStyle {}
extension ShapeStyle where Self == Color {
    public static var red: Color { Color("") }
    public static var white: Color { Color("") }
}
extension ShapeStyle where Self == HierarchicalShapeStyle {
    public static var primary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
    public static var secondary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
    public static var tertiary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
    public static var quaternary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
}
extension ShapeStyle where Self == TintShapeStyle {
    public static var tint: TintShapeStyle { TintShapeStyle() }
}
extension ShapeStyle where Self == Material {
    public static var bar: Material { Material() }
}

public protocol Shape: Sendable, View {}
public protocol InsettableShape: Shape {}
public struct RoundedRectangle {
    public init(cornerRadius: CGFloat) {}
}
extension RoundedRectangle: InsettableShape, PrimitiveView {}
extension Shape where Self == RoundedRectangle {
    public static func rect(cornerRadius: CGFloat) -> RoundedRectangle { RoundedRectangle(cornerRadius: 0) }
}
public struct FillStyle: Equatable, Sendable { public init() {} }

public struct HorizontalAlignment: Sendable {
    public static let leading = Self(), center = Self(), trailing = Self()
}
public struct VerticalAlignment: Sendable {
    public static let top = Self(), center = Self(), bottom = Self()
}
public struct Alignment: Sendable {
    public static let leading = Self(), center = Self(), trailing = Self(), top = Self(), bottom = Self()
}
public enum TextAlignment: Sendable { case leading, center, trailing }
public enum Axis: Sendable {
    case horizontal, vertical
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        public static let horizontal = Set(rawValue: 1), vertical = Set(rawValue: 2)
    }
}
public enum Edge: Sendable {
    case top, leading, bottom, trailing
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        public static let top = Set(rawValue: 1), leading = Set(rawValue: 2), bottom = Set(rawValue: 4)
        public static let trailing = Set(rawValue: 8), all: Set = [.top, .leading, .bottom, .trailing]
        public static let horizontal: Set = [.leading, .trailing], vertical: Set = [.top, .bottom]
    }
}
public enum VerticalEdge: Sendable { case top, bottom }
public enum Visibility: Sendable { case automatic, visible, hidden }
public struct UnitPoint: Hashable, Sendable { public static let top = Self(), bottom = Self() }
public struct PinnedScrollableViews: Sendable { public init() {} }

public struct ButtonRole: Equatable, Sendable { public static let destructive = Self(), cancel = Self() }
public struct ToolbarItemPlacement: Sendable {
    public static let automatic = Self(), confirmationAction = Self(), cancellationAction = Self()
    public static let topBarLeading = Self(), topBarTrailing = Self()
}
public struct NavigationBarItem: Sendable {
    public enum TitleDisplayMode: Sendable { case automatic, inline, large }
}
public struct AccessibilityChildBehavior: Hashable, Sendable {
    public static let ignore = Self(), contain = Self(), combine = Self()
}
public struct ScrollDismissesKeyboardMode: Sendable { public static let interactively = Self(), immediately = Self() }

public protocol TextSelectability {}
public struct EnabledTextSelectability: TextSelectability {}
extension TextSelectability where Self == EnabledTextSelectability {
    public static var enabled: EnabledTextSelectability { EnabledTextSelectability() }
}
public protocol LabelStyle {}
public struct IconOnlyLabelStyle: LabelStyle {}
extension LabelStyle where Self == IconOnlyLabelStyle {
    public static var iconOnly: IconOnlyLabelStyle { IconOnlyLabelStyle() }
}
public protocol PrimitiveButtonStyle {}
public struct BorderedProminentButtonStyle: PrimitiveButtonStyle {}
extension PrimitiveButtonStyle where Self == BorderedProminentButtonStyle {
    public static var borderedProminent: BorderedProminentButtonStyle { BorderedProminentButtonStyle() }
}
public protocol TextFieldStyle {}
public struct PlainTextFieldStyle: TextFieldStyle {}
extension TextFieldStyle where Self == PlainTextFieldStyle {
    public static var plain: PlainTextFieldStyle { PlainTextFieldStyle() }
}

public enum AccessibilityNotification {
    public struct Announcement {
        public init(_ announcement: String) {}
        public func post() {}
    }
}
