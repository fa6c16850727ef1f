"""An app proves itself on a device: installed, started in self-test mode, its log watched, its picture taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from handheld.errors import HandheldError
from handheld.platforms import DeviceRun, RunOptions, Target, TaskResult
from handheld.platforms.android import argv, parse
from handheld.platforms.android.errors import InstallRefused, remedy
from handheld.platforms.errors import AppCrashed, NoResult, NotATest
from handheld.platforms.sentinel import Ending, task_results, watch
from handheld.progress import Progress, ProgressHandle
from handheld.render import RenderedApp
from handheld.tools import Tools

ANSWER = 60.0
"""Seconds that a device gets for a small command."""
INSTALL_LIMIT = 900.0
COLLECTED = (
    "report.json",
    "selftest.json",
    "screenshot.png",
    "logcat.txt",
    "tests.txt",
    "gradle.log",
    "emulator.log",
)
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class On:
    """One device and what reaches it."""

    adb: Path
    serial: str
    name: str
    reports: Path
    tools: Tools
    progress: Progress

    def ask(self, *arguments: str | Path, timeout: float = ANSWER) -> str:
        """Run an adb command and give all that it said; its exit code means nothing."""
        done = self.tools.run(argv.adb(self.adb, self.serial, *arguments), timeout=timeout, check=False)
        return f"{done.stdout}\n{done.stderr}"

    @property
    def log(self) -> Path:
        """The device's whole log of the run."""
        return self.reports / "logcat.txt"


def install_app(on: On, app: RenderedApp, package: Path) -> None:
    """Install a package.

    Raises:
        AppError: the device did not take it; the message says what helps.
    """
    command = argv.install_app(on.adb, on.serial, package)
    with _Seconds(on, f"Installing {app.lock.name} on {on.name}") as step:
        lines: list[str] = []
        done = on.tools.stream(command, lines.append, timeout=INSTALL_LIMIT, check=False, on_tick=step.tick)
        if not parse.installed(done.stdout):
            code, said = parse.install_failure(done.stdout)
            said = said or next((line.strip() for line in reversed(lines) if line.strip()), "")
            raise InstallRefused(app.lock.name, on.name, code, said, remedy(code, app.lock.package, on.serial))


def self_test(on: On, app: RenderedApp, limit: float) -> Mapping[str, Any]:
    """Start the app in self-test mode and wait for its result.

    Raises:
        AppError: it did not start, crashed, or gave no result.
    """
    _wake(on)
    said = on.ask("shell", "date", "+%s")
    since = parse.seconds(said)
    if since is None:
        raise NoResult(app.lock.name, on.name, "the device does not answer", said.split("\n"), on.log)
    try:
        return _result(on, app, since, limit)
    finally:
        _keep_log(on, since)


def _result(on: On, app: RenderedApp, since: str, limit: float) -> Mapping[str, Any]:
    if wrong := parse.start_failure(_start(on, app, self_test=True)):
        raise NoResult(app.lock.name, on.name, "it could not be started", wrong, on.log)
    with _Seconds(on, f"Running the golden cases on {on.name}") as step:
        ending = watch(
            argv.logcat(on.adb, on.serial, since, *argv.WATCHED),
            on.tools,
            limit=limit,
            message=parse.own_message,
            crash=parse.crash_hook(app.lock.package),
            on_tick=lambda seconds: step.handle.update(int(seconds)),
        )
        if ending.result is None:
            raise _no_result(on, app, ending, limit)
        return ending.result


def _no_result(on: On, app: RenderedApp, ending: Ending, limit: float) -> HandheldError:
    if ending.why == "crash":
        return AppCrashed(app.lock.name, on.name, ending.crash, on.log)
    how = {"limit": f"nothing came for {limit:.0f} s", "ended": "the connection to the device ended"}[ending.why]
    if ending.broken:
        how += f", and what had come was not whole: {ending.broken[:120]}"
    return NoResult(app.lock.name, on.name, how, ending.lines, on.log)


def _start(on: On, app: RenderedApp, *, self_test: bool) -> str:
    command = argv.start_app(on.adb, on.serial, app.lock.package, self_test=self_test)
    done = on.tools.run(command, timeout=ANSWER, check=False)
    return f"{done.stdout}\n{done.stderr}"


def _wake(on: On) -> None:
    """A phone whose screen is off computes slowly, and its picture is black."""
    on.ask("shell", "input", "keyevent", "KEYCODE_WAKEUP")
    on.ask("shell", "wm", "dismiss-keyguard")


