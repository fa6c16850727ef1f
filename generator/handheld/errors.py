"""Every failure a person can meet: what failed, the likely cause, the command that fixes it, the danger, the exit code.

The base classes carry the exit codes, the classes below them the sentences, so that both stand in this one file.
Nothing here prints or logs: `__main__` shows `as_text()` or `as_json()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path


class HandheldError(Exception):
    """A failure with its explanation.

    Args:
        what: What failed, one sentence.
        cause: The likely cause; may be empty when `what` says it all.
        fix: The exact command (or the one edit) that fixes it.
        danger: What may be lost when the fix is applied, or when the failure is ignored; empty when nothing.
    """

    exit_code = 1

    def __init__(self, what: str, cause: str = "", fix: str = "", danger: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.fix = fix
        self.danger = danger

    def as_text(self) -> str:
        """Give the parts as lines for a terminal, empty parts left out."""
        labels = (("", self.what), ("  Cause: ", self.cause), ("  Fix: ", self.fix), ("  Danger: ", self.danger))
        return "\n".join(label + part for label, part in labels if part)

    def as_json(self) -> dict[str, object]:
        """Give the parts as one JSON object."""
        parts = {"what": self.what, "cause": self.cause, "fix": self.fix, "danger": self.danger}
        return {"error": parts, "exit_code": self.exit_code}


class AppError(HandheldError):
    """The app, its build or its run failed."""

    exit_code = 1


class InputError(HandheldError):
    """The person asked for something that cannot be."""

    exit_code = 2


class MachineError(HandheldError):
    """This machine lacks something: a tool, the network, disk space, a permission."""

    exit_code = 3


class FileError(HandheldError):
    """A file is damaged, truncated, of another kind, or not the one that was promised."""

    exit_code = 4


class Interrupted(HandheldError):
    """Ctrl-C, after everything that ran was ended."""

    exit_code = 130


# Words that several sentences need.


def quoted(texts: Iterable[str]) -> str:
    """Join texts for a sentence: 'a', 'b', 'c'."""
    return ", ".join(f"'{text}'" for text in texts)


def nearest(given: str, choices: Iterable[str]) -> str | None:
    """The choice most like what was given, whatever its case, or None when none is near."""
    import difflib  # noqa: PLC0415 - only a failure needs it

    by_key = {choice.casefold().replace("-", "_"): choice for choice in choices}
    found = difflib.get_close_matches(given.casefold().replace("-", "_"), by_key, n=1, cutoff=0.6)
    return by_key[found[0]] if found else None


def sized(count: int) -> str:
    """Bytes for a person: 98.4 MB (powers of 1000)."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


# Names and choices: spec and plan.


class NameRefused(InputError):
    """The app's name cannot be used."""

    def __init__(self, name: str, reason: str, fix: str = "") -> None:
        shown = name if len(name) <= 40 else name[:37] + "..."
        super().__init__(
            f"The name {shown!r} cannot be used: {reason}.",
            "The name stands under the app's icon and in project files of both platforms.",
            fix or 'Choose another one, for example: handheld new "Parrot"',
        )


class PackageRefused(InputError):
    """The package id cannot be used on both platforms."""

    def __init__(self, package: str, reason: str, suggestion: str) -> None:
        super().__init__(
            f"The package id '{package}' cannot be used: {reason}.",
            "It has to be valid as an Android application id and as an iOS bundle id at once: two or more parts, each "
            "of a-z and 0-9 with a letter first, joined by dots.",
            f"--id {suggestion}",
            "It cannot be changed once the app is in a store.",
        )


class UnknownChoice(InputError):
    """Something that is not in a list was chosen. `option` is how it is chosen, for example "--task"."""

    def __init__(self, kind: str, given: str, choices: Sequence[str], option: str) -> None:
        near = nearest(given, choices)
        hint = f" The nearest is '{near}'." if near else ""
        super().__init__(
            f"There is no {kind} '{given}'.",
            f"Possible: {quoted(choices)}.{hint}" if choices else f"No {kind} exists for this choice.",
            f"{option} {near or choices[0]}" if choices else "handheld list",
        )


class ChosenTwice(InputError):
    """One task was asked for twice."""

    def __init__(self, task: str, where: str) -> None:
        super().__init__(
            f"The task '{task}' stands twice in {where}.",
            "An app holds each task once, with one runtime and one model.",
            f"Keep one of the two: remove the other '{task}' from {where}.",
        )


class ChoiceForWhichTask(InputError):
    """A runtime or model was given without saying for which of several tasks."""

    def __init__(self, option: str, value: str, tasks: Sequence[str]) -> None:
        super().__init__(
            f"It is not clear which task {option} {value} is for.",
            f"The app has several: {quoted(tasks)}; each takes its own.",
            f"{option} {tasks[0]}={value}",
        )


class AppTomlWrong(InputError):
    """app.toml has wrong keys or values; `problems` are sentences that name the key."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        shown = list(problems[:8])
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        super().__init__(
            f"{path} is not a valid app.toml: " + "; ".join(shown) + ".",
            "A key is misspelt or has a value of another type, or it belongs to another version of Handheld.",
            f"Edit {path}; every key is described in docs/guide/app-toml.md",
        )


class NotToml(FileError):
    """A file is no TOML."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"{path} cannot be read as TOML: {detail}.",
            "A quote or bracket is not closed, or a line is not of the form key = value.",
            f"Edit {path} at the place named",
        )


