"""The only registry: every runtime.toml and task.toml, checked key by key, as frozen dataclasses.

No runtime, task or model is named anywhere else in the generator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from handheld.errors import CatalogueWrong, NotToml, Unreadable
from handheld.libraries import Library, LicenceText
from handheld.relations import runtime_problems, task_problems
from handheld.status import Kind
from handheld.tables import Key, problems, setting_key

HOST = "host"
APP_PLATFORMS = ("android", "ios")
"""What an app can be rendered for; HOST is the developer's own machine."""
PLATFORMS = (HOST, *APP_PLATFORMS)
SHAPES = ("tensors", "generate", "embed")
"""The waist between tasks and runtimes; a new one is a decision, see docs/decisions."""

SlotValue: TypeAlias = tuple[str, ...] | Mapping[str, str]
"""A slot is a list of texts, or a table of texts (usage)."""

Scalar: TypeAlias = str | int | float | bool
SettingValue: TypeAlias = Scalar | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Third-party sources, fetched by coordinates.

    `files` are globs below `root` inside the archive; `licence_file` is a path from the archive's top.
    """

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
    """One folder of native/runtimes. `accelerators` and `slots` are by platform ("host", "android", "ios").

    `licence_texts` are what an app carries beside the runtime's own licence: those of what its libraries hold.
    """

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
    libraries: tuple[Library, ...] = ()
    licence_texts: tuple[LicenceText, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a task. `direction` is "in" or "out"; `kind` as in status.toml.

    The name "*" stands for all names that only the model knows. `default` is the text that a run without a prompt sends
    to it; a task whose first input has none is talked to. `shapes` are those of the task with which it is there; empty
    means all.
    """

    name: str
    direction: str
    kind: str
    summary: str
    default: str | None = None
    shapes: tuple[str, ...] = ()

    @property
    def any_name(self) -> bool:
        """Whether it stands for all names that the model has."""
        return self.name == "*"

    def fits(self, shape: str) -> bool:
        """Whether an app whose model has this shape has the port."""
        return not self.shapes or shape in self.shapes


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting (hh_task_configure) or an option (hh_task_open).

    `type` is "number", "integer", "boolean", "string", "strings" or "choice"; `shapes` as of a port.
    """

    name: str
    type: str
    default: SettingValue
    summary: str
    minimum: float | int | None = None
    maximum: float | int | None = None
    choices: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    def fits(self, shape: str) -> bool:
        """Whether an app whose model has this shape has the setting."""
        return not self.shapes or shape in self.shapes

    @property
    def key(self) -> Key:
        """What a value has to be like, for app.toml and its schema."""
        return setting_key(self.type, self.summary, self.choices, self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class ModelPart:
    """One file inside a package of an index; several are joined in order. `sha256` is the archive's hash."""

    pypi: str
    sha256: str
    member: str
    kind: str = "wheel"


