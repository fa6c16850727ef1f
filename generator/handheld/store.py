"""How files lie in the cache: whole or not at all, found by hash, and checked again each time they are used.

    archives/<sha256>/<file>             packages as downloaded, until what is needed was taken out
    models/<sha256>/<file>, licence/     models; those that are made here, and differ, under their recipe
    environments/<name>/                 what programs run in that make models; see conversion.py
    sources/<key>/tree/                  third-party sources, filtered
    hub/, hashes/, terms/                small JSON notes
    tmp/, locks/                         work in progress

Everything is made in tmp/ and renamed into place, so that a process may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handheld.errors import CacheReadOnly, DiskFull
from handheld.progress import ProgressHandle

STAMP = "stamp.json"
CHUNK = 1 << 20
SAMPLES = 16
SAMPLE_BYTES = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was like when its hash was known to be right. `sample` is the hash of blocks spread over it."""

    bytes: int
    mtime_ns: int
    sha256: str
    sample: str


def stamp_of(path: Path, sha256: str) -> Stamp:
    """The stamp of a file whose hash is known."""
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, sha256, sample_of(path))


def is_intact(path: Path, stamp: Stamp) -> bool:
    """Whether a file still is what its stamp says.

    Size, time and a sample of its bytes are compared; when only the time differs (a copied or restored cache), the
    whole hash decides.
    """
    try:
        status = path.stat()
        if status.st_size != stamp.bytes or sample_of(path) != stamp.sample:
            return False
        return status.st_mtime_ns == stamp.mtime_ns or sha256_of(path) == stamp.sha256
    except OSError:
        return False


def sample_of(path: Path) -> str:
    """The hash of blocks spread evenly over a file, the first and the last among them; milliseconds for any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        last = max(size - SAMPLE_BYTES, 0)
        for index in range(SAMPLES):
            file.seek(last * index // (SAMPLES - 1))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def sha256_of(path: Path, handle: ProgressHandle | None = None) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if handle is not None:
                handle.update(done)
    return digest.hexdigest()


def tree_sha256(path: Path, handle: ProgressHandle | None = None) -> str:
    """The SHA-256 of a file; of a folder, that of its files' names and hashes, sorted."""
    if not path.is_dir():
        return sha256_of(path, handle)
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    lines = "".join(f"{name} {sha256_of(path / name)}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def tree_bytes(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def key_of(*values: object) -> str:
    """A short name for a combination of plain values; the same values give the same name on every machine."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


@contextlib.contextmanager
def staged(cache: Path, name: str, what: str) -> Iterator[Path]:
    """A new empty folder in the cache's tmp/, gone after the block, with whatever is left in it.

    What a killed process left under the same `name` goes first, so the caller has to hold the lock for it. A full disk
    becomes a DiskFull that says `what` could not be written, a refused write a CacheReadOnly.
    """
    with writing(cache, what):
        folder = cache / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob(f"{name}-*"):
            discard(stale)
        place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        try:
            yield place
        finally:
            discard(place)


@contextlib.contextmanager
def writing(folder: Path, what: str, needed: int | None = None) -> Iterator[None]:
    """Give an OSError about space or rights its explanation."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(what, folder, needed) from error
        if error.errno in _REFUSED:
            raise CacheReadOnly(folder, error) from error
        raise


def check_space(folder: Path, what: str, needed: int) -> None:
    """Refuse at once what cannot end well.

    Raises:
        DiskFull: fewer than `needed` bytes are free.
    """
    place = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), None)
    if place is not None and shutil.disk_usage(place).free < needed:
        raise DiskFull(what, folder, needed)


def put(staged_folder: Path, target: Path) -> None:
    """Rename a finished folder into its place; what was there (damaged, or the caller would not be here) goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        old = staged_folder.with_name(staged_folder.name + "-old")
        target.rename(old)
        discard(old)
    staged_folder.rename(target)


def discard(path: Path) -> None:
    """Remove a file or folder; harmless when it is not there, or when somebody else removes it too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def write_note(path: Path, value: Mapping[str, Any]) -> None:
    """Write a small JSON file, whole or not at all."""
    with writing(path.parent, path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(value, file, indent=1, sort_keys=True)
            Path(name).replace(path)
        except BaseException:
            discard(Path(name))
            raise


def read_note(path: Path) -> dict[str, Any] | None:
    """Read a small JSON file; None when it is missing or damaged: a note can always be made again."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Write one stamp."""
    write_note(path, asdict(stamp))


def read_stamp(note: object) -> Stamp | None:
    """One stamp from a note's value; None when it is none."""
    try:
        return Stamp(**note) if isinstance(note, dict) else None
    except TypeError:
        return None
