"""Figures of a bench: a ratio of interleaved pairs with its spread, its gate, and the table that it ends in."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAIRS = 12
RANKS = (2, 9)
"""The order statistics (from 0) that hold the median of 12 values with 96 % confidence (binomial)."""


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


def close(figures: Sequence[Figure]) -> int:
    """Print figures and the closing line; the exit code is 1 when a gate fails."""
    for figure in figures:
        verdict = "passed" if figure.good else "FAILED"
        unit = "" if figure.unit == "ratio" else f" {figure.unit}"
        spread = f"{figure.median:.3f} ({figure.low:.3f} to {figure.high:.3f})"
        print(f"{verdict}  {figure.name}: {spread}{unit}, gate {figure.gate}")
    failed = sum(not figure.good for figure in figures)
    print(f"{len(figures) - failed} passed, {failed} failed")
    return 1 if failed else 0
