"""What the programs of the Android SDK say, as frozen values. Exit codes lie, so only the positive proof counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handheld.platforms.android.argv import LOG_TAG

LISTED = "List of devices attached"
SHOWN = 12
"""Lines of a failed build that a person sees."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A device as adb lists it. `state` is adb's own word: device, offline, unauthorized, "no permissions", ..."""

    serial: str
    state: str
    model: str = ""

    @property
    def emulator(self) -> bool:
        """Whether it is a virtual one."""
        return self.serial.startswith("emulator-")


def attached(text: str) -> tuple[Attached, ...]:
    """`adb devices -l`."""
    found = []
    for line in text.partition(LISTED)[2].splitlines():
        match = re.match(r"(\S+)\s+(no permissions|\S+)(.*)$", line)
        if match and not line.startswith("*"):
            model = re.search(r"model:(\S+)", match[3])
            found.append(Attached(match[1], match[2], model[1].replace("_", " ") if model else ""))
    return tuple(found)


def server_started(text: str) -> bool:
    """Whether adb's answer says that it has just started its server."""
    return "daemon started successfully" in text


def installed(text: str) -> bool:
    """`adb install`: only the word on a line of its own is success."""
    return any(line.strip() == "Success" for line in text.splitlines())


def install_failure(text: str) -> tuple[str, str]:
    """The code (INSTALL_FAILED_...) and the words behind it; empty when there are none."""
    match = re.search(r"\b(INSTALL_[A-Z_]+)(?::\s*([^\]\n]*))?", text)
    return (match[1], (match[2] or "").strip()) if match else ("", "")


def seconds(text: str) -> str | None:
    """`date +%s`: the device's own clock, as the log's option takes it; None when it is anything else."""
    match = re.match(r"\s*(\d{9,})\s*$", text)
    return match[1] if match else None


def start_failure(text: str) -> list[str]:
    """`am start`: what it complains of. "Status: timeout" is a slow start, not a failed one."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s*(Error|adb: |error: )", line)]


def java_version(text: str) -> int | None:
    """`java -version`: the feature release, 17 for 17.0.15, 8 for 1.8.0."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def acceleration(text: str) -> str:
    """`emulator -accel-check`: why there is none, or ""."""
    match = re.search(r"^accel:\n(\d+)\n(.*?)(?:\naccel)?\s*$", text, re.MULTILINE | re.DOTALL)
    if match:
        return "" if match[1] == "0" else match[2].strip()
    return "" if "is installed and usable" in text else text.strip()


# Gradle.


def gradle_succeeded(text: str) -> bool:
    """Whether Gradle says so."""
    return any(line.startswith("BUILD SUCCESSFUL") for line in text.splitlines())


def gradle_idle(text: str) -> bool:
    """Whether there was nothing to do."""
    match = re.search(r"^(\d+) actionable tasks?: (.*)$", text, re.MULTILINE)
    return match is not None and "executed" not in match[2]


COMPILER = re.compile(r"^e: |\berror: |^AAPT: error|^ERROR: |^CMake Error|: error:")
WENT_WRONG = "* What went wrong:"


