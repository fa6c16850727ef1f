"""What JNI and Flow cost: nox -s bench -- jvm.

Tokens per CPU second of the Kotlin binding against a C++ loop over the very same library, one thread, interleaved
pairs; the cost of single calls; and the first frame of the app against that of an activity with one word, on this JVM.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from handheld.host import find_toolchain
from handheld.progress import SilentProgress
from handheld.tools import Tools
from jvm.chain import Lane, build, build_native, joined
from jvm.lane import PARROT, WORK, open_lanes
from jvm.runner import run_tests
from jvm.steps import Steps
from native.bench import NEW_TOKENS, PROMPT
from native.figures import PAIRS, Contestant, Figure, interval, paired
from native.support import SOURCES

GATE = 0.98


def measure(tools: Tools) -> list[Figure]:
    """Build app, library and programs, and measure all of it."""
    steps = Steps(WORK.resolve())
    lane = open_lanes((PARROT,), tools, SilentProgress(), steps)[0]
    library = build_native(lane, tools, SilentProgress())
    build([lane], steps)
    with tempfile.TemporaryDirectory() as name:
        return [*binding(lane, library, Path(name), tools), *first_frame(lane, library, Path(name))]


def binding(lane: Lane, library: Path, folder: Path, tools: Tools) -> list[Figure]:
    """Kotlin against C++."""
    chain = find_toolchain(tools)
    tools.run([
        chain.cmake, "-S", SOURCES, "-B", folder / "b", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={chain.ninja}",
        f"-DHH_APP={lane.app / 'native'}", f"-DHH_LIBRARY={library}", "-DCMAKE_BUILD_TYPE=Release",
    ])  # fmt: skip
    tools.run([chain.cmake, "--build", folder / "b", "--target", "bench_core"])
    prompt = folder / "prompt.txt"
    prompt.write_text(PROMPT, encoding="utf-8")
    arguments: list[str | Path] = [lane.app / "tasks/chat/task.json", str(NEW_TOKENS), prompt]
    class_path = joined([lane.work / "test-classes", lane.work / "classes", *lane.class_path])
    java: list[str | Path] = [lane.jdk / "bin/java", "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"]
    java += [f"-Dhandheld.library={library}", "-cp", class_path]
    kotlin = Contestant([*java, "dev.handheld.jvm.JniBenchKt", *arguments])
    plain = Contestant([folder / "b/bench_core", *arguments])
    for _ in range(2):  # page cache, allocator, JIT
        plain.run(), kotlin.run()
    rounds = [(plain.run(), kotlin.run()) for _ in range(PAIRS)]
    costs = kotlin.ask("calls")
    kotlin.close()
    plain.close()
    prompts = [one["prompt_s"] / other["prompt_s"] for one, other in rounds]
    rates = [one["generate_s"] / one["tokens"] / (other["generate_s"] / other["tokens"]) for one, other in rounds]
    return [
        paired("prompt tokens per CPU second, Kotlin : C++", GATE, "more", prompts),
        paired("generated tokens per CPU second, Kotlin : C++", GATE, "more", rates),
        single("CPU time of a JNI call that gives bytes", costs["version_ns"] / 1000, 5, "us"),
        single("CPU time of a JNI call on a task", costs["progress_ns"] / 1000, 2, "us"),
        single("CPU time of reading the report", costs["report_ns"] / 1000, 200, "us"),
    ]


def single(name: str, value: float, gate: float, unit: str) -> Figure:
    """A figure without a spread."""
    return Figure(name, value, value, value, gate, "less", unit)


def first_frame(lane: Lane, library: Path, folder: Path) -> list[Figure]:
    """The app's start against the least that an activity does."""
    answer = folder / "start.json"
    outcome = run_tests(lane, library, [f"-Djvm.start={answer}"], ["StartBench"])
    if outcome.failed or outcome.faults:
        raise RuntimeError(f"StartBench did not pass: {outcome}")
    times = json.loads(answer.read_text(encoding="utf-8"))
    ratios = [app / plain for app, plain in zip(times["app_ms"], times["plain_ms"], strict=True)]
    return [
        Figure("warm start to the first frame, app : one word", *interval(ratios), 20, "less"),
        single("first start of the app, main thread", times["first_ms"] / 1000, 60, "s"),
    ]
