"""What a person asked for, checked: app.toml and the command line become one frozen AppSpec.

This is the only reader of user input. One description, `app_table`, both validates app.toml and is written out as the
JSON schema for editors.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from handheld.catalog import Catalog, Setting, SettingValue, Task
from handheld.catalog_keys import APP_PLATFORMS
from handheld.errors import (
    AppTomlWrong,
    ChoiceForWhichTask,
    ChosenTwice,
    HandheldError,
    InputError,
    NotToml,
    UnknownChoice,
    Unreadable,
)
from handheld.hosted_errors import NeverInAnApp
from handheld.identity import NAME_LIMIT, RESERVED, AppIdentity, identify
from handheld.tables import Key, problems, schema

__all__ = [
    "HF_PREFIX",
    "NAME_LIMIT",
    "AppIdentity",
    "AppSpec",
    "Request",
    "TaskChoice",
    "app_schema",
    "app_table",
    "identify",
    "load_app_toml",
    "read_spec",
    "write_app_toml",
]

HF_PREFIX = "hf:"
PHONE_PROCESSORS = ("A12", "A13")
"""The oldest processors of iPhones that an app can be compiled for, the default first."""
FORMAT = 1
"""The version of app.toml's own form."""


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """One task of the app. `runtime` is a catalogue name (None: plan picks).

    `model` is a catalogue name, an absolute path, "hf:org/repo[@revision]/file" or None (the task's default).
    `settings` and `options` hold overrides only, checked against the task's tables. `accelerator` None leaves the
    choice to the runtime, `memory_mb` None sets no limit; `chat_template` (Jinja) replaces the model's own. `guessed`:
    nobody named the task, so plan may take another one, which fits the model's file better.
    """

    task: str
    runtime: str | None = None
    model: str | None = None
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    options: Mapping[str, SettingValue] = field(default_factory=dict)
    accelerator: str | None = None
    memory_mb: float | None = None
    chat_template: str | None = None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class AppSpec:
    """The request, complete and valid in itself.

    `directory` is absolute; `platforms` is in catalogue order; `processor` is one of PHONE_PROCESSORS. `any_platform`:
    nobody named a platform, so that those will do on which the chosen runtimes and models run.
    """

    identity: AppIdentity
    tasks: tuple[TaskChoice, ...]
    platforms: tuple[str, ...]
    directory: Path
    force: bool = False
    processor: str = PHONE_PROCESSORS[0]
    any_platform: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line collected, unchecked.

    `runtimes` and `models` hold "value" (with one task) or "task=value". An empty `tasks` or `platforms` means the
    default: the first task of the catalogue that has a default model and could take the one that was asked for, and all
    platforms on which that runs. `directory` None means ./<slug>. `id` overrides the package id.
    """

    name: str
    tasks: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    id: str | None = None
    directory: Path | None = None
    force: bool = False


# From the command line.


def read_spec(request: Request, catalog: Catalog) -> AppSpec:
    """Check what the command line collected. Relative paths are taken from the current folder.

    Raises:
        InputError: with the choices and the nearest one where a choice is wrong.
    """
    identity = identify(request.name, request.id)
    tasks = _chosen_tasks(request.tasks, request.models, catalog)
    runtimes = _by_task("--runtime", request.runtimes, tasks)
    models = _by_task("--model", request.models, tasks)
    here = Path.cwd()
    choices = tuple(
        TaskChoice(
            task=task.name,
            runtime=_runtime_name(runtimes[task.name], catalog) if task.name in runtimes else None,
            model=_model_reference(models[task.name], task, here) if task.name in models else None,
            guessed=not request.tasks and task.name in models and not task.has_model(models[task.name]),
        )
        for task in tasks
    )
    directory = here / (request.directory.expanduser() if request.directory else identity.slug)
    return AppSpec(
        identity=identity,
        tasks=choices,
        platforms=_chosen_platforms(request.platforms),
        directory=Path(os.path.normpath(directory)),
        force=request.force,
        any_platform=not request.platforms,
    )


def _chosen_tasks(names: Sequence[str], models: Sequence[str], catalog: Catalog) -> list[Task]:
    if not names:
        ready = [task for task in catalog.tasks.values() if task.default_model is not None]
        fitting = [task for task in ready if models and _may_take(task, models[0], catalog)]
        # A model of one's own goes where any is welcome, before it goes where it would have to be of some kind.
        fitting.sort(key=lambda task: (all(m.name != models[0] for m in task.models), not _takes_any_names(task)))
        return fitting[:1] or ready[:1] or list(catalog.tasks.values())[:1]
    tasks: list[Task] = []
    for name in names:
        if name not in catalog.tasks:
            raise UnknownChoice("task", name, list(catalog.tasks), "--task")
        if catalog.tasks[name] in tasks:
            raise ChosenTwice(name, "the command")
        tasks.append(catalog.tasks[name])
    return tasks


def _takes_any_names(task: Task) -> bool:
    return any(port.name == "*" for port in task.ports)


def _may_take(task: Task, model: str, catalog: Catalog) -> bool:
    """Whether the task lists the model, or a runtime of one of its shapes takes files that are called so."""
    suffix = Path(model).suffix.lower().removeprefix(".")
    runtimes = (runtime for runtime in catalog.runtimes.values() if set(runtime.shapes) & set(task.shapes))
    return task.has_model(model) or any(suffix in runtime.formats for runtime in runtimes)


def _chosen_platforms(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in APP_PLATFORMS:
            raise UnknownChoice("platform", name, APP_PLATFORMS, "--platform")
    return tuple(name for name in APP_PLATFORMS if name in names or not names)


def _by_task(option: str, values: Sequence[str], tasks: Sequence[Task]) -> dict[str, str]:
    names = [task.name for task in tasks]
    result: dict[str, str] = {}
    for value in values:
        task, equals, rest = value.partition("=")
        if not equals or task not in names:
            if len(names) > 1:
                raise ChoiceForWhichTask(option, value, names)
            task, rest = names[0], value
        if task in result:
            raise ChosenTwice(task, f"the command's {option}")
        result[task] = rest
    return result


def _runtime_name(given: str, catalog: Catalog) -> str:
    """The catalogue name of a runtime given by name or title, in any case."""
    for runtime in catalog.runtimes.values():
        if given.casefold() in (runtime.name.casefold(), runtime.title.casefold()):
            return runtime.name
    for hosted in catalog.hosted.values():
        if given.casefold() in (hosted.name.casefold(), hosted.title.casefold()):
            raise NeverInAnApp(hosted.name, hosted.title, list(catalog.runtimes))
    raise UnknownChoice("runtime", given, list(catalog.runtimes), "--runtime")


def _model_reference(given: str, task: Task, base: Path) -> str:
    """A catalogue name, an hf: reference or a path made absolute, after a check of its form."""
    names = [model.name for model in task.models]
    if given in names:
        return given
    if given.startswith(HF_PREFIX):
        _check_hf(given)
        return given
    path = Path(given).expanduser()
    # A bare word is more likely a misspelt name than a file; a file of that name in the folder still counts.
    if not path.suffix and not set(given) & {"/", os.sep} and not (base / path).is_file():
        raise UnknownChoice("model", given, names, "--model")
    return os.path.normpath(base / path)


def _check_hf(given: str) -> None:
    parts = given.removeprefix(HF_PREFIX).split("/")
    revision_first = parts[1].partition("@") if len(parts) > 1 else ("", "", "")
    complete = len(parts) >= 3 and all(parts) and revision_first[0] and (revision_first[2] or not revision_first[1])
    if not complete or any(part in (".", "..") for part in parts):
        raise InputError(
            f"'{given}' names no file of the hub.",
            "It has to be hf:organisation/repository/file, with @revision after the repository when one is wanted.",
            "--model hf:organisation/repository@main/file.gguf",
        )


# From app.toml.


def app_table(catalog: Catalog) -> Key:
    """What app.toml may hold, with the tasks and settings of the catalogue."""
    identity = {
        "name": Key("string", "The display name, in any language.", required=True, minimum=1),
        "id": Key("string", "Android application id and iOS bundle id.", pattern=r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+"),
        "module": Key("string", "The name in code; derived from the name unless given.", pattern="[A-Z][A-Za-z0-9]*"),
        "slug": Key("string", "The folder's name; derived from the name unless given.", pattern="[a-z][a-z0-9-]*"),
        "version": Key("string", "The version people see.", pattern=r"[0-9]+\.[0-9]+\.[0-9]+"),
        "version_code": Key("integer", "Counts up with each upload to a store.", minimum=1, maximum=2_100_000_000),
        "color": Key("string", "The accent; derived from the name unless given.", pattern="#[0-9A-Fa-f]{6}"),
        "color_dark": Key("string", "The accent of the dark theme.", pattern="#[0-9A-Fa-f]{6}"),
        "platforms": Key("strings", "What the app is made for.", choices=APP_PLATFORMS, minimum=1),
    }
    ios = {
        "processor": Key(
            "string",
            "The oldest processor of iPhones and iPads that the app is compiled for; A13 computes faster, and phones "
            "with an A12 are told that they are too old.",
            choices=PHONE_PROCESSORS,
        )
    }
    tasks = {task.name: _task_key(task, catalog) for task in catalog.tasks.values()}
    return Key(
        "table",
        "The description of an app; `handheld new --from app.toml` renders it.",
        keys={
            "handheld": Key("integer", "The version of this form.", required=True, minimum=FORMAT, maximum=FORMAT),
            "app": Key("table", "What the app is called and made for.", required=True, keys=identity),
            "ios": Key("table", "What is particular to iOS.", keys=ios),
            "task": Key("table", "What the app can do; one table for each task.", required=True, keys=tasks),
        },
    )


def _task_key(task: Task, catalog: Catalog) -> Key:
    runtimes = tuple(catalog.runtimes)
    models = ", ".join(model.name for model in task.models)
    accelerators = sorted(
        {name for r in catalog.runtimes.values() for names in r.accelerators.values() for name in names}
    )
    keys = {
        "runtime": Key("string", "What runs the model; picked to fit it unless given.", choices=runtimes),
        "model": Key(
            "string",
            f"A name of the catalogue ({models}), a path to a file (relative to app.toml), or "
            "hf:organisation/repository[@revision]/file.",
            minimum=1,
        ),
        "accelerator": Key("string", "What has to compute; any unless given.", choices=tuple(accelerators)),
        "memory_mb": Key(
            "number", "How many megabytes the model may take; as many as there are unless given.", minimum=0
        ),
        "chat_template": Key("string", "A Jinja template instead of the model's own.", minimum=1),
        "settings": _settings_key("What the app starts with; a person may change it.", task.settings),
        "options": _settings_key("What holds while the model is loaded.", task.options),
    }
    return Key("table", task.summary, keys=keys)


def _settings_key(summary: str, settings: Sequence[Setting]) -> Key:
    return Key("table", summary, keys={setting.name: setting.key for setting in settings})


def app_schema(catalog: Catalog | None = None) -> dict[str, object]:
    """The JSON schema (draft 2020-12) of app.toml, made from the description that also validates.

    Args:
        catalog: Whose tasks and runtimes to list; Handheld's own unless given.
    """
    if catalog is None:
        from handheld.catalog import load_catalog  # noqa: PLC0415 - callers mostly have one
        from handheld.resources import root  # noqa: PLC0415

        catalog = load_catalog(root())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "app.toml"}
    return head | schema(app_table(catalog))


def load_app_toml(path: Path, catalog: Catalog) -> AppSpec:
    """Read and check an app.toml; `directory` is its folder, relative model paths are taken from there.

    Raises:
        InputError: unknown or misspelt keys (the nearest is named), wrong types, a task twice, unknown choices.
        FileError: the file cannot be read or is no TOML.
    """
    path = Path(os.path.normpath(path.absolute()))
    table = _parse(path)
    found = list(problems(table, app_table(catalog))) or list(_relations(table, catalog))
    if found:
        raise AppTomlWrong(path, found)
    return AppSpec(
        identity=_identity(table["app"], path),
        tasks=tuple(_task_choice(name, choice, catalog, path) for name, choice in table["task"].items()),
        platforms=_chosen_platforms(table["app"].get("platforms", ())),
        directory=path.parent,
        processor=table.get("ios", {}).get("processor", PHONE_PROCESSORS[0]),
        any_platform="platforms" not in table["app"],
    )


def _relations(table: Mapping[str, Any], catalog: Catalog) -> Iterator[str]:
    """What the description cannot say."""
    if not table["task"]:
        yield f"`task` needs at least one table, for example [task.{next(iter(catalog.tasks), 'name')}]"
    module = table["app"].get("module", "")
    if module.lower() in RESERVED:
        yield f"`app.module` is '{module}', which is a keyword or a type of Kotlin, Java or Swift"


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise NotToml(path, f"it is not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        twice = _task_twice(str(error))
        raise (ChosenTwice(twice, str(path)) if twice else NotToml(path, str(error))) from error


def _task_twice(message: str) -> str | None:
    """The task's name when a parser's message says that [task.name] stands twice (TOML itself forbids it)."""
    head, _, rest = message.partition("Cannot declare ('task', '")
    return rest.partition("'")[0] if rest and not head and "twice" in rest else None


def _identity(table: Mapping[str, Any], path: Path) -> AppIdentity:
    given = {name: value for name, value in table.items() if name not in ("name", "id", "platforms")}
    try:
        return replace(identify(table["name"], table.get("id")), **given)
    except HandheldError as error:
        error.fix = f"Edit {path}: `app.name` or `app.id`"
        raise


def _task_choice(name: str, table: Mapping[str, Any], catalog: Catalog, path: Path) -> TaskChoice:
    task = catalog.tasks[name]
    model = table.get("model")
    return TaskChoice(
        task=name,
        runtime=table.get("runtime"),
        model=_model_reference(model, task, path.parent) if model is not None else None,
        settings=_values(table.get("settings", {})),
        options=_values(table.get("options", {})),
        accelerator=table.get("accelerator"),
        memory_mb=table.get("memory_mb"),
        chat_template=table.get("chat_template"),
    )


def _values(table: Mapping[str, Any]) -> dict[str, SettingValue]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


# Back to app.toml.


def write_app_toml(spec: AppSpec) -> str:
    """The app.toml of a spec; the same spec gives the same text, and `load_app_toml` reads it back.

    A model's path inside the app's folder is written relative to it.
    """
    identity = spec.identity
    lines = [
        "# What this app is. Edit it, then give: handheld new --from app.toml --force",
        f"handheld = {FORMAT}",
        "",
        "[app]",
        f"name = {_toml(identity.name)}",
        f"id = {_toml(identity.package)}",
        f"module = {_toml(identity.module)}",
        f"slug = {_toml(identity.slug)}",
        f"version = {_toml(identity.version)}",
        f"version_code = {_toml(identity.version_code)}",
        f"color = {_toml(identity.color)}",
        f"color_dark = {_toml(identity.color_dark)}",
        f"platforms = {_toml(spec.platforms)}",
    ]
    if spec.processor != PHONE_PROCESSORS[0]:
        lines += ["", "[ios]", f"processor = {_toml(spec.processor)}"]
    for choice in spec.tasks:
        lines += ["", f"[task.{choice.task}]"]
        model = _written_model(choice.model, spec.directory)
        named = (("runtime", choice.runtime), ("model", model), ("accelerator", choice.accelerator))
        for name, value in (*named, ("memory_mb", choice.memory_mb), ("chat_template", choice.chat_template)):
            if value is not None:
                lines.append(f"{name} = {_toml(value)}")
        for name, table in (("settings", choice.settings), ("options", choice.options)):
            if table:
                lines += [f"[task.{choice.task}.{name}]", *(f"{key} = {_toml(table[key])}" for key in sorted(table))]
    return "\n".join(lines) + "\n"


def _written_model(model: str | None, directory: Path) -> str | None:
    if model is None or not Path(model).is_absolute():
        return model
    path = Path(model)
    # "./" keeps a file that is named like a model of the catalogue apart from it.
    return "./" + path.relative_to(directory).as_posix() if path.is_relative_to(directory) else path.as_posix()


def _toml(value: SettingValue) -> str:
    # TOML's basic strings take JSON's escapes; DEL is the one sign that JSON leaves bare and TOML refuses.
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
