"""The Swift binding against a C++ loop over handheld.h, both linked with the same library that SwiftPM has built.

One thread, release builds, interleaved pairs: `nox -s bench -- swift`. Everything lies in build/swift/.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from handheld.tools import Tools
from native.bench import NEW_TOKENS, PROMPT
from native.figures import PAIRS, Contestant, Figure, paired
from swift.lane import Lane, StepFailed, find_work, render
from swift.toolchain import find_swift

GATE = 0.98
HERE = Path(__file__).resolve().parent
C_SOURCES = HERE.parent.parent / "native" / "tests"
MANIFEST = """\
// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Bench",
    dependencies: [.package(name: "Handheld", path: "{native}")],
    targets: [
        .executableTarget(name: "bench_core", dependencies: [.product(name: "Handheld", package: "Handheld")]),
        .executableTarget(name: "bench_swift", dependencies: [.product(name: "Handheld", package: "Handheld")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
"""


def swift_against_c(lane: Lane) -> list[Figure]:
    """Tokens per CPU second of the binding, divided by those of the C++ loop; the app must be rendered already.

    Raises:
        StepFailed: it does not build.
    """
    app = lane.app("llama_cpp")
    folder = _lay_out(lane, app)
    scratch = app / "native" / ".build"
    argv = ["swift", "build", "-c", "release", "-j", str(os.cpu_count() or 2), "--scratch-path", str(scratch)]
    lane.must([*argv, *lane.swift.link_flags], folder)
    arguments: list[str | Path | int] = [app / "tasks" / "chat" / "task.json", NEW_TOKENS, folder / "prompt.txt"]
    programs = [
        Contestant(lane.swift.command([scratch / "release" / name, *arguments], folder))
        for name in ("bench_core", "bench_swift")
    ]
    try:
        for program in programs:
            program.run()  # warm: page cache, allocator
        # Each goes first in every second pair.
        rounds = []
        for number in range(PAIRS):
            order = programs if number % 2 == 0 else programs[::-1]
            taken = {program: program.run() for program in order}
            rounds.append([taken[program] for program in programs])
    finally:
        for program in programs:
            program.close()
    if any(plain["tokens"] != ours["tokens"] for plain, ours in rounds):
        raise StepFailed("the two programs gave answers of different lengths")
    prompts = [plain["prompt_s"] / ours["prompt_s"] for plain, ours in rounds]
    answers = [plain["generate_s"] / ours["generate_s"] for plain, ours in rounds]
    return [
        paired("prompt tokens per CPU second, Swift : C++ over the same library", GATE, "more", prompts),
        paired("generated tokens per CPU second, Swift : C++ over the same library", GATE, "more", answers),
    ]


def _lay_out(lane: Lane, app: Path) -> Path:
    folder = lane.work / "bench"
    for name in ("bench_core", "bench_swift"):
        shutil.rmtree(folder / "Sources" / name, ignore_errors=True)
        (folder / "Sources" / name).mkdir(parents=True)
    # The package's headers belong to a module, which SwiftPM does not let C++ import; copies beside it are plain text.
    headers = sorted((app / "native" / "include").glob("*.h"))
    for path in (*(C_SOURCES / name for name in ("bench_core.cpp", "bench.hpp", "harness.hpp")), *headers):
        shutil.copy(path, folder / "Sources" / "bench_core")
    shutil.copy(HERE / "bench" / "main.swift", folder / "Sources" / "bench_swift")
    (folder / "Package.swift").write_text(MANIFEST.format(native=app / "native"), encoding="utf-8")
    (folder / "prompt.txt").write_text(PROMPT, encoding="utf-8")
    return folder


def measure(tools: Tools) -> list[Figure]:
    """Render, build and measure.

    Raises:
        NoSwiftError: there is none, and none can be brought.
        StepFailed: the app or the bench does not build.
    """
    del tools  # the lane has its own way to a Swift inside a folder
    work = find_work()
    lane = Lane(find_swift(work), work)
    render(lane)
    return swift_against_c(lane)
