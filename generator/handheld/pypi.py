"""Downloads one package archive with pip, the ordinary client: mirrors, proxies and credentials work as configured."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
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
    from handheld.tools import Tools


def archive_lock(sha256: str) -> str:
    """The name of the lock that protects an archive in the cache."""
    return f"archive-{sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An archive: pinned, its hash, "wheel" or "sdist", its bytes when known.

    `python` and `platform` are what a wheel was built for, when it is for one.
    """

    requirement: str
    sha256: str
    kind: str
    size: int | None = None
    python: str | None = None
    platform: str | None = None


def fetch(tools: Tools, wanted: Wanted, progress: Progress) -> Path:
    """See `Tools.fetch_pypi`."""
    target = tools.cache / "archives" / wanted.sha256
    name = archive_lock(wanted.sha256)
    with tools.lock(name, progress):
        cached = _cached(target, wanted.sha256)
        if cached is not None:
            return cached
        check_space(tools.cache, wanted.requirement, wanted.size or 0)
        with staged(tools.cache, name, wanted.requirement) as work:
            with progress.task(f"Downloading {wanted.requirement}", wanted.size) as handle:
                found = _download(tools, wanted, work, handle)
            got = sha256_of(found)
            if got != wanted.sha256:
                raise HashMismatch(wanted.requirement, wanted.sha256, got, _SHOW_INDEX)
            put(found.parent, target)
            return target / found.name


def _cached(target: Path, sha256: str) -> Path | None:
    """The archive when it is there and whole. It is hashed each time: it is used once, to be taken apart."""
    for path in target.glob("*"):
        if sha256_of(path) == sha256:
            return path
    discard(target)
    return None


def _download(tools: Tools, wanted: Wanted, work: Path, handle: ProgressHandle) -> Path:
    """Run pip until the archive is there; gives its path, alone in its folder."""
    out, temp, seen, listed = work / "out", work / "tmp", work / "seen", work / "requirements.txt"
    for folder in (out, temp, seen):
        folder.mkdir()
    listed.write_text(f"{wanted.requirement} --hash=sha256:{wanted.sha256}\n", encoding="utf-8")
    command = [*_pip(), "download", *_options(wanted), "--dest", str(out), "--requirement", str(listed)]
    watch = _Watch(temp, seen, handle, wanted)
    done = tools.stream(command, watch.line, env=_environment(temp), check=False, on_tick=watch.tick)
    whole = watch.whole()
    if whole is not None:
        return whole
    found = [path for path in out.iterdir() if path.is_file()]
    if done.returncode != 0 or len(found) != 1:
        by_hand = shell_join([*_pip(), "download", "--no-deps", *_kind(wanted), wanted.requirement])
        words = (done.stdout, wanted.requirement, by_hand, tools.cache)
        raise explain(*words, size=wanted.size, sha256=wanted.sha256, cut=watch.was_cut())
    return found[0]


def _pip() -> list[str]:
    from handheld.tools import python  # noqa: PLC0415 - tools imports this module

    return [python(), "-m", "pip"]


def _options(wanted: Wanted) -> list[str]:
    # What is downloaded is data: which Python it was packed for does not matter. Our cache keeps it, not pip's too.
    quiet = ["--progress-bar=off", "--no-cache-dir", "--ignore-requires-python"]
    # Verbose: without it pip does not say why it could not reach an index.
    return ["-vv", "--no-deps", "--require-hashes", *quiet, *_kind(wanted)]


def _kind(wanted: Wanted) -> list[str]:
    # Only the package itself may be built from source: ":all:" would build its build tools too, for half a minute.
    name = wanted.requirement.partition("==")[0]
    kind = ["--no-binary", name] if wanted.kind == "sdist" else ["--only-binary", ":all:"]
    if wanted.python is not None:
        kind += ["--python-version", wanted.python]
    if wanted.platform is not None:
        kind += ["--platform", wanted.platform]
    return kind


def _environment(temp: Path) -> dict[str, str]:
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temp))
    switches = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
    return {**folders, **switches, "PYTHONUTF8": "1", "NO_COLOR": "1"}