class Unreadable(FileError):
    """A file cannot be opened."""

    def __init__(self, path: Path, error: OSError) -> None:
        missing = isinstance(error, FileNotFoundError)
        super().__init__(
            f"{path} " + ("does not exist." if missing else f"cannot be read: {error.strerror or error}."),
            "The path is misspelt or the file was moved." if missing else "It is a folder, or belongs to another user.",
            f'ls -l "{path.parent if missing else path}"',
        )


class CatalogueWrong(FileError):
    """A runtime.toml or task.toml has wrong keys or values; `problems` are sentences that name the key."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__(
            f"{path} is not valid: " + "; ".join(problems) + ".",
            "The file was edited by hand, or it belongs to another version of Handheld.",
            f"Edit {path}; docs/how-to/ describes every key",
        )


class TargetInTheWay(InputError):
    """The folder for the app exists. Only an app can be rendered again in its place."""

    def __init__(self, directory: Path, app: bool) -> None:
        other = f'another folder: --directory "{directory}-2"'
        super().__init__(
            f"The folder {directory} exists already.",
            "It holds an app made earlier." if app else "It holds other files.",
            f"--force renders the app again (what you changed is kept, or nothing is done); or {other}"
            if app
            else other,
        )


class TargetReadOnly(MachineError):
    """The folder for the app cannot be written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} cannot be written.",
            "The folder above it belongs to another user, or the disk is read-only.",
            f'ls -ld "{directory.parent}", or another folder: --directory ~/{directory.name}',
        )


class NothingFits(InputError):
    """No runtime can do what was asked. `reasons` say what failed, `works` what would work."""

    def __init__(self, task: str, model: str, reasons: Sequence[str], works: Sequence[str]) -> None:
        super().__init__(
            f"No runtime can run '{model}' for the task '{task}' as asked.",
            " ".join(f"{reason}." for reason in reasons),
            "Use " + " or ".join(works) if works else "handheld list shows what goes together",
        )


class BundleTooLarge(InputError):
    """The app would be larger than a store or the package format takes."""

    def __init__(self, platform: str, size: int, limit: int, largest: str) -> None:
        super().__init__(
            f"The app would carry {sized(size)} of models; {platform} apps hold at most {sized(limit)}.",
            f"The largest one is '{largest}'.",
            "--model with a smaller or more strongly quantised file; handheld list shows sizes",
            "The store refuses the upload, and the package format itself cannot address more.",
        )


class DiskTooSmall(MachineError):
    """Less space is free than will be needed."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            f"{folder} needs {sized(needed)} of disk space, {sized(free)} are free.",
            "Models are copied into the app's folder, so that it works without the cache.",
            f'df -h "{folder}" shows the disk; free some space, or choose another one with --directory',
        )


# Model files: facts and models.


class ModelMissing(InputError):
    """A local model does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The model {path} does not exist.",
            "The path is misspelt, or the file was moved.",
            f'ls -l "{path.parent}"; handheld list shows models that need no file',
        )


class NotAModel(FileError):
    """A file is of another kind than its use asks for."""

    def __init__(self, path: Path, kind: str, cause: str, fix: str) -> None:
        super().__init__(f"{path} is no model that can be used here: it is {kind}.", cause, fix)


class ModelDamaged(FileError):
    """A model file's header contradicts itself or the file ends too early."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"The model {path} is damaged: {detail}.",
            "The download was cut, or the file was changed after it.",
            "Download the file again and compare its size and sha256 with the publisher's: "
            f'ls -l "{path}"; sha256sum "{path}"',
            "A damaged model may crash the app or answer nonsense.",
        )


class HashMismatch(FileError):
    """A file is not the one that the catalogue promises."""

    def __init__(self, what: str, expected: str, got: str, fix: str) -> None:
        super().__init__(
            f"{what} is not the file it should be: its sha256 is {got or 'another one'}, not {expected}.",
            "A mirror or proxy gave another file, the download was cut or changed, or the package was replaced.",
            fix,
            "Nothing was kept. Do not use the file: somebody may have tampered with it.",
        )


class ArchiveWrong(FileError):
    """An archive is damaged, lacks a file, or holds one that would be written outside its folder."""

    def __init__(self, archive: Path, detail: str) -> None:
        super().__init__(
            f"The archive {archive.name} {detail}.",
            "The catalogue names a file that this version of the package does not have, or the archive is damaged.",
            f"Check `member`, `root` and `files` in the catalogue's TOML file against the list of {archive}",
        )


class TermsNotAccepted(InputError):
    """A model has terms that were not accepted on this machine."""

    def __init__(self, models: Sequence[str], licences: Sequence[str]) -> None:
        super().__init__(
            f"The terms of {quoted(models)} have not been accepted: {', '.join(licences)}.",
            "The publisher asks for it before the first download.",
            "Give the same command in a terminal to read them, or accept them at once: --accept-terms",
            "The terms bind you and the people you give the app to.",
        )


# The outside: tools, packages, hub.


class ToolMissing(MachineError):
    """An executable is not on PATH. `fix` is the command that brings it."""

    def __init__(self, name: str, path: str, fix: str = "") -> None:
        super().__init__(
            f"The program '{name}' was not found.",
            f"It is not installed, or not on PATH; searched: {path or '(PATH is empty)'}.",
            fix or f"Install '{name}'; handheld doctor names the command for each tool",
        )


class ToolFailed(AppError):
    """A program ended with an exit code that means failure. `tail` is the end of what it printed."""

    def __init__(self, command: str, code: int, tail: str) -> None:
        ended = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
        last = tail.strip()
        super().__init__(
            f"The command {ended}: {command}",
            f"The end of its output:\n{last}" if last else "It printed nothing.",
            f"Run it by hand to see all of its output: {command}",
        )


class ToolTimeout(MachineError):
    """A program took too long and was ended with all that it had started."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(
            f"The command took longer than {seconds:g} s and was ended: {command}",
            "The machine is very busy, or the program waits for something.",
            f"Run it by hand: {command}",
        )


