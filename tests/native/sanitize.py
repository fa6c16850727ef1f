"""The core under the sanitizers: python tests/native/sanitize.py [--record] [RUNTIME ...].

Address and undefined-behaviour sanitizers, and then the thread sanitizer, run the scenario and the threads on every
runtime that brings a tiny model, or on those named; a runtime's vendored sources are built that way too. `--record`
keeps the figures in docs/generated/sanitize.json and sanitize.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handheld.render import RenderedApp
from handheld.tools import Tools, open_tools
from native.records import add_record
from native.support import (
    SANITIZED,
    SHAPES,
    Checks,
    build,
    manifest,
    otherwise,
    render,
    run_checks,
    runtimes,
    tiny_file,
    weights,
)

RECORD = "--record"
RESULTS = Path("docs/generated/sanitize.json")
FLAVOURS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "generate": {"address,undefined": ("scenario", "threads"), "thread": ("threads", "scenario")},
    "embed": {"address,undefined": ("embed",), "thread": ("embed",)},
    "tensors": {"address,undefined": ("tensors", "image"), "thread": ("tensors",)},
}
"""By shape: sanitizers, and the programs that run under them."""


def main(arguments: list[str]) -> int:
    """Run every flavour for every runtime; prints one line each and the closing line."""
    names = [argument for argument in arguments if argument != RECORD]
    tools = open_tools()
    rows: list[dict[str, object]] = []
    built: dict[tuple[str, str], RenderedApp] = {}
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            for runtime in runtimes(shape):
                if not names or runtime in names:
                    rows += sanitized(runtime, shape, Path(folder), built, tools)
    failed = sum(row["checks"] == 0 or row["failures"] != 0 for row in rows)
    if RECORD in arguments:
        compiler = tools.run([tools.require("c++"), "--version"]).stdout.splitlines()[0]
        write_page(add_record(RESULTS, {"compiler": compiler, "runs": rows}, tools))
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed or not rows else 0


def sanitized(
    runtime: str, shape: str, folder: Path, built: dict[tuple[str, str], RenderedApp], tools: Tools
) -> Iterator[dict[str, object]]:
    """Every flavour of one runtime's shape; gives a row for each program.

    Shapes that share a task share its core, which is compiled once: `built` has the app that it came from.
    """
    task = SHAPES[shape].task
    place = folder / f"{runtime}-{shape}"
    place.mkdir()
    app = render(place / "app", runtime, tiny_file(runtime, shape, place), tools, task=task)
    core = built.setdefault((runtime, task), app)
    for flavour, programs in FLAVOURS[shape].items():
        options = [f"-DHH_SANITIZE={flavour}", *SANITIZED]
        where = core.directory.parent / flavour.partition(",")[0]
        build(core, where, programs, tools, arguments=options)
        for program in programs:
            checks = run_checks(where / program, inputs_of(program, runtime, app), tools, strict(where, app))
            print(f"{runtime}, {flavour}, {program}: {checks.done} checks, {checks.failed} failures")
            if checks.done == 0 or checks.failed:
                print(checks.output)
            yield {"runtime": runtime, "sanitizers": flavour, "program": program, **counted(checks)}


def inputs_of(program: str, runtime: str, app: RenderedApp) -> list[str | Path]:
    """What a program is given."""
    match program:
        case "image":
            return ["3000"]
        case "threads":
            return [manifest(app), "60"]
        case "tensors":
            return [manifest(app), weights(app), *otherwise(runtime)]
        case _:
            return [manifest(app), weights(app)]


def strict(where: Path, app: RenderedApp) -> dict[str, str]:
    """Every finding ends the program.

    In libraries that are opened as they are, the thread sanitizer does not see what locks what, and takes the end of
    one for a mutex that nobody had locked.
    """
    opened = where / "opened.supp"
    opened.write_text("".join(f"called_from_lib:{library.name}\n" for library in app.lock.libraries), encoding="utf-8")
    return {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "TSAN_OPTIONS": f"halt_on_error=1:suppressions={opened}:report_mutex_bugs={int(not app.lock.libraries)}",
    }


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
