/// Apple's systems open no libraries that did not come with the app, so it is linked to onnxruntime's own archive for
/// them. Elsewhere the library is opened when a model is loaded.
func onnxRuntime() -> Part {
    let folder = "runtimes/onnxruntime"
    let sources = ["backend.cpp", "onnx_check.cpp", "ort_api.cpp", "providers.cpp"]
    var part = Part(sources: sources.map { "\(folder)/\($0)" })
    #if os(macOS)
    part.settings = [.define("HH_ONNXRUNTIME_LINKED", .when(platforms: apple))]
    part.dependencies = [.target(name: "onnxruntime", condition: .when(platforms: apple))]
    part.targets = [
        .binaryTarget(
            name: "onnxruntime",
            url: "https://download.onnxruntime.ai/pod-archive-onnxruntime-c-1.24.3.zip",
            checksum: "b7eedc45932bac758ffd057cac0feb3f682269e47750b159e4c865145cbf0a8e"
        )
    ]
    #endif
    return part
}
parts.append(onnxRuntime())
