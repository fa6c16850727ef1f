"""Failures of a rendered app, each with its four parts: rendering, building, running, the core.

The other half of errors.py, which holds the base classes with their exit codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from handheld.errors import AppError, FileError, HandheldError, InputError, Interrupted, MachineError


class CoreError(HandheldError):
    """The core answered a call with a failure. `status` is its code, `log` the last lines that it logged."""

    FIXES: ClassVar[Mapping[str, str]] = {
        "invalid_text": "Save or paste the text as UTF-8",
        "too_large": "Give less at once",
        "file_not_found": "python3 fetch.py (in the app's folder) brings the model files back",
        "file_unreadable": "python3 fetch.py (in the app's folder) brings the model files back",
        "file_invalid": "Delete the file, then: python3 fetch.py (in the app's folder)",
        "manifest_invalid": "Render the app again: handheld new --force",
        "context_full": "A new conversation (/reset), more room (--option context=4096), or --option overflow=slide",
        "template_failed": "Set chat_template in app.toml, or take another --model; then: handheld new --force",
        "out_of_memory": "Less context (--option context=512), or a smaller --model",
        "runtime_missing": "Render the app again, then build it: handheld new --force && handheld build",
        "task_missing": "Render the app again, then build it: handheld new --force && handheld build",
        "internal": "Report it, with the app's app.lock.toml and the log above",
    }

    def __init__(self, status: int, name: str, sentence: str, message: str, log: str) -> None:
        cause = sentence if message and message != sentence else ""
        shown = "\n    ".join(line for line in log.strip().splitlines()[-4:])
        if shown:
            cause = f"{cause}\n  Log:\n    {shown}" if cause else f"the last lines of the log:\n    {shown}"
        super().__init__(message or sentence, cause, self.FIXES.get(name, ""))
        self.status = status
        self.name = name
        self.log = log
        self.exit_code = _core_exit_code(status, name)


def _core_exit_code(status: int, name: str) -> int:
    if name == "cancelled":
        return Interrupted.exit_code
    if name in {"out_of_memory", "runtime_missing"}:
        return MachineError.exit_code
    by_hundred = {1: InputError.exit_code, 2: FileError.exit_code}
    return by_hundred.get(status // 100, AppError.exit_code)


class LibraryUnusable(MachineError):
    """A built core cannot be loaded into this process, or speaks another version."""

    def __init__(self, library: Path, detail: str) -> None:
        super().__init__(
            f"The core {library} cannot be used: {detail}.",
            "It was built on another machine or by another version of Handheld, or the file is damaged.",
            f'rm -r "{library.parent.parent}", then give the same command again: it is built anew',
        )


class NoCompiler(MachineError):
    """There is no C or C++ compiler. `fix` is the command that brings it on this system."""

    def __init__(self, path: str, fix: str) -> None:
        super().__init__(
            "The core cannot be built for this machine: no C and C++ compiler was found.",
            f"Neither CC and CXX nor PATH name one; searched: {path or '(PATH is empty)'}.",
            fix,
        )


class BuildFailed(AppError):
    """The compiler, CMake or Ninja refused. `lines` are the lines that say why, `log` holds everything."""

    def __init__(self, what: str, lines: Sequence[str], log: Path) -> None:
        super().__init__(
            f"{what} failed.",
            "\n    ".join(["it said:", *lines]) if lines else f"see {log}",
            f'less "{log}" shows all of the output',
        )


class NotAnApp(InputError):
    """A folder holds no rendered app."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} is not the folder of an app.",
            "It has no app.lock.toml; the command works on an app that `handheld new` has written.",
            'handheld new "Parrot", or name the folder of an app',
        )


class LockDamaged(FileError):
    """An app.lock.toml cannot be understood."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"{path} is damaged: {detail}.",
            "It was edited by hand, or a merge left both versions in it.",
            f'git checkout "{path}", or render the app again: handheld new --force',
        )


class NewerApp(InputError):
    """An app was rendered by a later Handheld."""

    def __init__(self, directory: Path, version: str, own: str) -> None:
        super().__init__(
            f"{directory} was rendered by Handheld {version}; this is {own}.",
            "Its files may hold what this version does not know.",
            f'python3 -m pip install "handheld>={version}"',
        )


class TemplateBroken(AppError):
    """A shell or a slice does not render: a mistake in Handheld or in a task's folder, not in the request."""

    def __init__(self, shell: str, detail: str) -> None:
        super().__init__(
            f"The template {shell} cannot be rendered: {detail}.",
            "A file of the shell or of a task's slice is wrong.",
            "Edit the file named; docs/how-to/add-a-task.md says how slices fit into shells",
        )


class FilesChanged(InputError):
    """Rendering again would lose work."""

    def __init__(self, directory: Path, files: Sequence[str]) -> None:
        shown = "\n    ".join([*files[:8], *([f"and {len(files) - 8} more"] if len(files) > 8 else [])])
        super().__init__(
            f"{directory} holds changes that would be lost; nothing was written.",
            f"these files belong to Handheld and were changed, or stand where a new file has to go:\n    {shown}",
            "Copy what you want to keep elsewhere, delete these files, then give the same command again",
        )


class TargetBusy(InputError):
    """Another process wrote the folder first."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} was written by somebody else in the meantime; nothing was changed.",
            "Two `handheld new` ran at once.",
            f'ls "{directory}" shows what the other one made',
        )


class NotInThisVersion(MachineError):
    """Something is planned, not there yet."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(
            f"{what} is not in this version.", "This version runs and proves apps on this machine.", instead
        )


class ModelGone(FileError):
    """A model file of an app is missing, as after a git clone."""

    def __init__(self, path: Path, directory: Path) -> None:
        super().__init__(
            f"The model file {path} is missing.",
            "Models are not kept in git; the app's own fetch.py brings them back.",
            f'python3 "{directory / "fetch.py"}"',
        )


class GoldenFailed(AppError):
    """The golden case gave another answer."""

    def __init__(self, task: str, expected: str, got: str) -> None:
        super().__init__(
            f"The golden case of '{task}' failed: the answer does not contain {expected}.",
            f"it was: {got!r}",
            "Run it by hand with the same settings: handheld run --json",
        )


class BuildOutOfMemory(MachineError):
    """The system ended a compiler that took too much memory."""

    def __init__(self, log: Path) -> None:
        super().__init__(
            "The core could not be built: a compiler was ended for lack of memory.",
            f"Each of several compilers at once takes up to 500 MB. Everything they said: {log}",
            "Give the same command with one compiler at a time: CMAKE_BUILD_PARALLEL_LEVEL=1 handheld build",
        )


class NoGolden(InputError):
    """An app has no golden case."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} has no golden case to run.",
            "Its tasks have none for the chosen models.",
            "Add templates/tasks/<task>/golden/default.json, then: handheld new --force",
        )
