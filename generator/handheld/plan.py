"""All decisions, without I/O: AppSpec + Catalog + Facts become the Plan that `--dry-run` prints."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handheld.app_errors import SettingOfAnotherShape
from handheld.catalog import (
    Catalog,
    Conversion,
    Model,
    ModelPart,
    Port,
    Runtime,
    Setting,
    SettingValue,
    SlotValue,
    Source,
    Task,
)
from handheld.catalog_keys import SLOTS
from handheld.errors import NothingFits, quoted
from handheld.facts import Facts, ModelFacts
from handheld.libraries import Library
from handheld.limits import check_bundle, check_disk, check_target, device_bytes, disk_bytes, total, warnings
from handheld.spec import HF_PREFIX, AppIdentity, AppSpec, TaskChoice, write_app_toml

MANIFEST_VERSION = 1
WEIGHTS = "weights"
"""The role of a model's own file in task.json."""


@dataclass(frozen=True, slots=True)
class HfRef:
    """A file of a Hugging Face repository; `revision` is a branch, tag or commit ("main" when none was given)."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model of one task. `kind` is "catalog", "path" or "hf".

    `bytes` and `sha256` are None while unknown (an hf file's; a local file's hash): StoredModel has both in the end.
    `shape` is the one that it has, where its header or the catalogue tells. `file` is the name beside task.json.
    `conversion` is where `convert` runs, None for Python alone.
    """

    name: str
    title: str
    licence: str
    format: str
    file: str
    bytes: int | None
    sha256: str | None
    kind: str
    parts: tuple[ModelPart, ...] = ()
    path: Path | None = None
    hf: HfRef | None = None
    text: str | None = None
    chat_template: str | None = None
    stop: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    convert: Path | None = None
    modules: tuple[Path, ...] = ()
    conversion: Conversion | None = None
    terms: bool = False
    licence_text: ModelPart | None = None
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of the app: what runs it and with which model. `manifest` is task.json; see `finish_manifest`."""

    task: Task
    runtime: Runtime
    shape: str
    model: ModelChoice
    manifest: Mapping[str, object]
    golden: Path | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions.

    slots: {"android": {...}, "ios": {...}, "host": {...}}: the slots of all chosen runtimes and tasks joined, every
        slot of the closed list present, sorted, without repeats.
    permissions: {"android": ("android.permission.X", ...), "ios": {"NS...UsageDescription": "sentence"}}.
    bundle_bytes: The models' bytes that each app carries; None while a model's size is unknown.
    device_bytes: What the models take on a phone, by platform, a copy out of the APK counted; None as above.
    disk_bytes: What fetching and rendering need here at most, copies counted; None as above.
    processor: The oldest processor of iPhones that the app is compiled for, such as "A12".
    app_toml: The text of app.toml.
    """

    identity: AppIdentity
    platforms: tuple[str, ...]
    directory: Path
    force: bool
    tasks: tuple[TaskPlan, ...]
    sources: tuple[Source, ...]
    libraries: tuple[Library, ...]
    slots: Mapping[str, Mapping[str, SlotValue]]
    permissions: Mapping[str, SlotValue]
    bundle_bytes: int | None
    device_bytes: Mapping[str, int | None]
    disk_bytes: int | None
    processor: str
    app_toml: str
    warnings: tuple[str, ...] = ()


def make_plan(spec: AppSpec, catalog: Catalog, facts: Facts) -> Plan:
    """Decide everything.

    Raises:
        InputError: nothing fits (the message says which of shape, model format, platform or accelerator failed and
            what would work), the target folder is in the way, or the bundle is above a store's limit.
        MachineError: the disk has too little space, or the target folder cannot be written.
    """
    check_target(spec, facts)
    choices = [_with_fitting_task(choice, spec, catalog, facts) for choice in spec.tasks]
    spec = _on_fitting_platforms(replace(spec, tasks=tuple(choices)), catalog, facts)
    tasks = tuple(_plan_task(choice, spec, catalog, facts) for choice in spec.tasks)
    sources = _joined_sources(catalog.core_sources, tasks)
    slots = _joined_slots(tasks)
    bundle = total([task.model.bytes for task in tasks])
    check_bundle(spec, tasks, bundle)
    check_disk(spec, bundle, facts)
    return Plan(
        identity=spec.identity,
        platforms=spec.platforms,
        directory=spec.directory,
        force=spec.force,
        tasks=tasks,
        sources=sources,
        libraries=_joined_libraries(tasks),
        slots=slots,
        permissions={"android": slots["android"]["permissions"], "ios": slots["ios"]["usage"]},
        bundle_bytes=bundle,
        device_bytes={platform: device_bytes(platform, tasks) for platform in spec.platforms},
        disk_bytes=disk_bytes(tasks, sources),
        processor=spec.processor,
        app_toml=_written_spec(spec, tasks),
        warnings=tuple(warnings(spec, tasks, bundle, facts)),
    )


