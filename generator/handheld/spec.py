"""What a person asked for, checked: app.toml and the command line become one frozen AppSpec.

This is the only reader of user input. One table, `APP_TABLE`, both validates app.toml and is written out as the JSON
schema for editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handheld.catalog import Catalog, SettingValue

NAME_LIMIT = 30
"""Characters: the limit of both stores for the name under an icon."""


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """How the app is called, everywhere. Derived from the name unless given; see `identify`."""

    name: str
    module: str
    slug: str
    package: str
    color: str
    color_dark: str
    initial: str
    version: str = "0.1.0"
    version_code: int = 1

    @property
    def package_path(self) -> str:
        """The package as a folder path: "com/example/parrot"."""
        return self.package.replace(".", "/")


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """One task of the app. `runtime` is a catalogue name (None: plan picks).

    `model` is a catalogue name, an absolute path, "hf:org/repo[@revision]/file" or None (the task's default).
    `settings` and `options` hold overrides only, checked against the task's tables.
    """

    task: str
    runtime: str | None = None
    model: str | None = None
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    options: Mapping[str, SettingValue] = field(default_factory=dict)
    accelerator: str | None = None
    chat_template: str | None = None


@dataclass(frozen=True, slots=True)
class AppSpec:
    """The request, complete and valid in itself. `directory` is absolute; `platforms` is in catalogue order."""

    identity: AppIdentity
    tasks: tuple[TaskChoice, ...]
    platforms: tuple[str, ...]
    directory: Path
    force: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line collected, unchecked.

    `runtimes` and `models` hold "value" (with one task) or "task=value". An empty `tasks` or `platforms` means the
    default: the first task of the catalogue that has a default model, and all platforms. `directory` None means
    ./<slug>. `id` overrides the package id.
    """

    name: str
    tasks: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    id: str | None = None
    directory: Path | None = None
    force: bool = False


def identify(name: str, package: str | None = None) -> AppIdentity:
    """Derive module, slug, package, colours and initial from a display name in any language.

    Raises:
        InputError: the name or the package id cannot be used; the message says why.
    """
    raise NotImplementedError


def read_spec(request: Request, catalog: Catalog) -> AppSpec:
    """Check what the command line collected. Relative paths are taken from the current folder.

    Raises:
        InputError: with the choices and the nearest one where a choice is wrong.
    """
    raise NotImplementedError


def load_app_toml(path: Path, catalog: Catalog) -> AppSpec:
    """Read and check an app.toml; `directory` is its folder, relative model paths are taken from there.

    Raises:
        InputError: unknown or misspelt keys (the nearest is named), wrong types, a task twice, unknown choices.
        FileError: the file cannot be read or is no TOML.
    """
    raise NotImplementedError


def write_app_toml(spec: AppSpec) -> str:
    """The app.toml of a spec; the same spec gives the same text, and `load_app_toml` reads it back."""
    raise NotImplementedError


def app_schema() -> dict[str, object]:
    """The JSON schema (draft 2020-12) of app.toml, made from the table that also validates."""
    raise NotImplementedError
