"""Plays a tool of a phone's SDK from a scenario: `install(folder, "adb")` makes an adb that says what was recorded.

The scenario is a TOML file (named by HANDHELD_REPLAY) that lists, for each tool, what it is asked and what it says:

    [[adb]]
    argv = ["devices", "-l"]            # a pattern for each argument (as in a shell); "**" at the end: any more
    out = "adb/devices-two.txt"         # a file of HANDHELD_TRANSCRIPTS; or text = "..."
    code = 0                            # exit code; SIGKILL and the like as negative numbers
    times = 1                           # this often, then the next row that fits; without it, always
    after = "emulator"                  # fits only when a call that begins with these words came before ...
    before = "emulator"                 # ... or none has come yet
    delay = 0.2                         # seconds before the first line
    hangs = true                        # says it all, then waits to be ended
    ends = "emulator"                   # ends calls of that tool that hang
    writes = { "app.apk" = "PK" }       # files it makes, relative to where it runs; "{-1}" stands for its last argument
    copies = { "{-1}" = "screen.png" }  # the same from a file beside the transcripts
    stdin = "no"                        # what it must be given
    env = { APP_KEYSTORE = "*" }        # what must stand in its environment
    may = true                          # need not happen (every other row must; `unused` says which did not)

A call that no row fits fails loudly: exit code 97, a line in `<scenario>.unexpected`. All calls are kept in
`<scenario>.calls`, one JSON line each.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

UNEXPECTED = 97
Row = Mapping[str, Any]


def main() -> int:
    """Play the tool that this program is called as."""
    tool, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    scenario = Path(os.environ["HANDHELD_REPLAY"])
    rows: Sequence[Row] = tomllib.loads(scenario.read_text(encoding="utf-8")).get(tool, [])
    with _calls(scenario) as calls:
        chosen = next((index for index, row in enumerate(rows) if _fits(row, index, tool, arguments, calls)), None)
        calls.append({"tool": tool, "argv": arguments, "row": chosen, "pid": os.getpid(), "cwd": str(Path.cwd())})
        known = list(calls)
    if chosen is None:
        return _unexpected(scenario, f"{tool} {' '.join(arguments)}")
    row = rows[chosen]
    for name, pattern in row.get("env", {}).items():
        if not fnmatchcase(os.environ.get(name, ""), pattern):
            return _unexpected(scenario, f"{tool} {' '.join(arguments)} with {name}={os.environ.get(name)!r}")
    if "stdin" in row and row["stdin"] not in (given := sys.stdin.read()):
        return _unexpected(scenario, f"{tool} {' '.join(arguments)} was given {given!r}")
    return _play(row, arguments, known)


def install(folder: Path, *tools: str) -> None:
    """Make programs of these names in a folder. They need no PATH, and start without anything of the person's."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in tools:
        program = folder / tool
        here = str(Path(__file__).parent)
        lines = ["import sys", f"sys.path.insert(0, {here!r})", "import replay", "sys.exit(replay.main())"]
        program.write_text("\n".join([f"#!{sys.executable} -IS", *lines, ""]), encoding="utf-8")
        program.chmod(0o755)


def unused(scenario: Path) -> list[str]:
    """The rows of a scenario that had to happen and did not."""
    tables = tomllib.loads(scenario.read_text(encoding="utf-8"))
    played = {(call["tool"], call["row"]) for call in calls_of(scenario)}
    return [
        f"{tool} {' '.join(row['argv'])}"
        for tool, rows in tables.items()
        for index, row in enumerate(rows)
        if (tool, index) not in played and not row.get("may")
    ]


def calls_of(scenario: Path) -> list[dict[str, Any]]:
    """All calls so far."""
    path = scenario.with_suffix(".calls")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def unexpected(scenario: Path) -> list[str]:
    """All calls that no row fitted."""
    path = scenario.with_suffix(".unexpected")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _fits(row: Row, index: int, tool: str, arguments: Sequence[str], calls: Sequence[Row]) -> bool:
    patterns = list(row["argv"])
    if patterns and patterns[-1] == "**":
        patterns.pop()
        arguments = arguments[: len(patterns)]
    if len(patterns) != len(arguments) or not all(map(fnmatchcase, arguments, patterns)):
        return False
    said = [f"{call['tool']} {' '.join(call['argv'])}" for call in calls]
    if "after" in row and not any(line.startswith(row["after"]) for line in said):
        return False
    if "before" in row and any(line.startswith(row["before"]) for line in said):
        return False
    played = sum(call["tool"] == tool and call["row"] == index for call in calls)
    return bool(played < row.get("times", sys.maxsize))


def _play(row: Row, arguments: Sequence[str], calls: Sequence[Row]) -> int:
    time.sleep(row.get("delay", 0))
    for pattern, content in row.get("writes", {}).items():
        _target(pattern, arguments).write_bytes(content.encode())
    transcripts = Path(os.environ.get("HANDHELD_TRANSCRIPTS", "."))
    for pattern, name in row.get("copies", {}).items():
        _target(pattern, arguments).write_bytes((transcripts / name).read_bytes())
    sys.stdout.write((transcripts / row["out"]).read_text(encoding="utf-8") if "out" in row else row.get("text", ""))
    sys.stdout.flush()
    for call in calls:
        if call["tool"] == row.get("ends"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(call["pid"], signal.SIGTERM)
    if row.get("hangs"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            time.sleep(1)
    code = row.get("code", 0)
    if code < 0:
        os.kill(os.getpid(), -code)
    return int(code)


def _target(pattern: str, arguments: Sequence[str]) -> Path:
    inner = pattern.strip("{}")
    path = Path(arguments[int(inner)]) if inner != pattern else Path(pattern)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _unexpected(scenario: Path, what: str) -> int:
    with scenario.with_suffix(".unexpected").open("a", encoding="utf-8") as file:
        file.write(what + "\n")
    sys.stderr.write(f"replay: no row of {scenario.name} fits: {what}\n")
    return UNEXPECTED


@contextlib.contextmanager
def _calls(scenario: Path) -> Iterator[list[dict[str, Any]]]:
    """All calls so far; what is added in the block is kept. One process at a time."""
    with scenario.with_suffix(".calls").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        calls = [json.loads(line) for line in file]
        known = len(calls)
        yield calls
        for call in calls[known:]:
            file.write(json.dumps(call) + "\n")
        file.flush()


if __name__ == "__main__":
    sys.exit(main())
