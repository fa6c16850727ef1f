"""Where apps are built and run: one folder for each platform, found by what it holds.

A folder of this package is a platform. Its `__init__.py` is cheap to import and says three things: TARGETS (what `--on`
takes, with a title each), LANES (what `handheld doctor` looks at, with a title each) and `load()`, which gives the
`Platform`, usually a module with its four functions. The folder's name is the app's platform (`platforms` in app.toml)
that the targets need; `host` needs none. Adding a platform adds a folder and changes no file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from handheld.errors import InputError, UnknownChoice, quoted

if TYPE_CHECKING:
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.tools import Tools

HOST = "host"
LIMIT = 600.0
"""Seconds for each long wait on a device, unless told otherwise."""

Consent = Callable[[str], bool]
"""Shows a text that ends in a question and gives the answer; asked at most once in a command."""
Choose = Callable[[str, "tuple[Device, ...]"], "Device | None"]
"""Shows a question and several devices; None when nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to build for or run: `platform` is a name of TARGETS; `device` is what stood behind the colon, or None."""

    platform: str
    device: str | None = None

    def __str__(self) -> str:
        return self.platform if self.device is None else f"{self.platform}:{self.device}"


@dataclass(frozen=True, slots=True)
class Device:
    """Something an app can run on.

    `target` is what to give to `--on`. `kind` is "computer", "phone", "emulator" or "simulator". `hindered` says why it
    cannot be used now, in a few words, and is empty when it can; `how` is then the command that runs an app on it, else
    what makes it usable.
    """

    target: Target
    name: str
    kind: str
    hindered: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a lane needs. `found` is where it is, or "" when it is missing and `fix` brings it."""

    lane: str
    name: str
    found: str
    purpose: str
    fix: str


def nobody(question: str) -> bool:
    """A consent that is never given."""
    del question
    return False


def no_choice(question: str, devices: tuple[Device, ...]) -> Device | None:
    """Nobody is there to choose."""
    del question, devices
    return None


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. `consent` is asked before something large is installed; `reports` is a folder for logs.

    `reports` None means build/reports/<platform> in the app's folder.
    """

    release: bool = False
    consent: Consent = nobody
    reports: Path | None = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run on a device: the app proves itself there.

    `task` names one task, None all of them (where the platform can choose). `tests` runs the instrumented tests too.
    `limit` is seconds for each long wait: the boot, the app's answer. `choose` is asked when several devices would do.
    `accelerator` replaces what the app asks for, where the platform can (this machine).
    """

    task: str | None = None
    tests: bool = False
    limit: float = LIMIT
    consent: Consent = nobody
    choose: Choose = no_choice
    reports: Path | None = None
    accelerator: str | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was built. `artefact` is the library, package or bundle; `note` says what else a person should know."""

    target: Target
    artefact: Path
    bytes: int
    from_cache: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How the golden case of a task went. `message` says why it failed; `report` is the core's own."""

    task: str
    passed: bool
    text: str = ""
    message: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """How an app proved itself on a device. `files` are what was collected; `tests` counts instrumented tests that ran.

    `passed` is true only when every task and every test passed, and there was one.
    """

    target: Target
    device: str
    passed: bool
    tasks: tuple[TaskResult, ...]
    tests: int = 0
    failures: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    note: str = ""


class Platform(Protocol):
    """What a platform can do. A module with these four functions is one."""

    def devices(self, tools: Tools) -> tuple[Device, ...]:
        """What an app could run on now, those that are hindered included. Installs and starts nothing that stays."""

    def build(
        self, app: RenderedApp, target: Target, options: BuildOptions, tools: Tools, progress: Progress
    ) -> BuildReport:
        """Build the app for a target.

        Raises:
            MachineError: something is missing and was not to be installed.
            AppError: the build failed; the message holds the lines that say why.
        """

    def run(self, app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
        """Build, install and run the app's golden cases on a device; ends what it started, whatever happens.

        A wrong answer is a DeviceRun that did not pass; no answer is an error.

        Raises:
            InputError: several devices and none chosen.
            MachineError: no device, or one that cannot be used.
            AppError: the build or the installation failed, or the app crashed or gave no result.
        """

    def check(self, tools: Tools) -> tuple[Finding, ...]:
        """What this machine has and lacks for the platform's lanes."""


def parse_target(text: str) -> Target:
    """Read what `--on` takes: a name, or a name, a colon and a device (which may hold colons itself).

    Raises:
        InputError: there is no such target, or nothing behind the colon.
    """
    name, colon, device = text.partition(":")
    names = target_names()
    if name not in names:
        raise UnknownChoice("target", name, list(names), "--on")
    if colon and not device:
        raise NoDeviceNamed(name)
    return Target(name, device or None)


class NoDeviceNamed(InputError):
    """A colon with nothing behind it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The target '{name}:' names no device.",
            "Behind the colon stands the name or the serial number of one.",
            f"handheld run --list shows them; or --on {name}",
        )


class NotInApp(InputError):
    """An app was rendered without a platform."""

    def __init__(self, app: RenderedApp, platform: str) -> None:
        super().__init__(
            f"This app has no {platform} project.",
            f"It was made for {quoted(app.lock.platforms)} only.",
            f'Add "{platform}" to platforms in app.toml, then: handheld new --from app.toml --force',
        )


def target_names() -> dict[str, str]:
    """Everything that `--on` takes with its title; this machine first."""
    return {name: title for folder in folders() for name, title in _package(folder).TARGETS.items()}


def lanes() -> dict[str, str]:
    """What doctor looks at: the lane's name and its title."""
    return {name: title for folder in folders() for name, title in _package(folder).LANES.items()}


def folders() -> tuple[str, ...]:
    """The platforms' folders: this machine first, the rest by name."""
    found = {module.name for module in pkgutil.iter_modules(__path__) if module.ispkg}
    return (HOST, *sorted(found - {HOST}))


def folder_of(target: Target) -> str:
    """The folder that a target belongs to, which is also the app's platform that it needs."""
    return next(folder for folder in folders() if target.platform in _package(folder).TARGETS)


def load(folder: str) -> Platform:
    """Import a platform."""
    platform: Platform = _package(folder).load()
    return platform


def platform_for(app: RenderedApp, target: Target) -> Platform:
    """The platform of a target, when the app has a project for it.

    Raises:
        InputError: it has none.
    """
    folder = folder_of(target)
    if folder != HOST and folder not in app.lock.platforms:
        raise NotInApp(app, folder)
    return load(folder)


def reports_folder(app: RenderedApp, target: Target, chosen: Path | None) -> Path:
    """Where a run's files go; made when it is not there."""
    folder = chosen or app.directory / "build" / "reports" / folder_of(target)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _package(folder: str) -> Any:  # noqa: ANN401 - modules have no type of their own contents
    return import_module(f"{__name__}.{folder}")