def _keep_log(on: On, since: str) -> None:
    """The log is most wanted when something failed, and must not replace that failure by its own."""
    with suppress(HandheldError), on.log.open("w", encoding="utf-8") as file:
        dump = argv.logcat(on.adb, on.serial, since, dump=True)
        on.tools.stream(dump, lambda line: _line(file.write, line), timeout=ANSWER, check=False)


def _line(write: Callable[[str], object], line: str) -> None:
    write(line + "\n")


def whole(on: On, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The full report that the app wrote to a file; the log's line when it cannot be brought."""
    path = on.reports / "selftest.json"
    path.unlink(missing_ok=True)
    if place := result.get("file"):
        with suppress(HandheldError):
            on.ask("pull", str(place), path)
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return result
    agrees = isinstance(report, dict) and report.get("passed") == result["passed"]
    return {**result, **report} if agrees else result


def picture(on: On, app: RenderedApp) -> str:
    """Open the app as a person does and take a picture; gives a note when there is none."""
    path = on.reports / "screenshot.png"
    path.unlink(missing_ok=True)
    # On some devices `am start -W` never returns; the app is there all the same.
    with suppress(HandheldError):
        _start(on, app, self_test=False)
    with suppress(HandheldError):
        on.ask("shell", "screencap", "-p", argv.DEVICE_PICTURE)
        on.ask("pull", argv.DEVICE_PICTURE, path)
        on.ask("shell", "rm", "-f", argv.DEVICE_PICTURE)
    if path.is_file() and path.read_bytes().startswith(PNG):
        return ""
    path.unlink(missing_ok=True)
    return f"No picture could be taken on {on.name}."


def instrumented(on: On, app: RenderedApp, limit: float) -> parse.TestRun:
    """Run the instrumented tests.

    Raises:
        AppError: none ran, or they did not come to their end.
    """
    path = on.reports / "tests.txt"
    lines: list[str] = []
    command = argv.instrument(on.adb, on.serial, app.lock.package)
    with _Seconds(on, f"Running the instrumented tests on {on.name}") as step:
        try:
            on.tools.stream(command, lines.append, timeout=limit, check=False, on_tick=step.tick)
        finally:
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = parse.instrumentation("\n".join(lines))
    if not done.ran or not done.finished:
        raise NotATest(done.message or "\n".join(lines[-4:]), path)
    return done


def device_run(
    target: Target, on: On, result: Mapping[str, Any], options: RunOptions, tests: parse.TestRun | None, note: str
) -> DeviceRun:
    """Put the outcome together: passed is what the app says, of every task, and of every test."""
    tasks = tuple(task for task in task_results(result) if options.task in {None, task.task})
    failures = tests.failures if tests else ()
    passed = bool(tasks) and all(task.passed for task in tasks) and not failures
    if options.task is None:
        passed = passed and result["passed"] is True
    run = DeviceRun(target, on.name, passed, tasks, tests.ran if tests else 0, failures, note=note)
    (on.reports / "report.json").write_text(_report(run, on), encoding="utf-8")
    return replace(run, files=_files(on))


def _report(run: DeviceRun, on: On) -> str:
    tasks = [_task(task) for task in run.tasks]
    level = "emulator" if on.serial.startswith("emulator-") else "device"
    head = {"target": str(run.target), "device": run.device, "level": level, "passed": run.passed, "golden": tasks}
    return json.dumps({**head, "tests": run.tests, "failures": run.failures}, indent=2, ensure_ascii=False) + "\n"


def _task(task: TaskResult) -> dict[str, object]:
    return {"task": task.task, "passed": task.passed, "text": task.text, "message": task.message, "report": task.report}


def _files(on: On) -> tuple[Path, ...]:
    return tuple(path for path in (on.reports / name for name in COLLECTED) if path.is_file())


def forget(reports: Path) -> None:
    """Remove what an earlier run has left: nobody may take it for this one's."""
    for name in COLLECTED:
        (reports / name).unlink(missing_ok=True)


class _Seconds:
    """A step that shows how long it takes."""

    def __init__(self, on: On, title: str) -> None:
        self._on, self._title = on, title
        self.handle: ProgressHandle

    def __enter__(self) -> Self:
        self._begin = self._on.tools.clock()
        self.handle = self._on.progress.task(self._title, unit="s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.handle.__exit__(kind, error, trace)

    def tick(self) -> bool:
        """Show the seconds; never stops what runs."""
        self.handle.update(int(self._on.tools.clock() - self._begin))
        return False