def finish_manifest(task: TaskPlan, *, bytes: int, sha256: str) -> dict[str, object]:
    """The task.json with the fetched file's size and hash filled in."""
    model = task.manifest["model"]
    assert isinstance(model, Mapping)
    return {**task.manifest, "model": {**model, "bytes": bytes, "sha256": sha256}}


def plan_to_json(plan: Plan) -> dict[str, object]:
    """The plan as plain JSON values in a stable order."""
    tasks = [
        {
            "task": task.task.name,
            "runtime": task.runtime.name,
            "shape": task.shape,
            "model": _plain(task.model),
            "manifest": _plain(task.manifest),
            "golden": task.golden.name if task.golden else None,
        }
        for task in plan.tasks
    ]
    head = {
        "identity": _plain(plan.identity),
        "platforms": list(plan.platforms),
        "directory": plan.directory.as_posix(),
    }
    sizes = ("bundle_bytes", "device_bytes", "disk_bytes")
    rest = ("sources", "libraries", "slots", "permissions", *sizes, "processor", "app_toml", "warnings")
    return {**head, "force": plan.force, "tasks": tasks, **{name: _plain(getattr(plan, name)) for name in rest}}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value.as_posix() if isinstance(value, Path) else value


def _platform_choices(spec: AppSpec) -> list[tuple[str, ...]]:
    """What the app may be made for: all of it, or one of them where nobody named any."""
    return [spec.platforms, *((name,) for name in spec.platforms if spec.any_platform)]


def _on_fitting_platforms(spec: AppSpec, catalog: Catalog, facts: Facts) -> AppSpec:
    """The spec for all platforms, or else the first one, on which what was chosen runs, where nobody named any."""
    for platforms in _platform_choices(spec):
        narrowed = replace(spec, platforms=platforms)
        with suppress(NothingFits):
            for choice in spec.tasks:
                _plan_task(choice, narrowed, catalog, facts)
            return narrowed
    return spec


# One task: which model, which runtime.


def _with_fitting_task(choice: TaskChoice, spec: AppSpec, catalog: Catalog, facts: Facts) -> TaskChoice:
    """Where nobody named a task: the one that was guessed, or another one if it does not take the model.

    Of several that use it in the same way, the one that takes models of any names: the others know what theirs mean.
    """
    if not choice.guessed:
        return choice
    model = _candidates(choice, catalog.tasks[choice.task], facts)[0]
    found: list[tuple[str, Task]] = []
    for platforms in _platform_choices(spec):
        for task in () if found else catalog.tasks.values():
            fitting = _fitting(_runtimes(choice, catalog), task, model, choice.accelerator, platforms)
            shapes = sorted((_shape(runtime, task, model) for runtime in fitting), key=task.shapes.index)
            found += [(shape, task) for shape in shapes[:1]]
    found.sort(key=lambda pair: pair[1].name != choice.task)
    alike = [task for shape, task in found if shape == found[0][0]]
    best = min(alike, key=lambda task: not any(port.any_name for port in task.ports), default=None)
    return choice if best is None else replace(choice, task=best.name)


def _plan_task(choice: TaskChoice, spec: AppSpec, catalog: Catalog, facts: Facts) -> TaskPlan:
    task = catalog.tasks[choice.task]
    runtimes = _runtimes(choice, catalog)
    for model in _candidates(choice, task, facts):
        fitting = _fitting(runtimes, task, model, choice.accelerator, spec.platforms)
        if fitting:
            runtime = min(fitting, key=lambda r: (task.shapes.index(_shape(r, task, model)), r.name))
            return _task_plan(choice, task, runtime, model)
    raise _nothing_fits(choice, task, runtimes, spec.platforms, catalog=catalog, facts=facts)


def _runtimes(choice: TaskChoice, catalog: Catalog) -> list[Runtime]:
    return [catalog.runtimes[choice.runtime]] if choice.runtime else list(catalog.runtimes.values())


def _task_plan(choice: TaskChoice, task: Task, runtime: Runtime, model: ModelChoice) -> TaskPlan:
    if choice.chat_template is not None:
        model = replace(model, chat_template=choice.chat_template)
    if model.convert is not None:
        model = replace(model, conversion=runtime.conversion)
    shape = _shape(runtime, task, model)
    golden = task.goldens.get(model.name) if model.kind == "catalog" else None
    return TaskPlan(
        task=task,
        runtime=runtime,
        shape=shape,
        model=model,
        manifest=_manifest(choice, task, runtime, shape, model),
        golden=golden or task.goldens.get(f"default-{shape}") or task.goldens.get("default"),
    )


