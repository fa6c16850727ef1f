"""Objective-C++ against stand-ins for Apple's frameworks: planted faults have to be found, and nothing else.

Without Apple's own headers this finds wrong names, arguments and types in the calls that we make, as far as the
stand-ins are right. A compiler for Apple's systems (zig) also finds what the oldest iOS does not have.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

STUB = Path(__file__).resolve().parent / "stub" / "frameworks"
FLAGS = (
    *("-x", "objective-c++", "-std=c++20", "-fsyntax-only", "-ferror-limit=0", "-Wall", "-Wextra", "-Werror"),
    *("-fobjc-arc", "-fblocks", "-fexceptions", "-fobjc-exceptions", "-fobjc-runtime=macosx-14.0"),
)
"""For a clang that knows nothing of Apple's systems."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands in a file, what is put there instead, and a word of the message that has to come."""

    file: str
    right: str
    wrong: str
    said: str


FAULTS = (
    Fault(
        "backend.mm", "[MLFeatureValue featureValueWithMultiArray:", "[MLFeatureValue valueWithMultiArray:", "valueWith"
    ),
    Fault(
        "backend.mm",
        "return MLComputeUnitsCPUAndNeuralEngine;",
        "return MLComputeUnitsNeuralEngine;",
        "UnitsNeuralEngine'",
    ),
    Fault("backend.mm", "shape:shape\n", "shape:tensor.shape\n", "std::vector"),
    Fault("backend.mm", "__block bool whole = false;", "bool whole = false;", "missing __block"),
    Fault("backend.mm", "feature.multiArrayConstraint;", "feature.arrayConstraint;", "arrayConstraint"),
    Fault("backend.mm", "    void reset() override {", "    void resets() override {", "override"),
    Fault("compiled.mm", "{ handler(result, reason); }];", "{ handler(result); }];", "too few arguments"),
    Fault("compiled.mm", "isDirectory:YES];\n    tidy", "directory:YES];\n    tidy", "directory:"),
)
"""What any clang finds."""
NEWER = (
    Fault(
        "backend.mm",
        "if (@available(macOS 15, iOS 18, *)) state_ =",
        "state_ =",
        "'newState' is only available on iOS 18",
    ),
    Fault(
        "backend.mm", "if (@available(macOS 14.4, iOS 17.4, *)) {", "{", "'MLComputePlan' is only available on iOS 17.4"
    ),
)
"""What only a compiler for Apple's systems finds."""


def find_clang() -> str | None:
    """A clang on PATH."""
    return shutil.which("clang++")


def check(clang: str, native: Path, file: Path) -> str:
    """What clang says about a file of an app's native/ folder; nothing when it is right."""
    include = ["-I", native, "-I", native / "include", "-isystem", native / "third_party", "-isystem", STUB]
    argv = [str(part) for part in (clang, *FLAGS, *include, file)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stderr


def missed(native: Path, scratch: Path, faults: Sequence[Fault], compile_: Callable[[Path], str]) -> list[str]:
    """Plant all faults of a file at once, in a copy; gives those that nothing was said about."""
    found = []
    for name in sorted({fault.file for fault in faults}):
        (original,) = native.glob(f"runtimes/*/{name}")
        text, planted = original.read_text(encoding="utf-8"), [fault for fault in faults if fault.file == name]
        for fault in planted:
            assert fault.right in text, f"{name} has changed: {fault.right}"
            text = text.replace(fault.right, fault.wrong, 1)
        copy = scratch / name
        copy.write_text(text, encoding="utf-8")
        said = compile_(copy)
        found += [f"{name}: {fault.wrong!r} was not found" for fault in planted if fault.said not in said]
    return found
