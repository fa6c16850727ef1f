"""The app's own sources as a Swift package for Linux: its screens over the stand-ins for SwiftUI and UIKit."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from swift.toolchain import Swift

STUB = Path(__file__).resolve().parent.parent / "ios" / "stub"
NOT_SWIFT = shutil.ignore_patterns("*.xcassets", "*.xcstrings", "*.plist", "*.xcprivacy")
MANIFEST = """\
// swift-tools-version: 6.0
import PackageDescription

let plugin: [SwiftSetting] = [.unsafeFlags(["-load-plugin-library", "{plugin}"])]
// A library cannot bring the program's start along.
let noMain: [SwiftSetting] = [.unsafeFlags(["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "app_main"])]

let package = Package(
    name: "Screens",
    dependencies: [.package(name: "Handheld", path: "{native}")],
    targets: [
        .target(name: "UIKit"),
        .target(name: "SwiftUI", dependencies: ["UIKit"], swiftSettings: plugin),
        .target(
            name: "{module}",
            dependencies: ["SwiftUI", "UIKit", .product(name: "Handheld", package: "Handheld")],
            swiftSettings: plugin + noMain),
        .testTarget(
            name: "{module}Tests",
            dependencies: ["{module}", .product(name: "Handheld", package: "Handheld")]),
    ],
    swiftLanguageModes: [.v6]
)
"""


@dataclass(frozen=True, slots=True)
class Screens:
    """The package, and the plugin that lets #Preview expand to nothing."""

    folder: Path
    native: Path
    module: str
    plugin: Path

    @property
    def scratch(self) -> Path:
        """Where it is built: where the app's own package is, whose objects are the same."""
        return self.native / ".build"

    @property
    def sources(self) -> Path:
        """A copy of ios/App."""
        return self.folder / "Sources" / self.module


def lay_out(swift: Swift, app: Path, folder: Path) -> Screens:
    """Write the package for a rendered app. Files that did not change keep their times, so little is compiled again."""
    (project,) = (app / "ios").glob("*.xcodeproj")
    module = project.stem
    plugin = folder / "libPreviewPlugin.so"
    wanted = {
        "Sources/UIKit": STUB / "UIKit",
        "Sources/SwiftUI": STUB / "SwiftUI",
        f"Sources/{module}": app / "ios" / "App",
        f"Tests/{module}Tests": app / "ios" / "AppTests",
    }
    for name, source in wanted.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(source, folder / name, ignore=NOT_SWIFT)
    manifest = MANIFEST.format(plugin=plugin, native=app / "native", module=module)
    (folder / "Package.swift").write_text(manifest, encoding="utf-8")
    if not plugin.exists():
        _build_plugin(swift, folder, plugin)
    return Screens(folder, app / "native", module, plugin)


def check_sources(swift: Swift, screens: Screens, sources: Path) -> subprocess.CompletedProcess[str]:
    """Compile a copy of the app's sources up to SIL, where the last of the compiler's checks are; writes nothing."""
    modules = screens.scratch / "debug" / "Modules"
    argv = [
        *("swiftc", "-swift-version", "6", "-parse-as-library", "-wmo", "-emit-sil", "-o", "/dev/null"),
        *("-module-name", screens.module, "-I", str(modules), "-I", str(screens.native / "include")),
        *("-load-plugin-library", str(screens.plugin)),
        *map(str, sorted(sources.rglob("*.swift"))),
    ]
    return swift.run(argv, screens.folder, quiet=True)


def check_binding(swift: Swift, screens: Screens, sources: Path) -> subprocess.CompletedProcess[str]:
    """The same for a copy of the module Handheld."""
    argv = [
        *("swiftc", "-swift-version", "6", "-parse-as-library", "-wmo", "-emit-sil", "-o", "/dev/null"),
        *("-module-name", "Handheld", "-I", str(screens.native / "include")),
        *map(str, sorted(sources.rglob("*.swift"))),
    ]
    return swift.run(argv, screens.folder, quiet=True)


def _build_plugin(swift: Swift, folder: Path, plugin: Path) -> None:
    host = swift.host_libraries
    source = shutil.copy(STUB / "PreviewPlugin" / "PreviewMacro.swift", folder)
    argv = [
        *("swiftc", "-swift-version", "6", "-parse-as-library", "-emit-library", "-module-name", "PreviewPlugin"),
        *("-I", str(host), "-L", str(host), "-Xlinker", "-rpath", "-Xlinker", str(host)),
        *("-lSwiftSyntax", "-lSwiftSyntaxMacros", "-o", str(plugin), str(source)),
    ]
    done = swift.run(argv, folder, quiet=True)
    if done.returncode != 0:
        raise RuntimeError(f"the plugin for #Preview does not compile:\n{done.stdout}")
