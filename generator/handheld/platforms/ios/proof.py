"""What simulator and phone share once the app is installed: its answer, what became of it, the files of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from handheld.platforms import DeviceRun, RunOptions, Target
from handheld.platforms.errors import AppCrashed, NoResult
from handheld.platforms.ios import argv, facts
from handheld.platforms.ios.facts import TestCounts
from handheld.platforms.sentinel import Ending, task_results, watch
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

CRASH_REPORTS = "Library/Logs/DiagnosticReports"


def accept(device: str, lines: tuple[str, ...]) -> None:
    """No other reason is known why there is no result."""
    del device, lines


def prove(
    command: argv.Argv,
    app: RenderedApp,
    device: str,
    options: RunOptions,
    log: Path,
    tools: Tools,
    progress: Progress,
    *,
    refuse: Callable[[str, tuple[str, ...]], None] = accept,
) -> Mapping[str, Any]:
    """Start the app's self-test and give its result.

    `refuse` gets the last lines of the log when there is none, and raises what only its kind of device knows.

    Raises:
        AppError: the app crashed, ended or gave no result in time.
    """
    before = set(crash_reports(app, tools))
    with log.open("w", encoding="utf-8") as file, progress.task("Proving itself", int(options.limit), "s") as handle:

        def keep(line: str) -> None:
            file.write(f"{line}\n")

        ending = watch(
            command,
            tools,
            limit=options.limit,
            crash=facts.crash_line,
            keep=keep,
            on_tick=lambda seconds: handle.update(int(seconds)),
        )
    if ending.result is not None:
        return ending.result
    refuse(device, ending.lines)
    new = [path for path in crash_reports(app, tools) if path not in before]
    if ending.crash or new:
        raise AppCrashed(app.lock.name, device, (*ending.crash, *(f"crash report: {path}" for path in new)), log)
    raise NoResult(app.lock.name, device, _how(ending, options.limit), ending.lines, log)


def _how(ending: Ending, limit: float) -> str:
    if ending.broken:
        return f"what it printed is no whole result: {ending.broken[:200]}"
    return f"none in {limit:.0f} s" if ending.why == "limit" else "it ended before it had one"


def crash_reports(app: RenderedApp, tools: Tools) -> tuple[Path, ...]:
    """What the system wrote about crashes of this app."""
    folder = Path(tools.environ.get("HOME", "")) / CRASH_REPORTS
    return tuple(sorted(folder.glob(f"{app.lock.module}-*.ips")))


def whole(result: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """The report that the app wrote to a file, when it is of the same run; the printed one is cut to fit into a log."""
    try:
        full = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return result
    same = isinstance(full, Mapping) and full.get("passed") == result.get("passed") and full.get("tasks")
    return full if same else result


def device_run(
    target: Target,
    device: str,
    result: Mapping[str, Any],
    options: RunOptions,
    counts: TestCounts | None,
    files: Sequence[Path],
    note: str = "",
) -> DeviceRun:
    """The run as a value: passed only when every task that was asked for passed, and every test."""
    tasks = tuple(task for task in task_results(result) if options.task in (None, task.task))
    proven = bool(tasks) and all(task.passed for task in tasks)
    tested = counts is None or counts.failed == 0
    return DeviceRun(
        target=target,
        device=device,
        passed=proven and tested and (options.task is not None or result["passed"] is True),
        tasks=tasks,
        tests=counts.total if counts else 0,
        failures=counts.failures if counts else (),
        files=tuple(path for path in files if path.exists()),
        note=note,
    )