@dataclass(frozen=True, slots=True)
class Model:
    """A model known to work with a task. Its file is made of `parts`, or is `text` itself.

    `shape` is the one that it has, where task and runtime have several.
    `stop`, `state` and `labels` are the defaults of the task's setting and option of that name, where it has them.
    `convert` is a program that turns the joined parts into the file: python3 PROGRAM PARTS FILE, with Python alone.
    """

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
    state: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    convert: Path | None = None
    parts: tuple[ModelPart, ...] = ()
    licence_text: ModelPart | None = None
    text: str | None = None
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One folder of templates/tasks.

    `entries` is the class that each platform's shell lists. `goldens` are the golden cases by model name; "default" is
    for models without one of their own.
    """

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
    goldens: Mapping[str, Path]
    folder: Path

    @property
    def default_model(self) -> Model | None:
        """The model used when none is asked for; None when the task lists none."""
        return next((model for model in self.models if model.default), None)

    def has_model(self, name: str) -> bool:
        """Whether a model of that name is in the task's list."""
        return any(model.name == name for model in self.models)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All runtimes and tasks, each mapping sorted by name, and the sources that every build needs."""

    root: Path
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    core_sources: tuple[Source, ...] = ()
    """What every build needs, whatever its runtimes."""


def load_catalog(root: Path) -> Catalog:
    """Read native/core/core.toml, native/runtimes/*/runtime.toml and templates/tasks/*/task.toml below `root`.

    Raises:
        FileError: a file cannot be read, or a key is missing, unknown, of the wrong type or out of range; the message
            names file and key.
    """
    runtimes = [_load_runtime(path) for path in sorted((root / "native" / "runtimes").glob("*/runtime.toml"))]
    tasks = [_load_task(path) for path in sorted((root / "templates" / "tasks").glob("*/task.toml"))]
    core = root / "native" / "core" / "core.toml"
    return Catalog(
        root,
        {runtime.name: runtime for runtime in runtimes},
        {task.name: task for task in tasks},
        _sources(_read(core, Key("table", keys=_CORE))) if core.is_file() else (),
    )


# The tables, as a person writes them.

_NAME = r"[a-z][a-z0-9_]*"
_MODEL_NAME = r"[a-z0-9][a-z0-9._-]*"
_SHA256 = r"[0-9a-f]{64}"
_PINNED = r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_]+"
_FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FOLDER_PATH = r"(?!/)(?!.*(^|/)\.\.(/|$)).+"
_CLASS = r"[A-Z][A-Za-z0-9]*"


def _text(pattern: str = "", required: bool = True, choices: tuple[str, ...] = ()) -> Key:
    return Key("string", required=required, pattern=pattern, choices=choices, minimum=1)


def _texts(pattern: str = "", required: bool = False, choices: tuple[str, ...] = ()) -> Key:
    return Key("strings", required=required, pattern=pattern, choices=choices, minimum=1 if required else None)


_BYTES = Key("integer", required=True, minimum=1)
SLOTS: Mapping[str, Mapping[str, Key]] = {
    "android": {
        "gradle_dependencies": _texts(),
        "keep_rules": _texts(),
        "permissions": _texts(r"[A-Za-z0-9_.]+"),
        "cmake_arguments": _texts("-D.+"),
        "no_compress": _texts("[a-z0-9]+"),
    },
    "ios": {
        "linker_flags": _texts(),
        "frameworks": _texts(_CLASS),
        "usage": Key("map", values=_text()),
    },
    "host": {"cmake_arguments": _texts("-D.+")},
}
"""The closed list of what a runtime or task may put into each platform's project."""

_SOURCE = {
    "name": _text(),
    "version": _text(),
    "licence": _text(),
    "licence_file": _text(_FOLDER_PATH),
    "pypi": _text(_PINNED),
    "kind": _text(choices=("sdist", "wheel")),
    "sha256": _text(_SHA256),
    "bytes": _BYTES,
    "root": _text(_FOLDER_PATH),
    "into": _text(_FILE_NAME),
    "files": _texts(_FOLDER_PATH, required=True),
}
_LIBRARY = {
    "name": _text(_FILE_NAME),
    "os": _text(choices=("linux", "macos", "windows")),
    "arch": _text(choices=("x86_64", "arm64")),
    "pypi": _text(_PINNED),
    "python": _text(r"3\.[0-9]+"),
    "sha256": _text(_SHA256),
    "bytes": _BYTES,
    "member": _text(_FOLDER_PATH),
}
_LICENCE_TEXT = {name: _LIBRARY[name] for name in ("pypi", "python", "sha256", "bytes", "member")}
_CORE = {"source": Key("tables", keys=_SOURCE)}
_RUNTIME = {
    "name": _text(_NAME),
    "title": _text(),
    "licence": _text(),
    "shapes": _texts(required=True, choices=SHAPES),
    "formats": _texts("[a-z0-9]+", required=True),
    "file_forms": _texts(required=True, choices=("path", "descriptor", "memory")),
    "cancel": _text(),
    "platforms": _texts(required=True, choices=PLATFORMS),
    "accelerators": Key("table", required=True, keys={name: _texts(_NAME) for name in PLATFORMS}),
    "source": Key("tables", keys=_SOURCE),
    "library": Key("tables", keys=_LIBRARY),
    "licence_text": Key("tables", keys=_LICENCE_TEXT),
    **{name: Key("table", keys=slots) for name, slots in SLOTS.items()},
}

