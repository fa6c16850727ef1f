/// Core ML is there on Apple's systems only. Elsewhere the package is looked at, and loading says what is missing.
func coreML() -> Part {
    let folder = "runtimes/coreml"
    #if os(macOS)
    let own = ["backend.mm", "compiled.mm"]
    #else
    let own = ["elsewhere.cpp"]
    #endif
    var part = Part(sources: (["package.cpp", "strides.cpp"] + own).map { "\(folder)/\($0)" })
    part.linked = [.linkedFramework("CoreML", .when(platforms: apple))]
    return part
}
parts.append(coreML())
