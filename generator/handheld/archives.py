"""Takes single files and filtered trees out of wheels and source archives. Nothing lands outside the folder given."""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from handheld.errors import ArchiveWrong

CHUNK = 1 << 20


@contextmanager
def member(archive: Path, kind: str, name: str) -> Iterator[IO[bytes]]:
    """Open one file of an archive.

    Args:
        archive: The file.
        kind: "wheel", or "sdist", whose one top folder does not count.
        name: The path inside.

    Raises:
        FileError: there is no such file, or the archive is damaged.
    """
    with _explained(archive):
        if kind == "wheel":
            with zipfile.ZipFile(archive) as wheel:
                if name not in wheel.namelist():
                    raise ArchiveWrong(archive, f"has no file {name}")
                with wheel.open(name) as file:
                    yield file
            return
        with tarfile.open(archive) as sdist:
            for entry in sdist:
                if _below_top(entry.name) == name and entry.isreg():
                    file = _opened(sdist, entry)
                    yield file
                    return
    raise ArchiveWrong(archive, f"has no file {name}")


def extract_tree(archive: Path, kind: str, root: str, globs: Sequence[str], folder: Path) -> list[PurePosixPath]:
    """Write the files below `root` that match a glob into `folder`; gives their paths relative to it, sorted.

    `*` and `?` match within a path's part, `**` matches any number of parts. Times are not kept; the executable bit is.

    Raises:
        FileError: a glob matches nothing, a link or a path that leads outside is among the files, or the archive is
            damaged.
    """
    patterns = {glob: re.compile(_regex(glob)) for glob in globs}
    used: set[str] = set()
    written: list[PurePosixPath] = []
    with _explained(archive):
        for name, executable, is_link, file in _entries(archive, kind):
            path = _relative(name, root)
            hits = [glob for glob, pattern in patterns.items() if path is not None and pattern.fullmatch(str(path))]
            if path is None or not hits:
                continue
            if is_link or file is None or not _is_inside(path):
                raise ArchiveWrong(archive, f"holds {name}, a link or a path that leads outside")
            used.update(hits)
            _write(file, folder / path, executable)
            written.append(path)
    unused = [glob for glob in globs if glob not in used]
    if unused:
        raise ArchiveWrong(archive, f"has nothing that matches {', '.join(unused)} below {root}")
    return sorted(written)


def _entries(archive: Path, kind: str) -> Iterator[tuple[str, bool, bool, IO[bytes] | None]]:
    """Every entry that is no folder: path, executable, is a link, content."""
    if kind == "wheel":
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    mode = info.external_attr >> 16
                    with wheel.open(info) as content:
                        yield info.filename, bool(mode & 0o100), mode & 0o170000 == 0o120000, content
        return
    with tarfile.open(archive) as sdist:
        for entry in sdist:
            if not entry.isdir():
                file = sdist.extractfile(entry) if entry.isreg() else None
                yield _below_top(entry.name), bool(entry.mode & 0o100), not entry.isreg(), file


def _opened(sdist: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    file = sdist.extractfile(entry)
    assert file is not None, "a regular entry has content"
    return file


def _below_top(name: str) -> str:
    return name.removeprefix("./").partition("/")[2]


def _relative(name: str, root: str) -> PurePosixPath | None:
    prefix = f"{root}/" if root != "." else ""
    rest = name.removeprefix(prefix)
    return PurePosixPath(rest) if name.startswith(prefix) and rest else None


def _is_inside(path: PurePosixPath) -> bool:
    # A backslash or colon is part of a name here, but leads elsewhere on Windows.
    return not path.is_absolute() and ".." not in path.parts and not set(str(path)) & set("\\:\0")


def _write(source: IO[bytes], target: Path, executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for chunk in _chunks(source):
            file.write(chunk)
    target.chmod(0o755 if executable else 0o644)


def _chunks(source: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: source.read(CHUNK), b"")


def _regex(glob: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part, re.escape(part)) for part in parts)


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError) as error:
        raise ArchiveWrong(archive, f"cannot be read: {error}") from error
