/// An iPhone opens no libraries that did not come with the app, so there the bridge is a target of its own, linked to
/// ExecuTorch's archives. They are those of ExecuTorch's own package, branch swiftpm-1.5.0 at
/// 56cc93a96d5fb8d21554ec5f00fbad5a5b228bc4; nothing newer is released for Apple's systems. Operators and delegates
/// register themselves, so the app is linked with -all_load (runtime.toml). Elsewhere the bridge is looked for beside the
/// core.
func execuTorch() -> Part {
    let folder = "runtimes/executorch"
    var part = Part(sources: ["backend.cpp", "pte_check.cpp", "pte_schema.cpp"].map { "\(folder)/\($0)" })
    #if os(macOS)
    let archives = [
        "executorch": "3a861b6f6afd4264033a592309564932d96af758042b5c75574069fc0893313f",
        "threadpool": "e036395eadd549dba201e5a9660976cabf978d54e8972d5c37d799d3859e5f4f",
        "kernels_optimized": "57016af23701a3d1a05883a9ed882e30e86c2365bafcc638be6d6754e9e943fe",
        "kernels_quantized": "a4f5ad856cd3ff4bac7ccead48b7f681784990b178a11911be9d6d77a88ed82a",
        "backend_xnnpack": "df8de2e5fd8134446a10c1e6ad2170d6d3f99658244ce8d6dab977307474009b",
    ].sorted { $0.key < $1.key }
    let bridge: Target = .target(
        name: "CExecuTorchBridge",
        path: ".",
        sources: ["\(folder)/bridge.cpp"],
        publicHeadersPath: "\(folder)/swift/CExecuTorchBridge",
        // The headers are C++; the archives' module map would have them compiled as a module.
        cxxSettings: [
            .headerSearchPath("."), .headerSearchPath("third_party/executorch"),
            .headerSearchPath("third_party/executorch/executorch/runtime/core/portable_type/c10"),
            // How the archives were built: without messages.
            .define("ET_LOG_ENABLED", to: "0"), .define("ET_USE_THREADPOOL"),
            .define("C10_USING_CUSTOM_GENERATED_MACROS", to: ""),
            .unsafeFlags(["-O2", "-fno-cxx-modules", "-Wno-deprecated-declarations"]),
        ]
    )
    let binaries: [Target] = archives.map { name, checksum in
        .binaryTarget(
            name: name,
            url: "https://ossci-ios.s3.amazonaws.com/executorch/\(name)-1.5.0.zip",
            checksum: checksum
        )
    }
    part.targets = [bridge] + binaries
    part.settings = [.define("HH_EXECUTORCH_LINKED", .when(platforms: [.iOS]))]
    part.dependencies = part.targets.map { .target(name: $0.name, condition: .when(platforms: [.iOS])) }
    part.linked = ["Accelerate", "CoreGraphics", "CoreImage", "CoreVideo", "Foundation"].map {
        .linkedFramework($0, .when(platforms: [.iOS]))
    }
    #endif
    return part
}
parts.append(execuTorch())
