"""Failures of a rendered app, each with its four parts: rendering, building, running, the core.

The other half of errors.py, which holds the base classes with their exit codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from handheld.errors import AppError, FileError, HandheldError, InputError, Interrupted, MachineError, quoted


class CoreError(HandheldError):
    """The core answered a call with a failure. `status` is its code, `log` the last lines that it logged."""

    def __init__(self, status: int, name: str, sentence: str, message: str, log: str) -> None:
        likely, fix = EXPLANATIONS.get(name, ("", ""))
        shown = "\n    ".join(log.strip().splitlines()[-4:])
        cause = likely or (sentence if message != sentence else "")
        if shown:
            cause = f"{cause}\n  Log:\n    {shown}" if cause else f"the last lines of the log:\n    {shown}"
        super().__init__(message or sentence, cause, fix)
        self.status = status
        self.name = name
        self.log = log
        self.exit_code = _core_exit_code(status, name)


FETCH = "python3 fetch.py (in the app's folder) brings the model files back"
AGAIN = "Render the app again, then build it: handheld new --from app.toml --force && handheld build"
EXPLANATIONS: Mapping[str, tuple[str, str]] = {
    "invalid_argument": (
        "A name is misspelt, or a value is out of range.",
        "handheld show --json, and tasks/*/task.json",
    ),
    "unknown_port": ("A name is misspelt.", "The task's inputs stand in tasks/*/task.json under ports"),
    "wrong_shape": ("Data for another model, or its axes in another order.", "Reshape it to what the model takes"),
    "wrong_type": (
        "Data for another model, or for the one before it was quantised.",
        "Convert it to what the model takes",
    ),
    "unsupported": (
        "The model needs more than this runtime has.",
        "Export it without that part, or look for another runtime: handheld list",
    ),
    "invalid_text": (
        "It was written in another encoding, or cut in the middle of a character.",
        "Convert it first, for example: iconv -f latin1 -t utf8",
    ),
    "too_large": ("The task takes a value at once, in memory.", "Give it in parts"),
    "file_not_found": ("Models are not kept in git.", FETCH),
    "file_unreadable": ("It belongs to another user, or the disk is damaged.", FETCH),
    "file_invalid": ("The file was cut or changed after it was rendered.", FETCH),
    "manifest_invalid": ("It was edited by hand, or belongs to another version.", AGAIN),
    "context_full": (
        "Prompt, earlier turns and answer share one context.",
        "Begin anew (/reset), give more room (--option context=4096), or forget old turns (--option overflow=slide)",
    ),
    "template_failed": (
        "The model brings no chat template, or one that this engine does not know.",
        "Set chat_template in app.toml or take another model, then: handheld new --from app.toml --force",
    ),
    "out_of_memory": ("Model and context do not fit.", "Less context (--option context=512), or a smaller model"),
    "runtime_missing": (
        "The app was made with other choices, or for another system, or the runtime's library is gone.",
        AGAIN,
    ),
    "task_missing": ("The app was made with other choices.", AGAIN),
    "internal": ("A mistake in Handheld.", "Report it, with app.lock.toml and the log"),
}
"""For each status of the core: the likely cause, and what to do."""


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


FROM_APP_TOML = "handheld new --from app.toml --force makes what your app.toml says"


class FilesChanged(InputError):
    """Rendering again would lose work."""

    def __init__(self, directory: Path, files: Sequence[str]) -> None:
        shown = "\n    ".join([*files[:8], *([f"and {len(files) - 8} more"] if len(files) > 8 else [])])
        super().__init__(
            f"{directory} holds changes that would be lost; nothing was written.",
            f"these files belong to Handheld and were changed, or stand where a new file has to go:\n    {shown}",
            FROM_APP_TOML
            if "app.toml" in files
            else "Copy what you want to keep elsewhere, delete these files, try again",
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


class PillowMissing(MachineError):
    """A picture is to be decoded here, and nothing that can is installed."""

    def __init__(self, python: str) -> None:
        super().__init__(
            "Pictures are decoded with the package Pillow.",
            "It is an optional part of Handheld and not installed.",
            f'{python} -m pip install "handheld[image]"',
        )


class PictureUnreadable(FileError):
    """The prompt of a task that takes pictures is no picture."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name} cannot be used as a picture: {reason}.",
            "The task's first input is a picture, so that its prompt is the path of one.",
            "Give a JPEG or PNG file that can be read",
        )


class SettingOfAnotherShape(InputError):
    """A setting or option was given that the task does not have with this kind of model."""

    def __init__(self, name: str, shape: str, there: Sequence[str]) -> None:
        super().__init__(
            f"There is no '{name}' for a model of the shape '{shape}'.",
            f"What there is: {quoted(there)}." if there else "Such a model takes none.",
            f"Take `{name}` out of app.toml",
        )