def _candidates(choice: TaskChoice, task: Task, facts: Facts) -> list[ModelChoice]:
    """The model that was asked for, or the task's models with the default first."""
    named = [model for model in task.models if model.name == choice.model]
    if choice.model is None:
        return [_from_catalog(model) for model in sorted(task.models, key=lambda model: not model.default)]
    if named:
        return [_from_catalog(named[0])]
    if choice.model.startswith(HF_PREFIX):
        return [_from_hub(choice.model)]
    return [_from_path(facts.models[choice.model])]


def _from_catalog(model: Model) -> ModelChoice:
    shared = {item.name: getattr(model, item.name) for item in dataclasses.fields(model) if item.name != "default"}
    return ModelChoice(kind="catalog", **{**shared, "sha256": model.sha256 or None})


def _from_path(facts: ModelFacts) -> ModelChoice:
    return ModelChoice(
        name=_slug(facts.path.stem),
        title=facts.name or facts.path.stem,
        licence=facts.licence or "unknown",
        format=facts.format,
        file=_file_name(facts.path.name),
        bytes=facts.bytes,
        sha256=None,
        kind="path",
        path=facts.path,
        shape=facts.shape,
    )


def _from_hub(reference: str) -> ModelChoice:
    organisation, repository, file = reference.removeprefix(HF_PREFIX).split("/", 2)
    repository, _, revision = repository.partition("@")
    name = file.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    return ModelChoice(
        name=_slug(stem or name),
        title=stem or name,
        licence="unknown",
        format=suffix.lower(),
        file=_file_name(name),
        bytes=None,
        sha256=None,
        kind="hf",
        hf=HfRef(f"{organisation}/{repository}", revision or "main", file),
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-._") or "model"


def _file_name(name: str) -> str:
    """A name that the asset tools of both platforms take: they drop what begins with a dot or underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("-._") or "model"


def _shape(runtime: Runtime, task: Task, model: ModelChoice) -> str:
    return next(s for s in task.shapes if s in runtime.shapes and model.shape in {None, s})


def _fitting(
    runtimes: Sequence[Runtime], task: Task, model: ModelChoice, accelerator: str | None, platforms: Sequence[str]
) -> list[Runtime]:
    return [runtime for runtime in runtimes if not any(_misfits(runtime, task, model, accelerator, platforms))]


def _misfits(
    runtime: Runtime, task: Task, model: Model | ModelChoice | None, accelerator: str | None, platforms: Sequence[str]
) -> Iterator[str]:
    """A sentence for each of shape, model format, platform and accelerator that does not fit."""
    model_format = model.format if model else "(none: the task lists no model)"
    shape = model.shape if model else None
    if shape is not None and shape not in task.shapes:
        yield f"{runtime.title}: shape: the model gives '{shape}', the task asks for {quoted(task.shapes)}"
    elif shape is not None and shape not in runtime.shapes:
        yield f"{runtime.title}: shape: the model gives '{shape}', the runtime {quoted(runtime.shapes)}"
    elif not set(task.shapes) & set(runtime.shapes):
        yield (
            f"{runtime.title}: shape: the task asks for {quoted(task.shapes)}, "
            f"the runtime gives {quoted(runtime.shapes)}"
        )
    if model_format not in runtime.formats:
        yield (
            f"{runtime.title}: model format: the model is '{model_format}', the runtime takes {quoted(runtime.formats)}"
        )
    # Where only some platforms lack it, the CPU computes there, and a warning says so.
    nowhere = all(accelerator not in runtime.accelerators.get(name, ()) for name in platforms)
    for platform in platforms:
        if platform not in runtime.platforms:
            yield f"{runtime.title}: platform: it does not run on {platform}, only on {', '.join(runtime.platforms)}"
        elif accelerator and nowhere:
            has = quoted(runtime.accelerators[platform])
            yield f"{runtime.title}: accelerator: it has no '{accelerator}' on {platform}, only {has}"


def _nothing_fits(
    choice: TaskChoice,
    task: Task,
    runtimes: Sequence[Runtime],
    platforms: Sequence[str],
    *,
    catalog: Catalog,
    facts: Facts,
) -> NothingFits:
    candidates = _candidates(choice, task, facts)
    asked = candidates[0] if candidates else None
    accelerator = choice.accelerator
    reasons = [reason for r in runtimes for reason in _misfits(r, task, asked, accelerator, platforms)]
    works: list[str] = []
    for runtime in catalog.runtimes.values():
        if not any(_misfits(runtime, task, asked, accelerator, platforms)):
            works.append(f"--runtime {runtime.name}")
            continue
        fits_on = [name for name in platforms if not any(_misfits(runtime, task, asked, accelerator, [name]))]
        works += [f"--runtime {runtime.name} --platform {name}" for name in fits_on]
        if accelerator and not any(_misfits(runtime, task, asked, None, platforms)):
            works.append(f"--runtime {runtime.name} without an accelerator")
    for other in catalog.tasks.values():
        if other is not task and any(not any(_misfits(r, other, asked, accelerator, platforms)) for r in runtimes):
            works.append(f"--task {other.name}")
    for runtime in runtimes:
        fitting = [m for m in task.models if not any(_misfits(runtime, task, m, accelerator, platforms))]
        works += [f"--model {model.name}" for model in fitting]
    return NothingFits(task.name, choice.model or "its models", reasons, list(dict.fromkeys(works)))


# task.json


def _manifest(choice: TaskChoice, task: Task, runtime: Runtime, shape: str, model: ModelChoice) -> dict[str, object]:
    manifest: dict[str, object] = {
        "handheld": MANIFEST_VERSION,
        "task": task.name,
        "title": task.title,
        "runtime": runtime.name,
        "shape": shape,
        "files": {WEIGHTS: model.file},
        "model": {item: getattr(model, item) for item in ("name", "title", "licence", "bytes", "sha256")},
    }
    if model.chat_template is not None:
        manifest["chat_template"] = model.chat_template
    if choice.accelerator is not None:
        manifest["accelerator"] = choice.accelerator
    if choice.memory_mb is not None:
        manifest["memory_mb"] = choice.memory_mb
    manifest["ports"] = [_port(port) for port in task.ports if port.fits(shape)]
    own: dict[str, SettingValue] = {"stop": model.stop, "state": model.state, "labels": model.labels}
    own = {name: value for name, value in own.items() if value}
    manifest["settings"] = _settings(task.settings, own, choice.settings, shape)
    manifest["options"] = _settings(task.options, own, choice.options, shape)
    return manifest


def _port(port: Port) -> dict[str, object]:
    default = {} if port.default is None else {"default": port.default}
    return {"name": port.name, "direction": port.direction, "kind": port.kind, "summary": port.summary, **default}


def _settings(
    settings: Sequence[Setting], own: Mapping[str, SettingValue], asked: Mapping[str, SettingValue], shape: str
) -> dict[str, object]:
    """What the app starts with: a person's values, else the model's own, else the task's."""
    fitting = [setting for setting in settings if setting.fits(shape)]
    for name in asked:
        if name not in {setting.name for setting in fitting}:
            raise SettingOfAnotherShape(name, shape, [setting.name for setting in fitting])
    values = {**own, **asked}
    result: dict[str, object] = {}
    for setting in fitting:
        entry = {"type": setting.type, "default": _plain(values.get(setting.name, setting.default))}
        for name in ("minimum", "maximum"):
            if getattr(setting, name) is not None:
                entry[name] = getattr(setting, name)
        if setting.choices:
            entry["choices"] = list(setting.choices)
        result[setting.name] = {**entry, "summary": setting.summary}
    return result


# All tasks together.


def _joined_sources(core: Sequence[Source], tasks: Sequence[TaskPlan]) -> tuple[Source, ...]:
    chosen = [*core, *(source for task in tasks for source in task.runtime.sources)]
    sources = {source.name: source for source in chosen}
    return tuple(sources[name] for name in sorted(sources))


def _joined_libraries(tasks: Sequence[TaskPlan]) -> tuple[Library, ...]:
    return tuple(sorted({library for task in tasks for library in task.runtime.libraries}, key=dataclasses.astuple))


def _joined_slots(tasks: Sequence[TaskPlan]) -> dict[str, dict[str, SlotValue]]:
    owners: list[Runtime | Task] = [owner for task in tasks for owner in (task.runtime, task.task)]
    return {
        platform: {
            name: _joined([owner.slots[platform][name] for owner in owners], key.type) for name, key in slots.items()
        }
        for platform, slots in SLOTS.items()
    }


def _joined(values: Sequence[Any], kind: str) -> SlotValue:
    if kind == "map":
        return dict(sorted(pair for value in values for pair in value.items()))
    return tuple(sorted({item for value in values for item in value}))


def _written_spec(spec: AppSpec, tasks: Sequence[TaskPlan]) -> str:
    """The spec with the decisions in it, so that a later catalogue changes no app; a local model is its own copy."""
    choices = []
    for choice, task in zip(spec.tasks, tasks, strict=True):
        model = choice.model
        if task.model.kind == "path":
            model = str(spec.directory / "tasks" / task.task.name / task.model.file)
        elif task.model.kind == "catalog":
            model = task.model.name
        choices.append(replace(choice, runtime=task.runtime.name, model=model))
    return write_app_toml(replace(spec, tasks=tuple(choices)))
