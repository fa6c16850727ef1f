"""Our C++ and Objective-C++ compiled for iPhones and their simulator, by zig's clang with Apple's own libc headers.

It finds what only Apple's platforms refuse: a missing header, another type, a flag that arm64 does not know, and in
Objective-C++ a call to something that the oldest iOS does not have. Apple's frameworks are stand-ins (see
stub/README.md); the real ones, and linking, need Xcode.
"""

from __future__ import annotations

import importlib.util
import os
import re
import struct
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PLATFORMS = {"aarch64-ios.17.0": 2, "aarch64-ios.17.0-simulator": 7}
"""Target -> the number of the platform in LC_BUILD_VERSION."""
PROCESSORS: dict[str, tuple[str, ...]] = {"apple_a12": (), "apple_a13": ("-DHH_NEEDS_DOT_PRODUCT",)}
"""What ios.processor of app.toml chooses, and what the package then defines."""
BUILD_VERSION = 0x32
WARNINGS = ("-Wall", "-Wextra", "-Werror")
FRAMEWORKS = Path(__file__).resolve().parent / "stub" / "frameworks"
"""Stand-ins for the frameworks that are called from Objective-C++."""
SETTING = re.compile(
    r'\.(headerSearchPath|define)\("([^"\\]+)"(, to: "([^"]*)")?(?!, \.when\(platforms: \[\.linux\]\))'
)
"""A part's setting in the package's manifest; a search path that is put together there is none."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """zig as it lies in a Python package."""

    folder: Path

    def compile(
        self,
        source: Path,
        target: str,
        processor: str,
        native: Path,
        object_: Path,
        most: int = 1500,
        settings: Sequence[str] = (),
    ) -> str:
        """Compile one file; gives what is wrong, with the last `most` characters of what the compiler says, or ""."""
        object_.parent.mkdir(parents=True, exist_ok=True)
        library = native / "third_party" / "llama.cpp"
        vendored = [native / "third_party", *(library / name for name in ("include", "ggml/include", "src", "common"))]
        argv: list[str | Path] = [
            self.folder / "zig", "c++", "-target", target, f"-mcpu={processor}", *PROCESSORS[processor],
            *settings, "-std=c++20", "-O1", *WARNINGS, "-I", native, "-I", native / "include",
            *(part for path in vendored for part in ("-isystem", path)),
            *(("-fobjc-arc", "-isystem", FRAMEWORKS) if source.suffix == ".mm" else ()),
            # Newer libc++ headers want what only these have: mbstate_t, and all of Apple's libc.
            "-idirafter", self.folder / "lib" / "libc" / "include" / "any-darwin-any",
            "-c", source, "-o", object_,
        ]  # fmt: skip
        done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"{source.name} for {target}:\n{done.stderr[-most:]}"
        platform, minimum = build_version(object_.read_bytes())
        if (platform, minimum) != (PLATFORMS[target], (17, 0)):
            return f"{source.relative_to(native)}: made for platform {platform}, {minimum}"
        return ""


def find() -> Compiler | None:
    """The ziglang package of this Python environment; None when it is not installed (it takes 400 MB)."""
    found = importlib.util.find_spec("ziglang")
    return Compiler(Path(found.origin).parent) if found and found.origin else None


def sources(native: Path) -> list[Path]:
    """Everything that is ours and goes into an app; what is fetched is not ours to mend."""
    folders = ("core", "processing", "runtimes", "tasks")
    found = (path for folder in folders for path in (native / folder).rglob("*") if path.suffix in {".cpp", ".mm"})
    return sorted(path for path in found if path.parent.name != "swift")  # those only include vendored sources


def settings(native: Path) -> list[str]:
    """What the parts of a rendered package are compiled with on an iPhone: their search paths and definitions."""
    arguments: list[str] = []
    manifest = (native / "Package.swift").read_text(encoding="utf-8").partition("// MARK: Parts")[2]
    for kind, name, has_value, value in SETTING.findall(manifest.partition("// MARK: Package")[0]):
        if kind == "headerSearchPath":
            arguments += ["-isystem", str(native / name)]
        elif f"-D{name}" not in PROCESSORS["apple_a13"]:
            arguments.append(f"-D{name}={value}" if has_value else f"-D{name}")
    return arguments


def check(compiler: Compiler, native: Path, scratch: Path, files: Sequence[Path]) -> list[str]:
    """Compile files for both platforms and processors; gives what is wrong, as sentences."""
    package = settings(native)

    def compile_one(job: tuple[Path, str, str]) -> str:
        source, target, processor = job
        object_ = scratch / target / processor / source.relative_to(native).with_suffix(".o")
        return compiler.compile(source, target, processor, native, object_, settings=package)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [said for said in pool.map(compile_one, product(files, PLATFORMS, PROCESSORS)) if said]


def check_that_it_finds_faults(compiler: Compiler, scratch: Path) -> list[str]:
    """Two faults that only an Apple target has."""
    faults = {
        "linux.cpp": "#include <sys/sendfile.h>\n#include <linux/mman.h>\nint main() {}\n",
        "intel.cpp": "#include <immintrin.h>\nint main() { return _mm_cvtsi128_si32(_mm_setzero_si128()); }\n",
    }
    missed = []
    for name, text in faults.items():
        file = scratch / name
        file.write_text(text, encoding="utf-8")
        target, object_ = next(iter(PLATFORMS)), file.with_suffix(".o")
        argv = [str(compiler.folder / "zig"), "c++", "-target", target, "-c", str(file), "-o", str(object_)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            missed.append(f"{name} compiles for an iPhone and must not")
    return missed


def build_version(data: bytes) -> tuple[int, tuple[int, int]]:
    """Platform and lowest system from a 64-bit Mach-O object.

    Raises:
        ValueError: it is none, or does not say.
    """
    magic, _, _, _, commands, _, _, _ = struct.unpack_from("<8I", data)
    if magic != 0xFEEDFACF:
        raise ValueError("not a 64-bit Mach-O object")
    at = 32
    for _ in range(commands):
        kind, size = struct.unpack_from("<2I", data, at)
        if kind == BUILD_VERSION:
            platform, minimum = struct.unpack_from("<2I", data, at + 8)
            return platform, (minimum >> 16, minimum >> 8 & 0xFF)
        at += size
    raise ValueError("no LC_BUILD_VERSION")
