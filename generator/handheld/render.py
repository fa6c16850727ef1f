"""Plan + ModelFiles -> RenderedApp: shells and slices joined and rendered, core and models copied, all of it locked.

What is written depends on the plan, the files and this Handheld alone: no times, no random names, no machine.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handheld import __version__, resources
from handheld.copying import PLAIN, Tree, copied_trees, file_hash, link_all, settle, walk
from handheld.errors import sized
from handheld.lock import (
    EPOCH,
    LOCK_NAME,
    Lock,
    LockedModel,
    LockedSource,
    LockedTask,
    read_lock,
    write_lock,
)
from handheld.models import ModelFiles, StoredModel
from handheld.pin import install_requirement
from handheld.placing import changed_files, place, recover, refuse_existing
from handheld.plan import ModelChoice, Plan, TaskPlan, finish_manifest, plan_to_json
from handheld.shells import render_shell
from handheld.store import tree_bytes

APP_TOML = "app.toml"
OWNED = ("native/", "tasks/", "convert/", "LICENSES/", "fetch.py", "noxfile.py")
"""What an upgrade replaces; everything else in an app is its author's."""
THIRD_PARTY = "native/third_party"
"""Where the sources that runtimes need lie in an app."""
LICENCE = "LICENSE"
"""In a runtime's folder: the licence of what Gradle and Xcode bring for it."""
PACKAGE = "Package.swift"
PARTS_MARK = "// MARK: Parts"
"""The line of Package.swift below which runtimes and tasks add themselves."""
NOT_IN_APPS = frozenset({"tests", "build", ".build", "runtimes"})
"""Folders directly below native/ that no app gets as they are; of runtimes, only the chosen ones."""


@dataclass(frozen=True, slots=True)
class RenderedApp:
    """An app's folder.

    `plan` is None when it was opened from its folder; `fresh` is false when it was there already, made of the same.
    """

    directory: Path
    plan: Plan | None
    lock: Lock
    fresh: bool = True


def render_app(plan: Plan, files: ModelFiles, *, keep_app_toml: bool = False, cache: Path | None = None) -> RenderedApp:
    """Write the app that the plan describes; when it is there already, made of the same and whole, do nothing.

    Args:
        plan: All decisions.
        files: The models and sources on this disk.
        keep_app_toml: The plan was made from the app's own app.toml, which stays as its author wrote it.
        cache: A folder for compiled templates, which saves half of the time.

    Raises:
        InputError: the folder is in the way, or work would be lost; see placing.py for the rules.
        MachineError: disk full, or the folder cannot be written.
        AppError: a template is wrong.
    """
    recover(plan.directory)
    refuse_existing(plan.directory, plan.force)
    inputs = _inputs(plan, files)
    previous = read_lock(plan.directory, __version__) if (plan.directory / LOCK_NAME).is_file() else None
    if previous is not None and previous.inputs == inputs and _is_whole(plan.directory, previous):
        return RenderedApp(plan.directory, plan, previous, fresh=False)
    lock = _lock(plan, files, inputs)
    # An edited app.toml beside an app that was made of other choices would be a lie.
    decided = frozenset[str]() if keep_app_toml else frozenset([APP_TOML])
    place(plan.directory, lambda folder: _fill(folder, plan, files, lock, cache), previous, decided)
    return open_app(plan.directory, plan)


def open_app(directory: Path, plan: Plan | None = None) -> RenderedApp:
    """The app in a folder, from its app.lock.toml alone.

    Raises:
        InputError: no app lies there, or one of a later Handheld.
        FileError: the lock is damaged.
    """
    return RenderedApp(directory, plan, read_lock(directory, __version__))


def _fill(folder: Path, plan: Plan, files: ModelFiles, lock: Lock, cache: Path | None) -> None:
    """Write the whole app into an empty folder."""
    with copied_trees(folder, _native_trees(plan, files)) as copied:
        _render_shells(folder, plan, files, cache)
        for task in plan.tasks:
            _write_task(folder / "tasks" / task.task.name, task, files.models[task.task.name])
            for path in _programs(task):
                _write(folder / _converters(task) / path.name, path.read_text(encoding="utf-8"))
        _write_licences(folder / "LICENSES", plan, files)
        _write(folder / APP_TOML, plan.app_toml)
    _join_native(folder / "native", plan)
    hashes = settle(folder, copied, skip=frozenset(model.file for model in lock.models))
    owned = {name: digest for name, digest in hashes.items() if name.startswith(OWNED)}
    yours = {name: digest for name, digest in hashes.items() if name not in owned}
    _write(folder / LOCK_NAME, write_lock(replace(lock, owned=owned, yours=yours)))
    (folder / LOCK_NAME).chmod(PLAIN)


# What the shells are told.