_PORT = {
    "name": _text(rf"{_NAME}|\*"),
    "direction": _text(choices=("in", "out")),
    "kind": _text(choices=tuple(kind.name.lower() for kind in Kind if kind is not Kind.END)),
    "summary": _text(),
    "default": _text(required=False),
    "shapes": _texts(choices=SHAPES),
}
_SETTING = {
    "name": _text(_NAME),
    "type": _text(choices=("number", "integer", "boolean", "string", "strings", "choice")),
    "default": Key("any", required=True),
    "minimum": Key("number"),
    "maximum": Key("number"),
    "choices": _texts(),
    "shapes": _texts(choices=SHAPES),
    "summary": _text(),
}
_PART = {
    "pypi": _text(_PINNED),
    "sha256": _text(_SHA256),
    "member": _text(_FOLDER_PATH),
    "kind": _text(required=False, choices=("sdist", "wheel")),
}
_MODEL = {
    "name": _text(_MODEL_NAME),
    "title": _text(),
    "format": _text("[a-z0-9]+"),
    "default": Key("boolean"),
    "licence": _text(),
    "terms": Key("boolean"),
    "file": _text(_FILE_NAME),
    "bytes": _BYTES,
    "sha256": _text(_SHA256),
    "chat_template": _text(required=False),
    "stop": _texts(),
    "state": _texts(".+=.+"),
    "labels": _texts(),
    "convert": _text(_FOLDER_PATH, required=False),
    "text": _text(required=False),
    "shape": _text(required=False, choices=SHAPES),
    "part": Key("tables", keys=_PART),
    "licence_text": Key("table", keys=_PART),
}
_TASK = {
    "name": _text(_NAME),
    "title": _text(),
    "summary": _text(),
    "shapes": _texts(required=True, choices=SHAPES),
    "port": Key("tables", required=True, keys=_PORT, minimum=1),
    "setting": Key("tables", keys=_SETTING),
    "option": Key("tables", keys=_SETTING),
    "model": Key("tables", keys=_MODEL),
    **{name: Key("table", required=True, keys={"entry": _text(_CLASS), **SLOTS[name]}) for name in APP_PLATFORMS},
    "host": Key("table", keys=SLOTS["host"]),
}


# From text to dataclasses.


def _load_runtime(path: Path) -> Runtime:
    table = _read(path, Key("table", keys=_RUNTIME))
    _stop_at(path, runtime_problems(table, path.parent.name))
    return Runtime(
        name=table["name"],
        title=table["title"],
        licence=table["licence"],
        shapes=tuple(table["shapes"]),
        formats=tuple(table["formats"]),
        file_forms=tuple(table["file_forms"]),
        cancel=table["cancel"],
        platforms=tuple(table["platforms"]),
        accelerators={name: tuple(values) for name, values in table["accelerators"].items()},
        sources=_sources(table),
        slots=_slots(table),
        folder=path.parent,
        libraries=tuple(Library(**library) for library in table.get("library", [])),
        licence_texts=tuple(LicenceText(**text) for text in table.get("licence_text", [])),
    )


def _sources(table: Mapping[str, Any]) -> tuple[Source, ...]:
    return tuple(Source(**_frozen(source)) for source in table.get("source", []))


def _load_task(path: Path) -> Task:
    table = _read(path, Key("table", keys=_TASK))
    _stop_at(path, task_problems(table, path.parent.name))
    return Task(
        name=table["name"],
        title=table["title"],
        summary=table["summary"],
        shapes=tuple(table["shapes"]),
        ports=tuple(Port(**_frozen(port)) for port in table["port"]),
        settings=tuple(Setting(**_frozen(setting)) for setting in table.get("setting", [])),
        options=tuple(Setting(**_frozen(option)) for option in table.get("option", [])),
        models=tuple(_model(model, path.parent) for model in table.get("model", [])),
        entries={name: table[name]["entry"] for name in APP_PLATFORMS},
        slots=_slots(table),
        goldens={golden.stem: golden for golden in sorted((path.parent / "golden").glob("*.json"))},
        folder=path.parent,
    )


def _model(table: Mapping[str, Any], folder: Path) -> Model:
    values = _frozen(table)
    convert = values.pop("convert", None)
    parts = tuple(ModelPart(**part) for part in values.pop("part", ()))
    licence_text = values.pop("licence_text", None)
    return Model(
        **values,
        parts=parts,
        licence_text=ModelPart(**licence_text) if licence_text else None,
        convert=folder / convert if convert else None,
    )


def _slots(table: Mapping[str, Any]) -> dict[str, dict[str, SlotValue]]:
    """Every slot of the closed list, empty where the file says nothing."""
    result: dict[str, dict[str, SlotValue]] = {}
    for platform, slots in SLOTS.items():
        given = table.get(platform, {})
        result[platform] = {
            name: dict(given.get(name, {})) if key.type == "map" else tuple(given.get(name, ()))
            for name, key in slots.items()
        }
    return result


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _read(path: Path, key: Key) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(path, error) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotToml(path, str(error)) from error
    _stop_at(path, problems(table, key))
    return table


def _stop_at(path: Path, found: Iterator[str]) -> None:
    sentences = list(found)
    if sentences:
        raise CatalogueWrong(path, sentences)
