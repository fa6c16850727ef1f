"""`HANDHELD RESULT {json}` out of a log stream: the one line that an app prints when it has proven itself.

No line is no pass. Logs cut long lines and put prefixes before each part, so a result may come in pieces; a crash is
told by a hook of the platform, which knows what one looks like.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from handheld.platforms import TaskResult
from handheld.tools import Tools

SENTINEL = "HANDHELD RESULT "
LONGEST = 64 * 1024
"""Characters after which a result that is still not whole is given up."""
SETTLE = 1.0
"""Seconds that a crash gets to tell the rest of its story."""
KEPT = 40
"""Lines of the log that an ending keeps."""

Message = Callable[[str], str | None]
"""Takes a line of the log and gives what the app itself wrote, without prefix; None when another program wrote it."""
CrashHook = Callable[[str], str | None]
"""Takes a line of the log and gives what of it tells of a crash of the app; None when nothing does."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a watched log ended.

    `why` is "result", "crash", "limit" (the time was over) or "ended" (the log's program ended first). `crash` holds
    what the hook gave. `broken` is a result that was begun and never whole. `lines` are the last ones of the log.
    """

    why: Literal["result", "crash", "limit", "ended"]
    result: Mapping[str, Any] | None = None
    crash: tuple[str, ...] = ()
    broken: str = ""
    lines: tuple[str, ...] = ()


class ResultReader:
    """Puts a result together from the lines of a log."""

    def __init__(self, message: Message = str) -> None:
        self._message = message
        self._text: str | None = None
        self.result: Mapping[str, Any] | None = None

    @property
    def broken(self) -> str:
        """What there is of a result that is not whole."""
        return "" if self.result is not None else self._text or ""

    def feed(self, line: str) -> bool:
        """Take a line of the log; True when the result is whole."""
        text = self._message(line)
        if text is None or self.result is not None:
            return self.result is not None
        _, begun, rest = text.partition(SENTINEL)
        if begun:
            self._text = rest
        elif self._text is not None and len(self._text) < LONGEST:
            self._text += text
        if self._text is not None:
            self.result = _parsed(self._text)
        return self.result is not None


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return None
    return value if isinstance(value, Mapping) and isinstance(value.get("passed"), bool) else None


def watch(
    argv: Sequence[str | Path],
    tools: Tools,
    *,
    limit: float,
    message: Message = str,
    crash: CrashHook = lambda _: None,
    keep: Callable[[str], None] = lambda _: None,
    on_tick: Callable[[float], None] = lambda _: None,
) -> Ending:
    """Run a program that prints a log until the result is there, the app has crashed, or the time is over.

    Args:
        argv: Such as `adb logcat` or `xcrun simctl launch --console`.
        tools: The outside.
        limit: Seconds.
        message: See `Message`.
        crash: See `CrashHook`.
        keep: Gets every line, for a log file.
        on_tick: Called about ten times a second with the seconds that have gone by.

    Raises:
        MachineError: the program is missing.
    """
    reader = ResultReader(message)
    story: list[str] = []
    lines: deque[str] = deque(maxlen=KEPT)
    begin = tools.clock()
    crashed_at: float | None = None

    def take(line: str) -> None:
        nonlocal crashed_at
        keep(line)
        lines.append(line)
        told = None if reader.feed(line) else crash(line)
        if told is not None:
            story.append(told)
            crashed_at = tools.clock() if crashed_at is None else crashed_at

    def over() -> bool:
        now = tools.clock()
        on_tick(now - begin)
        settled = crashed_at is not None and now - crashed_at > SETTLE
        return reader.result is not None or settled or now - begin > limit

    tools.stream(argv, take, on_tick=over, check=False)
    why: Literal["result", "crash", "limit", "ended"] = "ended"
    if reader.result is not None:
        why = "result"
    elif story:
        why = "crash"
    elif tools.clock() - begin > limit:
        why = "limit"
    return Ending(why, reader.result, tuple(story), reader.broken, tuple(lines))


def task_results(result: Mapping[str, Any]) -> tuple[TaskResult, ...]:
    """The tasks of a result. One that is not told of is not passed: a result may have been cut to fit into the log."""
    return tuple(_task_result(row) for row in result.get("tasks") or () if isinstance(row, Mapping))


def _task_result(row: Mapping[str, Any]) -> TaskResult:
    missing = row.get("missing") or ()
    lacks = f"the answer does not contain {', '.join(map(repr, missing))}" if missing else ""
    report = row.get("report")
    return TaskResult(
        task=str(row.get("task", "")),
        passed=row.get("passed") is True,
        text=str(row.get("text", "")),
        message=str(row.get("message", "")) or lacks,
        report=report if isinstance(report, Mapping) else {},
    )