class _Watch:
    """Looks at pip's temporary folder while it works: that tells how far it is, whatever its version.

    A source archive is taken as soon as it is whole. pip would go on to ask its build tools for metadata, which costs
    seconds, another download and the execution of foreign code, for something nobody needs.
    """

    def __init__(self, temp: Path, seen: Path, handle: ProgressHandle, wanted: Wanted) -> None:
        self._temp, self._seen, self._handle, self._wanted = temp, seen, handle, wanted
        self._size, self._exact = wanted.size, wanted.size is not None
        self._refused: Path | None = None

    def line(self, line: str) -> None:
        """Learn the size from pip's words when nobody knows it, and look: pip is at a new step."""
        self._look()
        found = re.search(r"Downloading .*\(([\d.]+) (bytes|kB|MB|GB)\)", line)
        if found and not self._exact:
            unit = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[found[2]]
            self._size = int(float(found[1]) * unit)

    def tick(self) -> bool:
        """Show the progress; True when there is nothing left that pip could do."""
        self._look()
        largest = self._largest()
        if largest is not None:
            self._handle.update(min(largest[0], self._size or largest[0]), self._size)
        return self.whole() is not None

    def whole(self) -> Path | None:
        """The source archive, once it is there."""
        done, path = self._largest() or (0, None)
        if path is None or self._wanted.kind != "sdist" or done != self._wanted.size or path == self._refused:
            return None
        if sha256_of(path) == self._wanted.sha256:
            return path
        self._refused = path
        return None

    def was_cut(self) -> bool:
        """Whether less came than was announced. Old versions of pip only notice that the hash is another one."""
        largest = self._largest()
        if largest is None or self._size is None:
            return False
        # pip rounds what it says.
        return largest[0] < self._size * (1 if self._exact else 0.95)

    def _look(self) -> None:
        """Give what pip downloads a second name, so that its tidying up does not hide what it got."""
        with contextlib.suppress(OSError):
            for path in self._temp.glob("pip-unpack-*/*"):
                with contextlib.suppress(FileExistsError):
                    (self._seen / path.name).hardlink_to(path)

    def _largest(self) -> tuple[int, Path] | None:
        return max(((path.stat().st_size, path) for path in self._seen.iterdir()), default=None)


_SHOW_INDEX = "pip config list shows the index in use"
_CUT = (
    "IncompleteRead|IncompleteDownload|incomplete-download|ChunkedEncodingError|Connection broken|Connection aborted|"
    "ConnectionResetError|Read timed out"
)
# pip goes on to its other indexes, and only says in the end that none has the package.
_UNREACHED = r"Could not fetch URL \S+: ((?!40[34] )[^\n]+) - skipping"
_NO_NETWORK = (
    "Failed to establish a new connection|Name or service not known|Temporary failure in name resolution|"
    "NameResolutionError|ConnectTimeout|Network is unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|"
    "Failed to resolve IP address|Failed to connect|No route to host|Connection refused|Max retries exceeded"
)
_NOT_THERE = r"No matching distribution found|Could not find a version|HTTP error 4\d\d|\b40[34] Client Error"


def explain(
    words: str, name: str, by_hand: str, cache: Path, *, size: int | None = None, sha256: str = "", cut: bool = False
) -> HandheldError:
    """Turn pip's words into an error with four parts.

    Args:
        words: All that pip has said.
        name: What was to be fetched.
        by_hand: The command that shows the failure alone.
        cache: The folder that pip wrote to.
        size: The bytes that it would take, when known.
        sha256: The hash that was wanted; by default the one that pip names.
        cut: Whether less came than was announced.
    """
    if "No module named pip" in words:
        return NoPip(_pip()[0])
    if cut and "No space left on device" not in words:
        return NoNetwork(name, "fewer bytes came than the server had announced", by_hand, cut=True)
    if "DO NOT MATCH THE HASHES" in words:
        got = re.search(r"Got\s+([0-9a-f]{64})", words)
        expected = sha256 or next(iter(re.findall(r"Expected sha256 ([0-9a-f]{64})", words)), "one of those listed")
        return HashMismatch(name, expected, got[1] if got else "", _SHOW_INDEX)
    if "No space left on device" in words or "Disk quota exceeded" in words:
        return DiskFull(name, cache, size)
    if "Permission denied" in words and str(cache) in words:
        return CacheReadOnly(cache, PermissionError("Permission denied"))
    if found := re.search(_UNREACHED, words):
        return NoNetwork(name, found[1], by_hand)
    if found := re.search(_CUT, words):
        return NoNetwork(name, found[0], by_hand, cut="Downloading" in words)
    if found := re.search(_NO_NETWORK, words):
        return NoNetwork(name, found[0], by_hand)
    if re.search(_NOT_THERE, words):
        return NotOnIndex(name, by_hand)
    return PipFailed(name, _last_error(words), by_hand)


def _last_error(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR") or "Error:" in line]
    return (errors or lines or ["It printed nothing."])[-1]