class NoPip(MachineError):
    """The Python in use has no pip."""

    def __init__(self, python: str) -> None:
        super().__init__(
            "Packages cannot be downloaded: this Python has no pip.",
            "The environment was made without it, as some tools do.",
            f"{python} -m ensurepip --upgrade",
        )


class NoNetwork(MachineError):
    """A download could not begin or was cut."""

    def __init__(self, what: str, detail: str, fix: str, cut: bool = False) -> None:
        super().__init__(
            f"The download of {what} " + ("was cut." if cut else "could not begin."),
            f"{'The connection broke' if cut else 'No connection to the server'}: {detail or 'no answer'}.",
            f"Check the network, a proxy or mirror (pip config list), then give the same command again. By hand: {fix}",
        )


class NotOnIndex(MachineError):
    """The package index in use does not have a package, or not that file of it."""

    def __init__(self, requirement: str, fix: str) -> None:
        super().__init__(
            f"The package index in use does not have {requirement}.",
            "pip is set to a mirror or folder that lacks it, or the network refuses the index.",
            f"pip config list shows the index in use. By hand: {fix}",
        )


class PipFailed(MachineError):
    """pip failed for another reason."""

    def __init__(self, requirement: str, detail: str, fix: str) -> None:
        super().__init__(f"pip could not download {requirement}.", detail, f"See all of its output with: {fix}")


class DiskFull(MachineError):
    """The disk ran full while a file was written; the part that was written is gone again.

    `variable` is the environment's name for the folder that could lie elsewhere.
    """

    def __init__(self, what: str, folder: Path, needed: int | None = None, variable: str = "HANDHELD_CACHE") -> None:
        need = f" {sized(needed)} are needed." if needed else ""
        super().__init__(
            f"The disk is full: {what} could not be written.",
            f"No space is left for {folder}.{need}",
            f'df -h "{folder}" shows the disk; free some space, or use another one: export {variable}=/path/with/space',
        )


class CacheReadOnly(MachineError):
    """The cache folder cannot be written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"The cache folder {folder} cannot be written: {error.strerror or error}.",
            "It belongs to another user, or the disk is read-only.",
            "export HANDHELD_CACHE=/path/you/can/write",
        )


class EnvironmentImpossible(MachineError):
    """The environment in which a model is made cannot exist here. `version` is a Python that would do."""

    def __init__(self, model: str, reason: str, version: str = "") -> None:
        super().__init__(
            f"The model {model} cannot be made on this machine: {reason}.",
            "Making it takes its format's own compiler, which is not there for every system and Python.",
            f"Install Python {version} so that python{version} is found, then give the same command again"
            if version
            else "handheld list shows the same task with other runtimes and models",
        )


class ConversionFailed(AppError):
    """The program that makes a model failed. `output` is what it said, `environment` where it ran."""

    def __init__(self, model: str, output: str, program: Path, environment: Path | None) -> None:
        said = output.strip().splitlines()
        super().__init__(
            f"The model {model} could not be made.",
            f"{program.name} ended with: {said[-1] if said else 'nothing'}"
            + (". Its environment may be damaged." if environment else ""),
            f'rm -r "{environment}", then give the same command again: the environment is made anew'
            if environment
            else f"Look at the program: {program}",
        )


class HubMissing(MachineError):
    """A model of the Hugging Face hub was asked for without its client."""

    def __init__(self, python: str) -> None:
        super().__init__(
            "Models of the form hf:... need the package huggingface_hub.",
            "It is an optional part of Handheld and not installed.",
            f'{python} -m pip install "handheld[hf]"',
        )


class HubRefused(InputError):
    """The hub knows no such file, or does not give it to this person."""

    def __init__(self, reference: str, reason: str, fix: str) -> None:
        super().__init__(
            f"The hub did not give {reference}: {reason}.",
            "Repository, revision or file is misspelt or private, or its terms have to be accepted on its page first.",
            fix,
        )
