"""Prebuilt libraries that runtimes open, for this machine: fetched by hash into the cache, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from handheld.pypi import archive_lock
from handheld.store import (
    CHUNK,
    STAMP,
    discard,
    is_intact,
    put,
    read_note,
    read_stamp,
    sha256_of,
    staged,
    stamp_of,
    write_note,
)

if TYPE_CHECKING:
    from handheld.lock import LockedLibrary
    from handheld.progress import Progress
    from handheld.tools import Tools


def fetch_libraries(
    libraries: Sequence[LockedLibrary], system: str, arch: str, tools: Tools, progress: Progress
) -> dict[str, Path]:
    """Bring the libraries for one kind of machine into the cache; gives their paths by the names that they get.

    Raises:
        MachineError: no network, disk full, the cache cannot be written.
        FileError: a hash does not match.
    """
    own = [library for library in libraries if (library.os, library.arch) == (system, arch)]
    for sha256 in sorted({library.sha256 for library in own if not _is_whole(_path(library, tools))}):
        with tools.lock(archive_lock(sha256), progress):
            _fetch([library for library in own if library.sha256 == sha256], tools, progress)
    return {library.name: _path(library, tools) for library in own}


def _path(library: LockedLibrary, tools: Tools) -> Path:
    return tools.cache / "libraries" / f"{library.sha256}-{library.name}" / library.name


def _fetch(libraries: Sequence[LockedLibrary], tools: Tools, progress: Progress) -> None:
    """Take what is missing of one archive's libraries out of it."""
    missing = [library for library in libraries if not _is_whole(_path(library, tools))]
    if not missing:
        return
    from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

    first = missing[0]
    archive = tools.fetch_pypi(first.pypi, first.sha256, "wheel", progress, first.bytes, first.python)
    for library in missing:
        with staged(tools.cache, f"library-{library.sha256[:16]}", library.name) as work:
            new = work / "new"
            new.mkdir()
            with archives.member(archive, "wheel", library.member) as source, (new / library.name).open("wb") as file:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
            write_note(new / STAMP, asdict(stamp_of(new / library.name, sha256_of(new / library.name))))
            put(new, _path(library, tools).parent)
    discard(archive.parent)


def _is_whole(path: Path) -> bool:
    stamp = read_stamp(read_note(path.parent / STAMP))
    return stamp is not None and is_intact(path, stamp)
