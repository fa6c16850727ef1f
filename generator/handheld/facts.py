"""What is true here: the host, the tools found, the target folder, the headers of local model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handheld.catalog import Catalog
from handheld.spec import AppSpec
from handheld.tools import Tools


@dataclass(frozen=True, slots=True)
class HostFacts:
    """This machine. `os` is "linux", "macos" or "windows"; `arch` "x86_64" or "arm64" (or what the system says)."""

    os: str
    arch: str
    cpus: int
    memory_bytes: int
    disk_free_bytes: int


@dataclass(frozen=True, slots=True)
class Tool:
    """An executable found on PATH. `version` is the first line it prints when asked, or "" (asked only by doctor)."""

    path: Path
    version: str = ""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """The folder that the app goes to. `app` is true when it holds an app.lock.toml."""

    exists: bool
    empty: bool
    app: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A local model file. `context` is tokens, `licence` and `name` are what the header says."""

    path: Path
    bytes: int
    format: str
    architecture: str | None = None
    name: str | None = None
    licence: str | None = None
    context: int | None = None
    chat_template: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that planning may know about the world. `models` is by the text of `TaskChoice.model`."""

    host: HostFacts
    tools: Mapping[str, Tool | None] = field(default_factory=dict)
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    target: TargetFacts = TargetFacts(exists=False, empty=True, app=False, writable=True)


def gather_facts(spec: AppSpec, catalog: Catalog, tools: Tools | None = None) -> Facts:
    """Look at the host, PATH, the target folder and each local model file that the spec names. No network.

    Raises:
        InputError: a model file does not exist.
        FileError: a model file is damaged, truncated or of no known kind.
    """
    raise NotImplementedError


def gather_host(folder: Path) -> HostFacts:
    """This machine, with the free space of the disk that holds `folder` (which need not exist yet)."""
    raise NotImplementedError


def find_tools(tools: Tools, versions: bool = False) -> dict[str, Tool | None]:
    """The tools that builds use, by name; with `versions` each is asked for its version (slow: a process each)."""
    raise NotImplementedError


def inspect_model(path: Path) -> ModelFacts:
    """Read a model file's header, with bounds on everything, and compare its extents with the file's size.

    Raises:
        InputError: no such file, or a folder.
        FileError: damaged, truncated, or of another kind, which is named (an HTML page, a git-lfs pointer, ...).
    """
    raise NotImplementedError
