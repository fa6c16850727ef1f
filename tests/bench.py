"""All benches in one run: python tests/bench.py [--no-llama-bench] [core|image|waist|jvm|swift ...].

Every figure is a ratio within one run: interleaved pairs, CPU time, median and spread; a gate fails only when the upper
bound of the median's 96 % interval lies beyond it. Appends to docs/generated/bench.json and writes bench.md from it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from handheld.tools import Tools, open_tools
from native import bench, figures, waist
from native.figures import Figure
from native.records import add_record

RESULTS = Path("docs/generated/bench.json")
PLAIN = "--no-llama-bench"


def of_jvm(tools: Tools) -> list[Figure]:
    """The Kotlin binding and the Android app's start."""
    from jvm.bench import measure  # noqa: PLC0415 - needs a JDK only when asked for

    return measure(tools)


def of_swift(tools: Tools) -> list[Figure]:
    """The Swift binding."""
    from swift.bench import measure  # noqa: PLC0415 - needs Swift only when asked for

    return measure(tools)


OTHERS: Mapping[str, Callable[[Tools], list[Figure]]] = {
    "image": bench.of_image,
    "waist": waist.measure,
    "jvm": of_jvm,
    "swift": of_swift,
}


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments name, or everything; print it, keep it."""
    tools = open_tools()
    parts = [part for part in arguments if part != PLAIN] or ["core", *OTHERS]
    found, beside = bench.measure(tools, beside=PLAIN not in arguments) if "core" in parts else ([], "")
    for name, measured in OTHERS.items():
        if name in parts:
            found += measured(tools)
    history = add_record(RESULTS, {"figures": [asdict(f) for f in found], "llama_bench": beside}, tools)
    RESULTS.with_suffix(".md").write_text(figures.page(history), encoding="utf-8")
    print(beside)
    return figures.close(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
