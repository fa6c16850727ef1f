"""The core under the sanitizers: python tests/native/sanitize.py [--record] [echo|llama_cpp ...].

Address and undefined-behaviour sanitizers run the scenario and the threads; the thread sanitizer runs the threads. With
`llama_cpp` all of llama.cpp is built that way too, and a tiny model made here is used. `--record` keeps the figures in
docs/generated/sanitize.json and sanitize.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.tiny_model import write_tiny_model
from handheld.tools import open_tools
from native.records import add_record
from native.support import Checks, build, manifest, render, run_checks, weights

RECORD = "--record"
RESULTS = Path("docs/generated/sanitize.json")
FLAVOURS = {"address,undefined": ("scenario", "threads"), "thread": ("threads", "scenario")}
"""Sanitizers, and the programs that run under them."""
STRICT = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}


def main(arguments: list[str]) -> int:
    """Run every flavour for every runtime; prints one line each and the closing line."""
    runtimes = [argument for argument in arguments if argument != RECORD] or ["echo"]
    tools = open_tools()
    passed = failed = 0
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        for runtime in runtimes:
            folder = Path(name) / runtime
            model = "echo" if runtime == "echo" else str(write_tiny_model(Path(name) / "tiny.gguf"))
            app = render(folder / "app", runtime, model, tools)
            for flavour, programs in FLAVOURS.items():
                arguments = ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DHH_SANITIZE={flavour}", "-DGGML_NATIVE=OFF"]
                where = build(app, folder / flavour.partition(",")[0], programs, tools, arguments=arguments)
                for program in programs:
                    inputs: list[str | Path] = (
                        [manifest(app), weights(app)] if program == "scenario" else [manifest(app), "60"]
                    )
                    checks = run_checks(where / program, inputs, tools, STRICT)
                    good = checks.done > 0 and checks.failed == 0
                    passed, failed = passed + good, failed + (not good)
                    rows.append({"runtime": runtime, "sanitizers": flavour, "program": program, **counted(checks)})
                    print(f"{runtime}, {flavour}, {program}: {checks.done} checks, {checks.failed} failures")
                    if not good:
                        print(checks.output)
    if RECORD in arguments:
        compiler = tools.run([tools.require("c++"), "--version"]).stdout.splitlines()[0]
        write_page(add_record(RESULTS, {"compiler": compiler, "runs": rows}, tools))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def counted(checks: Checks) -> dict[str, int]:
    """What is kept of one program's run."""
    return {"checks": checks.done, "failures": checks.failed}


def write_page(history: Sequence[Mapping[str, Any]]) -> None:
    """sanitize.md: every run, the newest first."""
    lines = ["# Sanitizers", "", "Written by `nox -s sanitize -- --record ...`; do not edit."]
    for entry in reversed(history):
        lines += ["", f"## {entry['date']}, commit {entry['commit']}, {entry['compiler']}", ""]
        lines += ["| runtime | sanitizers | program | checks | findings |", "|---|---|---|---|---|"]
        keys = ("runtime", "sanitizers", "program", "checks", "failures")
        lines += [f"| {' | '.join(str(run[key]) for key in keys)} |" for run in entry["runs"]]
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
