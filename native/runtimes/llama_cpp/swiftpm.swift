// llama.cpp from third_party/, put together as runtimes/llama_cpp/CMakeLists.txt does, plus Apple's GPU.
func llamaCpp() -> Part {
    let root = "third_party/llama.cpp", src = "\(root)/ggml/src", own = "runtimes/llama_cpp/swift"

    // SwiftPM knows no condition on the architecture. On Linux the manifest runs on the machine it builds for; on Apple
    // platforms the driver's -Xarch_ keeps each flag to its slice. From the A13 on phones have dot products; the core
    // looks for them, as code that uses them ends the app where there are none.
    #if os(Linux) && arch(x86_64)
    let cpu: [CSetting] = [.unsafeFlags(["-mavx2", "-mfma", "-mf16c", "-mbmi2"])]
    #else
    let intel = ["-mavx2", "-mfma", "-mf16c", "-mbmi2"].flatMap { ["-Xarch_x86_64", $0] }
    let cpu: [CSetting] = [
        .unsafeFlags(["-Xarch_arm64", "-mcpu=\(oldestProcessor)"], .when(platforms: [.iOS])),
        .unsafeFlags(intel, .when(platforms: apple)),
    ]
    #endif

    // ggml ends the process on a failed check. We let it throw instead, so its C code must let exceptions through.
    // Without optimization, which debug builds turn off, a model would take minutes for a word. Warnings of vendored code
    // are not ours to mend.
    let ggml: [CSetting] = [
        .define("NDEBUG"), .define("GGML_SCHED_MAX_COPIES", to: "4"),
        .define("GGML_USE_CPU"), .define("GGML_USE_CPU_REPACK"), .define("GGML_USE_LLAMAFILE"),
        .define("GGML_USE_ACCELERATE", .when(platforms: apple)),
        .define("ACCELERATE_NEW_LAPACK", .when(platforms: apple)),
        .define("ACCELERATE_LAPACK_ILP64", .when(platforms: apple)),
        .define("_GNU_SOURCE", .when(platforms: [.linux])), .define("_DARWIN_C_SOURCE", .when(platforms: apple)),
        .headerSearchPath("\(root)/ggml/include"), .headerSearchPath(src), .headerSearchPath("\(src)/ggml-cpu"),
        .headerSearchPath(own), .unsafeFlags(["-O3", "-fexceptions", "-w"]),
    ]
    let llama: [CXXSetting] = [
        .define("NDEBUG"),
        .headerSearchPath("\(root)/include"), .headerSearchPath("\(root)/ggml/include"),
        .headerSearchPath("\(root)/src"), .headerSearchPath(own),
        .unsafeFlags(["-Os", "-w"]),
    ]

    // Headers are found by search path. Public ones would be compiled as modules of C++, so the modules stay empty.
    let targets: [Target] = [
        .target(
            name: "CGgml",
            path: ".",
            // arch_*.c* in our folder take the one file for the processor, by #if.
            exclude: [
                "CMakeLists.txt", "ggml-version.h.in", "ggml-metal", "ggml-cpu/CMakeLists.txt", "ggml-cpu/arch",
                "ggml-cpu/cmake", "ggml-cpu/kleidiai", "ggml-cpu/spacemit",
            ].map { "\(src)/\($0)" },
            sources: [src, "\(own)/arch_quants.c", "\(own)/arch_repack.cpp"],
            publicHeadersPath: "\(own)/modules/CGgml",
            cSettings: ggml + cpu,
            linkerSettings: [.linkedFramework("Accelerate", .when(platforms: apple))]
        ),
        .target(
            name: "CLlama",
            dependencies: ["CGgml"],
            path: ".",
            // models_*.cpp take the models' files, 16 at once.
            exclude: ["CMakeLists.txt", "llama-version.h.in", "models"].map { "\(root)/src/\($0)" },
            sources: ["\(root)/src"] + (0..<10).map { "\(own)/models_0\($0).cpp" },
            publicHeadersPath: "\(own)/modules/CLlama",
            cxxSettings: llama
        ),
        .target(
            name: "CJinja",
            dependencies: ["CGgml"],
            path: ".",
            exclude: ["\(root)/common/jinja/README.md"],
            sources: ["\(root)/common"],
            publicHeadersPath: "\(own)/modules/CJinja",
            cxxSettings: [
                .headerSearchPath("\(root)/common"), .headerSearchPath("\(root)/ggml/include"),
                .headerSearchPath("third_party"), .unsafeFlags(["-Os", "-w"]),
            ]
        ),
    ]
    var part = Part(
        sources: [
            "backend", "chat_template", "cpu_variants", "embed", "gguf_check", "gpu", "start", "template_budget",
        ].map { "runtimes/llama_cpp/\($0).cpp" },
        settings: ["include", "ggml/include", "src", "common"].map { .headerSearchPath("\(root)/\($0)") }
            + (oldestProcessor == "apple-a12" ? [] : [.define("HH_NEEDS_DOT_PRODUCT", .when(platforms: [.iOS]))]),
        dependencies: ["CLlama", "CJinja"],
        targets: targets
    )
    // Without GGML_USE_METAL, which would make ggml start the GPU, and its driver compile all kernels, with every app:
    // gpu.cpp does so when a GPU is asked for.
    #if os(macOS)
    part.settings.append(.define("HH_METAL", .when(platforms: apple)))
    part.dependencies.append(.target(name: "CGgmlMetal", condition: .when(platforms: apple)))
    part.targets.append(
        .target(
            name: "CGgmlMetal",
            dependencies: ["CGgml"],
            path: ".",
            exclude: ["\(src)/ggml-metal/CMakeLists.txt", "\(src)/ggml-metal/kernels"],
            sources: ["\(src)/ggml-metal", "\(own)/metal_kernels.S"],
            publicHeadersPath: "\(own)/modules/CGgmlMetal",
            // These sources release by hand, while SwiftPM turns automatic reference counting on.
            cSettings: ggml + [.define("GGML_METAL_EMBED_LIBRARY", to: "1"), .unsafeFlags(["-fno-objc-arc"])],
            linkerSettings: ["Foundation", "Metal", "MetalKit"].map { .linkedFramework($0) }
        )
    )
    #endif
    return part
}
parts.append(llamaCpp())