def gradle_reasons(lines: Sequence[str], root: str = "") -> list[str]:
    """The lines that say why a build failed: the compilers', else Gradle's paragraph; paths below `root` are cut."""
    compilers = [line.strip() for line in lines if COMPILER.search(line)]
    chosen = list(dict.fromkeys(compilers)) or _went_wrong(lines) or [line for line in lines if line.strip()][-6:]
    more = len(chosen) - SHOWN
    shown = [*chosen[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return [line.replace(f"file://{root}/", "").replace(f"{root}/", "") if root else line for line in shown]


def _went_wrong(lines: Sequence[str]) -> list[str]:
    chosen: list[str] = []
    inside = False
    for line in lines:
        if line.startswith(WENT_WRONG):
            inside = True
        elif line.startswith("* "):
            inside = False
        elif inside and line.strip():
            chosen.append(line.rstrip())
    return chosen


def unlicensed(lines: Sequence[str]) -> list[str]:
    """The packages that Gradle may not install because their licence was not accepted."""
    if not any("licences have not been accepted" in line for line in lines):
        return []
    names = (re.match(r"\s+([a-z-]+(?:;\S+)+)\s", line) for line in lines)
    return list(dict.fromkeys(match[1] for match in names if match))


# The log.


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of `logcat -v threadtime`."""

    pid: int
    level: str
    tag: str
    text: str


LINE = re.compile(r"^\d\d-\d\d \d\d:\d\d:\d\d\.\d+\s+(\d+)\s+\d+\s+([VDIWEFA])\s+(.*?)\s*: ?(.*)$")


def log_line(line: str) -> LogLine | None:
    """None for what is not a line of the log, such as `--------- beginning of main`."""
    match = LINE.match(line)
    return LogLine(int(match[1]), match[2], match[3], match[4]) if match else None


def own_message(line: str) -> str | None:
    """What the app itself wrote."""
    found = log_line(line)
    return found.text if found and found.tag == LOG_TAG else None


def crash_hook(package: str) -> Callable[[str], str | None]:
    """Tells what a log says of the end of an app: an exception, a signal, no answer, too little memory."""
    crash = _Crash(package)

    def tell(line: str) -> str | None:
        found = log_line(line)
        return crash.told(found) if found else None

    return tell


class _Crash:
    """Remembers whose exception or tombstone the log is telling of: other apps crash too."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._begun = ""
        self._exception = self._tombstone = False

    def told(self, line: LogLine) -> str | None:
        text, package = line.text, self._package
        match line.tag:
            case "AndroidRuntime":
                return self._of_exception(text)
            case "DEBUG":
                return self._of_tombstone(text)
            case "libc":
                named = re.search(r"pid \d+ \((.*)\)$", text)
                return text if named and package.endswith(named[1]) else None
            case "ActivityManager":
                ends = rf"ANR in {re.escape(package)}\b|Process {re.escape(package)} \(pid \d+\) has died"
                return text if re.search(ends, text) else None
            case "lowmemorykiller" | "lmkd":
                return text if f"Kill '{package}'" in text else None
        return None

    def _of_exception(self, text: str) -> str | None:
        if text.startswith("FATAL EXCEPTION"):
            self._begun, self._exception = text, False
            return None
        if text.startswith("Process:"):
            self._exception = text.startswith(f"Process: {self._package},")
            return self._begun if self._exception else None
        return text if self._exception else None

    def _of_tombstone(self, text: str) -> str | None:
        if ">>>" in text:
            self._tombstone = f">>> {self._package} <<<" in text
        return _told(text) if self._tombstone else None


def _told(text: str) -> str | None:
    """Of a native crash: the signal, the message, the frames; not the registers."""
    tells = re.match(r"\s*(signal \d+|Abort message|Cause:|#\d\d |pid: )", text)
    return text.strip() if tells else None


# Instrumented tests.


@dataclass(frozen=True, slots=True)
class TestRun:
    """What `am instrument -r` says. `finished` is true only when it came to its regular end."""

    __test__ = False  # pytest takes every Test... for a test

    ran: int
    failures: tuple[str, ...]
    finished: bool
    message: str = ""


WRONG = re.compile(r"^(?:INSTRUMENTATION_RESULT: (?:shortMsg|longMsg)=|INSTRUMENTATION_FAILED: )(.*)$", re.MULTILINE)


def instrumentation(text: str) -> TestRun:
    """Status codes: 1 a test begins, 0 it passed, -1 and -2 it failed, -3 and -4 it was skipped."""
    ran, failures = 0, []
    status: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith("INSTRUMENTATION_STATUS_CODE:"):
            code = int(line.partition(":")[2])
            ran += code in {0, -1, -2}
            if code in {-1, -2}:
                first = status.get("stack", "").strip().partition("\n")[0]
                failures.append(f"{status.get('class', '?').rpartition('.')[2]}.{status.get('test', '?')}: {first}")
            status, key = {}, ""
        elif line.startswith("INSTRUMENTATION_STATUS:"):
            key, _, value = line.partition(":")[2].strip().partition("=")
            status[key] = value
        elif key and not line.startswith("INSTRUMENTATION_"):
            status[key] += "\n" + line
    wrong = WRONG.search(text)
    end = re.search(r"^INSTRUMENTATION_CODE: (-?\d+)", text, re.MULTILINE)
    finished = end is not None and end[1] == "-1" and wrong is None
    return TestRun(ran, tuple(failures), finished, wrong[1] if wrong else "")


# The emulator's own output.


def emulator_reasons(text: str) -> list[str]:
    """The lines that say why an emulator did not come up."""
    bad = re.compile(r"FATAL|ERROR|PANIC|requires hardware acceleration|acceleration status", re.IGNORECASE)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return list(dict.fromkeys(line for line in lines if bad.search(line)))[:6] or lines[-4:]


def no_disk_space(text: str) -> tuple[int, int] | None:
    """Free and needed bytes when the emulator says that the disk is too small."""
    match = re.search(r"Not enough space to create userdata partition\. Available: ([\d.]+) MB.*need ([\d.]+) MB", text)
    return (int(float(match[1]) * 2**20), int(float(match[2]) * 2**20)) if match else None
