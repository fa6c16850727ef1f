"""Apps for tests: from the real catalogue and shells, with the dependency-free runtime or with made-up files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from handheld.catalog import Catalog, load_catalog
from handheld.catalog_keys import APP_PLATFORMS
from handheld.facts import Facts, HostFacts
from handheld.identity import identify
from handheld.models import ModelFiles, StoredModel
from handheld.plan import Plan, make_plan
from handheld.resources import root
from handheld.spec import AppSpec, TaskChoice

HOST = HostFacts("linux", "x86_64", 2, 1 << 34, 1 << 40)
ECHO = TaskChoice("chat", model="echo")
"""The one task with the runtime that needs no model."""


def every_task() -> list[str]:
    """The words of `handheld new` for an app with each task: with the runtime that needs no model where it has one."""
    words: list[str] = []
    for task in load_catalog(root()).tasks.values():
        words += ["--task", task.name]
        if any(model.name == "echo" for model in task.models):
            words += ["--runtime", f"{task.name}=echo", "--model", f"{task.name}=echo"]
    return words


def plan_of(
    directory: Path,
    *choices: TaskChoice,
    name: str = "Parrot",
    package: str | None = None,
    platforms: tuple[str, ...] = APP_PLATFORMS,
    force: bool = False,
    catalog: Catalog | None = None,
) -> Plan:
    """A plan from the real catalogue (or another one), on a machine that is always the same."""
    spec = AppSpec(identify(name, package), choices or (ECHO,), platforms, directory, force)
    # The target is said to be free: what the renderer itself refuses is what is tested.
    return make_plan(spec, catalog or load_catalog(root()), Facts(HOST))


def made_up_files(plan: Plan, folder: Path) -> ModelFiles:
    """Models and sources of a few bytes in the place of real ones: what is written does not look inside."""
    models: dict[str, StoredModel] = {}
    for task in plan.tasks:
        model = _file(folder / "models" / task.task.name / task.model.file, task.model.text or f"{task.model.name}\n")
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        licence = _file(folder / "models" / task.task.name / "licence" / "LICENSE", "The model's licence.\n")
        models[task.task.name] = StoredModel(model, model.stat().st_size, digest, licence)
    sources: dict[str, Path] = {}
    for source in plan.sources:
        tree = folder / "sources" / source.name / "tree"
        _file(tree / "include" / f"{source.into}.h", f"// {source.name}\n")
        _file(tree.parent / "licence" / "LICENSE", f"The licence of {source.name}.\n")
        sources[source.name] = tree
    further = [text for task in plan.tasks for text in task.runtime.licence_texts]
    licences = {text: _file(folder / "licences" / Path(text.member).name, "Licences of others.\n") for text in further}
    return ModelFiles(models, sources, licences)


def tree_of(folder: Path) -> Mapping[str, tuple[int, bytes]]:
    """Every file below a folder: path -> mode and content."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix(): (path.stat().st_mode & 0o777, path.read_bytes()) for path in files}


def _file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
