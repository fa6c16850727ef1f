/// An iPhone's libraries are frameworks of its apps: LiteRT's own archive of its C API, opened when a model is loaded.
/// Elsewhere the library is looked for beside the core.
func liteRT() -> Part {
    let folder = "runtimes/litert"
    var part = Part(sources: ["backend.cpp", "litert_api.cpp", "node_count.cpp"].map { "\(folder)/\($0)" })
    #if os(macOS)
    part.settings = [.define("HH_LITERT_FRAMEWORK", .when(platforms: [.iOS]))]
    part.dependencies = [.target(name: "CLiteRT", condition: .when(platforms: [.iOS]))]
    part.targets = [
        .binaryTarget(
            name: "CLiteRT",
            url: "https://github.com/google-ai-edge/LiteRT/releases/download/v2.3.0/CLiteRT.xcframework.zip",
            checksum: "b36a1a4f1b3eeb04546b4cc2986902cd704439b37c34597ab0f804aed08f5a00"
        )
    ]
    #endif
    return part
}
parts.append(liteRT())
