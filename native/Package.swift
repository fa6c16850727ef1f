// swift-tools-version: 6.0
import PackageDescription

// The core and its Swift binding as one package: what Xcode builds into the app, and `swift test` here. Which runtimes
// and tasks lie in this folder is the app's choice; nothing that is written by hand in this file names them.

let apple: [Platform] = [.iOS, .macOS]

/// What a runtime or a task adds to the package. Its folder says it, in swiftpm.swift.
struct Part {
    /// Its own C++ sources, as paths from here.
    var sources: [String]
    /// What they need to see and define, and the targets that hold a vendored library.
    var settings: [CXXSetting] = []
    var dependencies: [Target.Dependency] = []
    var targets: [Target] = []
    /// Frameworks of the system that the core calls itself.
    var linked: [LinkerSetting] = []
    /// Packages that are fetched; each inside `#if os(macOS)`, so that Linux never resolves them.
    var packages: [Package.Dependency] = []
}
var parts: [Part] = []

// MARK: Parts (below this line the generator puts the choice of processor and each part's swiftpm.swift)

// MARK: Package

let package = Package(
    name: "Handheld",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Handheld", targets: ["Handheld", "HandheldModels"])],
    dependencies: parts.flatMap(\.packages),
    targets: [
        .target(
            name: "CHandheld",
            dependencies: parts.flatMap(\.dependencies),
            path: ".",
            exclude: ["core/core.toml", "core/exports.map", "core/registry.inc"],
            sources: ["core", "processing"] + parts.flatMap(\.sources),
            publicHeadersPath: "include",
            // Optimized in debug builds too: they would spend most of a token's time in the sampler otherwise.
            cxxSettings: [.headerSearchPath("."), .headerSearchPath("third_party"), .unsafeFlags(["-O2"])]
                + parts.flatMap(\.settings),
            linkerSettings: parts.flatMap(\.linked)
        ),
        .target(name: "Handheld", dependencies: ["CHandheld"], path: "bindings/swift/Handheld"),
        .target(name: "HandheldModels", dependencies: ["Handheld"], path: "bindings/swift/HandheldModels"),
        .testTarget(
            name: "HandheldTests",
            dependencies: ["CHandheld", "Handheld", "HandheldModels"],
            path: "bindings/swift/Tests/HandheldTests"
        ),
    ] + parts.flatMap(\.targets),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
