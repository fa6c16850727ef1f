"""The real command line, in a process of its own; through a pipe or in a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of stdout as one JSON document."""
        return json.loads(self.out)

    @property
    def events(self) -> list[Any]:
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Command:
    """`handheld`, in a folder, with an environment."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *arguments: str | Path,
        stdin: bytes = b"",
        exit_code: int | None = 0,
        environ: Mapping[str, str] | None = None,
    ) -> Done:
        """Run it to the end; the exit code must be the one given (None: any)."""
        argv = self._argv(arguments)
        environment = self._environ(environ or {})
        process = subprocess.run(argv, cwd=self.folder, env=environment, input=stdin, capture_output=True, check=False)
        done = Done(process.returncode, process.stdout.decode("utf-8", "replace"), process.stderr.decode())
        assert exit_code in {None, done.exit_code}, f"{argv} ended with {done.exit_code}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err, done.err
        return done

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start it; stdout and stderr are pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._argv(arguments), cwd=self.folder, env=self._environ({}), stdin=pipe, stdout=pipe, stderr=pipe
        )

    def terminal(self, *arguments: str | Path) -> Terminal:
        """Start it in a terminal of its own."""
        return Terminal(self._argv(arguments), self.folder, self._environ({}))

    def _argv(self, arguments: Sequence[str | Path]) -> list[str]:
        return [sys.executable, "-m", "handheld", *map(str, arguments)]

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        package = Path(__file__).resolve().parents[2] / "generator"
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return {**inherited, "PYTHONPATH": str(package), **self.environ, **more}


class Terminal:
    """A process in a pseudo-terminal: what a person sees and types."""

    def __init__(self, argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        self.seen = ""
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execve(argv[0], list(argv), {**environ, "TERM": "dumb", "COLUMNS": "100"})

    def type(self, text: str) -> None:
        r"""Press keys; \x03 is Ctrl-C, \x04 Ctrl-D."""
        os.write(self._screen, text.encode())

    def wait_for(self, text: str, seconds: float = 120) -> str:
        """Wait until a text is seen after all that was waited for before; gives what came before it."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} never came:\n{self.seen}"
            if select.select([self._screen], [], [], 0.2)[0]:
                data = self._read()
                assert data or text in self.seen, f"it ended without {text!r}:\n{self.seen}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def end(self, seconds: float = 60, press: str = "") -> int:
        """Wait for its end, pressing a key every second (one that comes too early is lost); gives the exit code."""
        end = time.monotonic() + seconds
        pressed = 0.0
        while time.monotonic() < end:
            if press and time.monotonic() > pressed + 1:
                pressed = time.monotonic()
                with contextlib.suppress(OSError):  # it has just ended
                    self.type(press)
            if select.select([self._screen], [], [], 0.05)[0]:
                self._read()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                os.close(self._screen)
                return os.waitstatus_to_exitcode(status)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        raise AssertionError(f"it did not end:\n{self.seen}")

    def _read(self) -> str:
        with contextlib.suppress(OSError):  # Linux says so at the end
            data = os.read(self._screen, 65536).decode("utf-8", "replace")
            self.seen += data
            return data
        return ""
