"""Prebuilt libraries that runtimes open, for this machine: fetched by hash into the cache, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    from handheld.progress import Progress
    from handheld.tools import Tools


@dataclass(frozen=True, slots=True)
class Library:
    """A prebuilt library that a runtime opens at run time, for one kind of this machine.

    A build for it puts `member` of the package beside the core, called `name`; phones get theirs through Gradle and the
    Swift package. `os` and `arch` are as in HostFacts; `python` is the version that the package's file was built for.
    """

    name: str
    os: str
    arch: str
    pypi: str
    python: str
    sha256: str
    bytes: int
    member: str


def fetch_libraries(
    libraries: Sequence[Library], system: str, arch: str, tools: Tools, progress: Progress
) -> dict[str, Path]:
    """Bring the libraries for one kind of machine into the cache; gives their paths by the names that they get.

    Raises:
        MachineError: no network, disk full, the cache cannot be written.
        FileError: a hash does not match.
    """
    own = [library for library in libraries if (library.os, library.arch) == (system, arch)]
    return {library.name: _fetch(library, tools, progress) for library in own}


def _fetch(library: Library, tools: Tools, progress: Progress) -> Path:
    folder = tools.cache / "libraries" / library.sha256
    path = folder / library.name
    if _is_whole(path):
        return path
    from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

    with tools.lock(archive_lock(library.sha256), progress):
        if _is_whole(path):
            return path
        archive = tools.fetch_pypi(library.pypi, library.sha256, "wheel", progress, library.bytes, library.python)
        with staged(tools.cache, f"library-{library.sha256[:16]}", library.name) as work:
            new = work / "new"
            new.mkdir()
            with archives.member(archive, "wheel", library.member) as source, (new / library.name).open("wb") as file:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
            write_note(new / STAMP, asdict(stamp_of(new / library.name, sha256_of(new / library.name))))
            put(new, folder)
        discard(archive.parent)
    return path


def _is_whole(path: Path) -> bool:
    stamp = read_stamp(read_note(path.parent / STAMP))
    return stamp is not None and is_intact(path, stamp)
