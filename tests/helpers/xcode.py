"""A rendered iOS project as tests see it: the shell with slices, and the objects of its project file."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstep_plist

from handheld import resources
from handheld.shells import render_shell

SHELL = resources.root() / "ios-template"
SLICES = sorted((resources.root() / "templates" / "tasks").glob("*/ios"))
IDENTIFIER = re.compile("[0-9A-F]{24}")


@dataclass(frozen=True, slots=True)
class Project:
    """The parsed project.pbxproj."""

    objects: Mapping[str, Mapping[str, Any]]
    root: str

    def of(self, isa: str) -> dict[str, Mapping[str, Any]]:
        """The objects of one kind, by identifier."""
        return {name: value for name, value in self.objects.items() if value["isa"] == isa}

    def target(self, name: str) -> Mapping[str, Any]:
        """The native target of this name."""
        return next(target for target in self.of("PBXNativeTarget").values() if target["name"] == name)

    def settings(self, owner: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The build settings of a target or of the project, one mapping for each configuration."""
        configurations = self.objects[owner["buildConfigurationList"]]["buildConfigurations"]
        return [self.objects[name]["buildSettings"] for name in configurations]

    def phase(self, target: Mapping[str, Any], isa: str) -> list[Mapping[str, Any]]:
        """The build files of a target's phase."""
        phases = [self.objects[name] for name in target["buildPhases"] if self.objects[name]["isa"] == isa]
        return [self.objects[name] for phase in phases for name in phase["files"]]

    def dangling(self) -> set[str]:
        """Identifiers that are used and do not exist."""
        return self._used() - set(self.objects)

    def unused(self) -> set[str]:
        """Objects that nothing refers to."""
        return set(self.objects) - self._used() - {self.root}

    def _used(self) -> set[str]:
        return {text for value in self.objects.values() for text in _texts(value) if IDENTIFIER.fullmatch(text)}


def load_project(path: Path) -> Project:
    """Parse a project.pbxproj; fails on every syntax error."""
    with path.open(encoding="utf-8") as file:
        plist = openstep_plist.load(file)
    return Project(plist["objects"], plist["rootObject"])


def defaults() -> dict[str, Any]:
    """The shell's cookiecutter.json."""
    loaded: dict[str, Any] = json.loads((SHELL / "cookiecutter.json").read_text(encoding="utf-8"))
    return loaded


def entries() -> list[dict[str, str]]:
    """The tasks with an iOS slice, as render gives them to the shell."""
    found = []
    for overlay in SLICES:
        task = tomllib.loads((overlay.parent / "task.toml").read_text(encoding="utf-8"))
        entry = task["ios"]["entry"]
        found.append({"name": task["name"], "title": task["title"], "entry_android": entry, "entry_ios": entry})
    return found


def render_project(
    folder: Path,
    app: Mapping[str, Any] | None = None,
    slots: Mapping[str, Any] | None = None,
    slices: Sequence[Path] = SLICES,
) -> Path:
    """Render the project into <folder>/ios; `app` and the slots of ios are laid over the shell's defaults."""
    context = copy.deepcopy(defaults())
    context["app"] |= app or {}
    context["slots"]["ios"] |= slots or {}
    context["tasks"]["items"] = entries() if slices else []
    render_shell(SHELL, slices, {k: v for k, v in context.items() if not k.startswith("_")}, folder / "ios")
    return folder / "ios"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)