def _render_shells(folder: Path, plan: Plan, files: ModelFiles, cache: Path | None) -> None:
    shared = resources.root() / "templates" / "shared"
    render_shell(shared, (), _shared_context(plan, files), folder, cache)
    for platform in plan.platforms:
        slices = [task.task.folder / platform for task in plan.tasks]
        shell = resources.root() / f"{platform}-template"
        render_shell(shell, slices, _context(plan, platform, shell), folder / platform, cache)


def _context(plan: Plan, platform: str, shell: Path) -> dict[str, Any]:
    """What a platform's shell and slices may use; cookiecutter.json has the same keys."""
    return {
        **_common_context(plan),
        "folder": platform,
        "slots": _plain({name: plan.slots[name] for name in ("android", "ios")}),
        "facts": tomllib.loads((shell / "facts.toml").read_text(encoding="utf-8")),
    }


def _shared_context(plan: Plan, files: ModelFiles) -> dict[str, Any]:
    """What the files beside the two projects may use."""
    models = [
        {"task": task.task.name, **_described(task.model), "size": sized(files.models[task.task.name].bytes)}
        for task in plan.tasks
    ]
    shared = {"platforms": {"items": list(plan.platforms)}, "models": {"items": models}}
    return {**_common_context(plan), "folder": "app", **shared}


def _described(model: ModelChoice) -> dict[str, str]:
    return {"title": model.title, "file": model.file, "licence": model.licence}


def _common_context(plan: Plan) -> dict[str, Any]:
    identity, permissions = plan.identity, plan.permissions
    names = ("name", "module", "slug", "package", "package_path", "version", "version_code", "color", "color_dark")
    tasks = [
        {
            "name": task.task.name,
            "title": task.task.title,
            **{f"entry_{platform}": entry for platform, entry in sorted(task.task.entries.items())},
        }
        for task in plan.tasks
    ]
    app = {name: getattr(identity, name) for name in (*names, "initial")}
    app |= {"permissions": {"android": _plain(permissions["android"])}, "usage": _plain(permissions["ios"])}
    return {"app": app, "tasks": {"items": tasks}}


def _plain(value: object) -> Any:  # noqa: ANN401 - what JSON can hold
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


# Core, tasks, licences.


def _native_trees(plan: Plan, files: ModelFiles) -> list[Tree]:
    """The core with the chosen runtimes and tasks, and the sources they need. Nothing here knows the app's name."""
    parts = {f"runtimes/{task.runtime.name}": task.runtime.folder for task in plan.tasks}
    parts |= {f"tasks/{task.task.name}": task.task.folder / "native" for task in plan.tasks}
    core = Tree(resources.root() / "native", "native", lambda name: _is_shipped(name) and not _left_out(name))
    return [
        core,
        *(Tree(folder, f"native/{place}", _is_shipped) for place, folder in parts.items()),
        *(Tree(files.sources[source.name], f"{THIRD_PARTY}/{source.into}") for source in plan.sources),
    ]


def _is_shipped(name: str) -> bool:
    """Python is for tests and tools."""
    return not name.endswith((".py", ".pyc"))


def _left_out(name: str) -> bool:
    return name == PACKAGE or name.partition("/")[0] in NOT_IN_APPS


def _join_native(target: Path, plan: Plan) -> None:
    """Write the two files that name the parts, for CMake and for SwiftPM.

    SwiftPM and Xcode keep a manifest's result until its text changes, so the text has to name what lies in the folder:
    each part says of itself what it needs (swiftpm.swift).
    """
    runtimes = sorted({task.runtime.name for task in plan.tasks})
    tasks = sorted({task.task.name for task in plan.tasks})
    lines = [*(f"HH_RUNTIME({name})" for name in runtimes), *(f"HH_TASK({name})" for name in tasks)]
    _write(target / "core" / "registry.inc", "".join(f"{line}\n" for line in lines))
    package = (resources.root() / "native" / PACKAGE).read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(package, 1) if line.startswith(PARTS_MARK))
    parts = [*(f"runtimes/{name}" for name in runtimes), *(f"tasks/{name}" for name in tasks)]
    found = [target / part / "swiftpm.swift" for part in parts]
    snippets = [file.read_text(encoding="utf-8") for file in found if file.is_file()]  # not every runtime is for iOS
    processor = f'let oldestProcessor = "apple-{plan.processor.lower()}"\n'
    _write(target / PACKAGE, "".join([*package[:place], "\n", "\n".join([processor, *snippets]), *package[place:]]))


