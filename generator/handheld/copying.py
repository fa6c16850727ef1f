"""Files and trees on their way into an app: found, linked, copied, hashed, and given the mode that every app has."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
PLAIN, PROGRAM = 0o644, 0o755
"""The modes that files get."""


def file_hash(path: Path) -> str:
    """The sha256 of a file's content; of a symbolic link, of what it points to as text."""
    if path.is_symlink():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder, sorted, with its path relative to it; symbolic links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from ((f"{entry.name}/{name}", path) for name, path in walk(Path(entry.path)))
        else:
            yield entry.name, Path(entry.path)


def link(source: Path, target: Path) -> None:
    """Let a file stand in a second place as well; its content is copied only where the file system cannot share it."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in FULL:
            raise
        shutil.copy2(source, target, follow_symlinks=False)


def link_all(source: Path, target: Path) -> None:
    """Let a file, or all files of a folder, stand in a second place as well."""
    if not source.is_dir():
        return link(source, target)
    for name, path in walk(source):
        link(path, target / name)
    return None


def is_below(name: str, places: Iterable[str]) -> bool:
    """Whether a path is one of `places` or lies below one."""
    return any(name == place or name.startswith(f"{place}/") for place in places)


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of plain files: where it lies, its place below an app's folder, and which of its files are wanted."""

    source: Path
    place: str
    wanted: Callable[[str], bool] = lambda _name: True


@contextmanager
def copied_trees(folder: Path, trees: Sequence[Tree]) -> Iterator[Mapping[str, str]]:
    """Copy trees of plain files into a folder on a second thread while the block runs; all is there when it ends.

    Copying hundreds of small files is the kernel's work, rendering is Python's: side by side they take the time of one.

    Args:
        folder: Where the copies go.
        trees: What is copied.

    Yields:
        The sha256 of each copied file by its path below `folder`; to be read after the block.

    Raises:
        OSError: a file could not be read or written; raised when the block ends.
    """
    hashes: dict[str, str] = {}
    failed: list[BaseException] = []
    stop = threading.Event()

    def work() -> None:
        try:
            for tree in trees:
                for name, digest in _copy_tree(tree, folder, stop):
                    hashes[f"{tree.place}/{name}"] = digest
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            failed.append(error)

    thread = threading.Thread(target=work, name="copy")
    thread.start()
    try:
        yield hashes
        thread.join()
    except BaseException:  # whoever clears the folder away must be its only user
        stop.set()
        thread.join()
        raise
    if failed:
        raise failed[0]


def _copy_tree(tree: Tree, folder: Path, stop: threading.Event) -> Iterator[tuple[str, str]]:
    made: set[str] = set()
    for name, path in walk(tree.source):
        if stop.is_set():
            return
        if not tree.wanted(name):
            continue
        place = f"{folder}/{tree.place}/{name}"
        parent = place.rpartition("/")[0]
        if parent not in made:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103 - strings: paths cost more than the copies
            made.add(parent)
        content = path.read_bytes()
        with open(place, "xb") as file:  # noqa: PTH123
            os.fchmod(file.fileno(), PLAIN)  # whatever the umask is
            file.write(content)
        yield name, hashlib.sha256(content).hexdigest()


def settle(folder: Path, known: Mapping[str, str], skip: frozenset[str]) -> dict[str, str]:
    """Give every file one of two modes, whatever the umask and the checkout were, and hash all but `skip`.

    Args:
        folder: The whole app.
        known: Hashes of files that have their mode already.
        skip: Files, and folders, whose hashes nobody asks for.
    """
    hashes = {}
    for name, path in walk(folder):
        if name in known:
            hashes[name] = known[name]
            continue
        path.chmod(PROGRAM if path.stat().st_mode & 0o100 else PLAIN)
        if not is_below(name, skip):
            hashes[name] = file_hash(path)
    return hashes
