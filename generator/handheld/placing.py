"""How an app's folder comes into being: complete or not at all, and never at the cost of somebody's work.

Everything is made in a hidden folder beside the target and renamed. When an app is rendered again (--force):

* files that Handheld owns are replaced, but when one was changed the whole command is refused and lists it;
* files that are yours and were changed stay as you left them;
* files that Handheld never wrote (your sources, .git, build folders) stay, unless a new file has to go there: refused;
* the old folder is moved aside until the new one is in its place.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from handheld.app_errors import FilesChanged, TargetBusy
from handheld.copying import FULL, file_hash, is_below, link, walk
from handheld.errors import DiskFull, TargetInTheWay, TargetReadOnly
from handheld.lock import LOCK_NAME, Lock

TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR})
DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def place(
    directory: Path, fill: Callable[[Path], None], previous: Lock | None, decided: frozenset[str] = frozenset()
) -> None:
    """Make `directory` what `fill` writes into an empty folder.

    Args:
        directory: The app's folder; it may exist only when it is empty or `previous` is given.
        fill: Writes the app into the folder it is given.
        previous: The lock of the app that is rendered again, or None.
        decided: Paths of yours whose changes cannot stay, because what is written now was decided otherwise.

    Raises:
        InputError: the folder is in the way, was written by somebody else meanwhile, or work would be lost.
        MachineError: disk full, or the folder cannot be written.
    """
    with _made_parents(directory), _disk_errors(directory):
        staging = _beside(directory, "new")
        try:
            staging.mkdir()
            fill(staging)
            if previous is not None:
                _carry_over(directory, staging, previous, decided)
            _move(staging, directory, replace=previous is not None)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def recover(directory: Path) -> None:
    """Clear away what a killed run has left beside `directory`; an app that was moved aside comes back."""
    with suppress(OSError):
        for path in directory.parent.glob(f".{_escaped(directory.name)}.handheld-*"):
            kind, _, process = path.name.rpartition(".handheld-")[2].partition("-")
            if process.isdigit() and _alive(int(process)):
                continue
            if kind in {"new", "gone"}:
                shutil.rmtree(path, ignore_errors=True)
            elif not directory.exists():
                path.rename(directory)


def refuse_existing(directory: Path, force: bool) -> None:
    """Raise TargetInTheWay when the folder may not be written; with `force` an app may."""
    if not directory.exists() and not directory.is_symlink():
        return
    app = (directory / LOCK_NAME).is_file()
    empty = directory.is_dir() and not directory.is_symlink() and not any(directory.iterdir())
    if not empty and not (force and app):
        raise TargetInTheWay(directory, app)


def _carry_over(old: Path, new: Path, previous: Lock, decided: frozenset[str]) -> None:
    ours = {LOCK_NAME, *(model.file for model in previous.models)}
    lost = []
    for name, path in walk(old):
        recorded = previous.files.get(name)
        if is_below(name, ours) or (recorded is not None and file_hash(path) == recorded):
            continue
        if name in previous.yours and name not in decided:
            (new / name).unlink(missing_ok=True)
        elif recorded is not None or not _is_free(new, name, path):
            lost.append(name)
            continue
        link(path, new / name)
    if lost:
        raise FilesChanged(old, lost)


def _is_free(new: Path, name: str, path: Path) -> bool:
    """Whether a file of somebody else can stand at `name` in the new folder, or stands there already."""
    if any((new / parent).is_file() for parent in Path(name).parents):
        return False
    target = new / name
    return not target.exists() or (target.is_file() and file_hash(target) == file_hash(path))


def _move(staging: Path, directory: Path, replace: bool) -> None:
    # Renaming onto a folder succeeds only when that is empty: of two commands at once, one wins.
    if not replace or not directory.exists():
        _rename(staging, directory)
        return
    old = _beside(directory, "old")
    _rename(directory, old)
    try:
        _rename(staging, directory)
    except BaseException:
        old.rename(directory)
        raise
    gone = _beside(directory, "gone")  # from here on nothing in it is needed, whatever happens
    old.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in TAKEN:
            raise TargetBusy(target) from error
        raise


def _beside(directory: Path, kind: str) -> Path:
    return directory.parent / f".{directory.name}.handheld-{kind}-{os.getpid()}"


def _escaped(name: str) -> str:
    import glob  # noqa: PLC0415 - two words of a large module

    return glob.escape(name)


def _alive(process: int) -> bool:
    import psutil  # noqa: PLC0415 - only leftovers of a killed run need it

    return bool(psutil.pid_exists(process))


@contextmanager
def _made_parents(directory: Path) -> Iterator[None]:
    """Make the folders above the app's, and take them away again when the app fails."""
    missing = [parent for parent in directory.parents if not parent.exists()]
    try:
        with _disk_errors(directory):
            directory.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()
        raise


@contextmanager
def _disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull("the app", directory.parent) from error
        if error.errno in DENIED:
            raise TargetReadOnly(directory) from error
        raise


def changed_files(directory: Path, files: Mapping[str, str]) -> list[str]:
    """The files that are missing or whose content is not the recorded one."""
    return [
        name
        for name, digest in files.items()
        if not (directory / name).is_file() or file_hash(directory / name) != digest
    ]