def _write_task(target: Path, task: TaskPlan, model: StoredModel) -> None:
    manifest = finish_manifest(task, bytes=model.bytes, sha256=model.sha256)
    _write(target / "task.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    if task.golden is not None:
        shutil.copyfile(task.golden, target / "golden.json")
    if task.model.path is None:
        # Megabytes that nobody edits: the app and the cache share them where the disk can. The cache notices a change.
        link_all(model.path, target / task.model.file)
    elif model.path.is_dir():
        shutil.copytree(model.path, target / task.model.file)
    else:
        shutil.copy2(model.path, target / task.model.file)


def _converters(task: TaskPlan) -> str:
    """Where an app has what makes the task's model file out of what is fetched."""
    return f"convert/{task.task.name}"


def _programs(task: TaskPlan) -> list[Path]:
    """The program that makes the model, what it imports, and the packages that it needs."""
    model = task.model
    if model.convert is None:
        return []
    return [model.convert, *model.modules, *([model.conversion.requirements] if model.conversion else [])]


def _write_licences(target: Path, plan: Plan, files: ModelFiles) -> None:
    """The full text of every licence that the app is under an obligation to."""
    target.mkdir()
    texts = {"Handheld": resources.root() / "LICENSE"}
    texts |= {source.name: _licence_of(files.sources[source.name]) for source in plan.sources}
    for task in plan.tasks:
        if (text := files.models[task.task.name].licence_text) is not None:
            texts[task.model.name] = text
    for task in plan.tasks:
        if (text := task.runtime.folder / LICENCE).is_file():
            texts[task.runtime.title] = text
        for further in task.runtime.licence_texts:
            path = files.licences[further]
            texts[f"{task.runtime.title} {path.stem}"] = path
    for name, path in texts.items():
        suffix = path.suffix if path.suffix in {".html", ".md"} else ".txt"
        shutil.copyfile(path, target / f"{name}{suffix}")


def _licence_of(tree: Path) -> Path:
    """The licence of third-party sources, which the cache keeps beside their tree."""
    return next(iter(sorted((tree.parent / "licence").iterdir())))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


# The lock.


def _lock(plan: Plan, files: ModelFiles, inputs: str) -> Lock:
    identity = plan.identity
    return Lock(
        version=__version__,
        install=install_requirement(),
        inputs=inputs,
        **{name: getattr(identity, name) for name in ("name", "module", "slug", "package")},
        platforms=plan.platforms,
        host_arguments=tuple(str(item) for item in plan.slots["host"]["cmake_arguments"]),
        tasks=tuple(_locked_task(task) for task in plan.tasks),
        models=tuple(_locked_model(task, files.models[task.task.name]) for task in plan.tasks),
        libraries=plan.libraries,
        sources=tuple(
            LockedSource(**{name: getattr(source, name) for name in LockedSource.__slots__}) for source in plan.sources
        ),
    )


def _locked_task(task: TaskPlan) -> LockedTask:
    folder = f"tasks/{task.task.name}"
    return LockedTask(
        name=task.task.name,
        title=task.task.title,
        runtime=task.runtime.name,
        model=task.model.name,
        manifest=f"{folder}/task.json",
        golden=f"{folder}/golden.json" if task.golden else None,
    )


def _locked_model(task: TaskPlan, stored: StoredModel) -> LockedModel:
    model = task.model
    return LockedModel(
        task=task.task.name,
        file=f"tasks/{task.task.name}/{model.file}",
        bytes=stored.bytes,
        sha256=stored.sha256,
        licence=model.licence,
        parts=tuple({name: getattr(part, name) for name in part.__slots__} for part in model.parts),
        convert=f"{_converters(task)}/{model.convert.name}" if model.convert else None,
        recipe=stored.recipe,
        environment=_environment(task),
        text=model.text,
        hf=f"{model.hf.repo}@{stored.revision or model.hf.revision}/{model.hf.file}" if model.hf else None,
        local=model.path.name if model.path else None,
    )


def _environment(task: TaskPlan) -> dict[str, object] | None:
    """What the app's fetch.py has to know of the environment that its converter runs in."""
    conversion = task.model.conversion
    if conversion is None:
        return None
    return {
        "requirements": f"{_converters(task)}/{conversion.requirements.name}",
        "pythons": conversion.pythons,
        "disk_bytes": max(conversion.disk_bytes.values()),
    }


def _inputs(plan: Plan, files: ModelFiles) -> str:
    """The hash of everything that decides what is written."""
    root = resources.root()
    plain = {name: value for name, value in plan_to_json(plan).items() if name not in {"directory", "force"}}
    models = {name: [stored.sha256, stored.recipe] for name, stored in files.models.items()}
    head = [__version__, str(EPOCH), install_requirement(), json.dumps([plain, models], sort_keys=True)]
    folders = [root / "native", root / "templates", *(root / f"{platform}-template" for platform in plan.platforms)]
    trees = [f"{folder.name}/{name} {file_hash(path)}" for folder in folders for name, path in walk(folder)]
    return hashlib.sha256("\n".join([*head, *trees]).encode()).hexdigest()


def _is_whole(directory: Path, lock: Lock) -> bool:
    """Whether nothing of Handheld's was changed or is missing; a changed file of the author's is as it should be."""
    if any(not (directory / name).is_file() for name in lock.yours):
        return False
    models = ((directory / model.file, model.bytes) for model in lock.models)
    return all(path.exists() and tree_bytes(path) == size for path, size in models) and not changed_files(
        directory, lock.owned
    )
