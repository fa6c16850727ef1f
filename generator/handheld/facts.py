"""What is true here: the host, the tools found, the target folder, the headers of local model files."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handheld.catalog import Catalog
from handheld.copying import walk
from handheld.errors import ModelDamaged, ModelMissing, NotAModel, ToolTimeout, Unreadable
from handheld.gguf_header import MAGIC, HeaderError, read_header
from handheld.kinds import SHOWN_BY_BYTES, kind_of
from handheld.spec import AppSpec
from handheld.store import tree_bytes
from handheld.tools import Tools, open_tools


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
    """A local model: a file, or a folder of some kinds. `context` is tokens; `licence` and `name` are what it says.

    `shape` is the one shape that the model has, where its header tells.
    """

    path: Path
    bytes: int
    format: str
    architecture: str | None = None
    name: str | None = None
    licence: str | None = None
    context: int | None = None
    chat_template: bool = False
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that planning may know about the world. `models` is by the text of `TaskChoice.model`."""

    host: HostFacts
    tools: Mapping[str, Tool | None] = field(default_factory=dict)
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    target: TargetFacts = TargetFacts(exists=False, empty=True, app=False, writable=True)


@dataclass(frozen=True, slots=True)
class ToolKind:
    """A tool that builds use. `names` are tried in order; `fixes` are the commands that bring it, by `HostFacts.os`."""

    names: tuple[str, ...]
    purpose: str
    version: tuple[str, ...]
    fixes: Mapping[str, str]


_XCODE = "Install Xcode from the App Store, then: sudo xcode-select --switch /Applications/Xcode.app"
_JUST_MAC = "Xcode runs on macOS only; the project can be made here and built there"
TOOLS: Mapping[str, ToolKind] = {
    "c++": ToolKind(
        ("c++", "g++", "clang++"),
        "compiles the core for this machine",
        ("--version",),
        {"linux": "sudo apt install g++", "macos": "xcode-select --install"},
    ),
    "cmake": ToolKind(("cmake",), "configures the core's build", ("--version",), {"": "python3 -m pip install cmake"}),
    "ninja": ToolKind(("ninja",), "runs the core's build", ("--version",), {"": "python3 -m pip install ninja"}),
    "ccache": ToolKind(
        ("ccache",),
        "makes the second build faster (optional)",
        ("--version",),
        {"linux": "sudo apt install ccache", "macos": "brew install ccache"},
    ),
    "git": ToolKind(
        ("git",),
        "keeps the app's history",
        ("--version",),
        {"linux": "sudo apt install git", "macos": "brew install git"},
    ),
    "java": ToolKind(
        ("java",),
        "runs Gradle for Android",
        ("-version",),
        {"linux": "sudo apt install openjdk-17-jdk-headless", "macos": "brew install openjdk@17"},
    ),
    "adb": ToolKind(
        ("adb",),
        "talks to Android devices and emulators",
        ("--version",),
        {"linux": "sudo apt install adb", "macos": "brew install android-platform-tools"},
    ),
    "xcodebuild": ToolKind(("xcodebuild",), "builds for iOS", ("-version",), {"macos": _XCODE, "": _JUST_MAC}),
    "swift": ToolKind(("swift",), "builds the Swift package", ("--version",), {"macos": _XCODE, "": _JUST_MAC}),
}
"""By the name that `Facts.tools` has; the fix under "" is for every other system."""


def gather_facts(spec: AppSpec, catalog: Catalog, tools: Tools | None = None) -> Facts:
    """Look at the host, PATH, the target folder and each local model file that the spec names. No network.

    Raises:
        InputError: a model file does not exist.
        FileError: a model file is damaged, truncated or of no known kind.
    """
    formats = tuple({name: None for runtime in catalog.runtimes.values() for name in runtime.formats})
    references = [choice.model for choice in spec.tasks if choice.model is not None]
    return Facts(
        host=gather_host(spec.directory),
        tools=find_tools(tools or open_tools()),
        models={name: inspect_model(Path(name), formats) for name in references if Path(name).is_absolute()},
        target=_gather_target(spec.directory),
    )


def gather_host(folder: Path) -> HostFacts:
    """This machine, with the free space of the disk that holds `folder` (which need not exist yet)."""
    machine = platform.machine().lower()
    systems = {"darwin": "macos"}
    return HostFacts(
        os=systems.get(platform.system().lower(), platform.system().lower()),
        arch={"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine),
        cpus=_cpus(),
        memory_bytes=_memory_bytes(),
        disk_free_bytes=shutil.disk_usage(existing_parent(folder)).free,
    )


def find_tools(tools: Tools, versions: bool = False) -> dict[str, Tool | None]:
    """The tools that builds use, by name; with `versions` each is asked for its version (slow: a process each)."""
    found: dict[str, Tool | None] = {}
    for name, kind in TOOLS.items():
        path = next(filter(None, map(tools.find, kind.names)), None)
        found[name] = Tool(path, _version(tools, path, kind) if versions else "") if path else None
    return found


def inspect_model(path: Path, formats: tuple[str, ...] = ("gguf",)) -> ModelFacts:
    """Read a model file's header, with bounds on everything, and compare its extents with the file's size.

    Args:
        path: The file, or the folder that a model of some formats is.
        formats: The formats that may be, by lower-case suffix. A file is taken at its first bytes; where those say
            nothing of a format, at its suffix.

    Raises:
        InputError: no such file.
        FileError: damaged, truncated, or of another kind, which is named (an HTML page, a git-lfs pointer, ...).
    """
    if not path.exists():
        raise ModelMissing(path)
    suffix = path.suffix.lower().removeprefix(".")
    try:
        if path.is_dir():
            return _folder_facts(path, formats)
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        if magic == MAGIC and "gguf" in formats:
            return _gguf_facts(path, size)
        if suffix in formats and suffix not in SHOWN_BY_BYTES and size > 0:
            return ModelFacts(path=path, bytes=size, format=suffix)
        kind = kind_of(path)
        if kind.format in formats:
            return ModelFacts(path=path, bytes=size, format=kind.format)
    except OSError as error:
        raise Unreadable(path, error) from error
    raise NotAModel(path, kind.noun, kind.cause, kind.fix.replace("FILE", f'"{path}"'))


def existing_parent(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path(folder.anchor or "."))


def _folder_facts(path: Path, formats: tuple[str, ...]) -> ModelFacts:
    kind = kind_of(path)
    if kind.format not in formats:
        raise NotAModel(path, kind.noun, kind.cause, kind.fix.replace("FILE", f'"{path}"'))
    assert kind.format is not None, "it is one of `formats`"
    link = next((name for name, file in walk(path) if file.is_symlink()), None)
    if link is not None:
        raise ModelDamaged(path, f"{link} is a link to somewhere else; copy the folder with: cp -RL")
    return ModelFacts(path=path, bytes=tree_bytes(path), format=kind.format)


def _gguf_facts(path: Path, size: int) -> ModelFacts:
    try:
        header = read_header(path)
    except HeaderError as error:
        raise ModelDamaged(path, str(error)) from None
    return ModelFacts(
        path=path,
        bytes=size,
        format="gguf",
        architecture=header.architecture,
        name=header.name,
        licence=header.licence,
        context=header.context,
        chat_template=header.chat_template,
        shape="embed" if header.embeds else "generate",
    )


def _gather_target(directory: Path) -> TargetFacts:
    exists = directory.exists() or directory.is_symlink()
    is_folder = directory.is_dir() and not directory.is_symlink()
    try:
        empty = not exists or (is_folder and not any(directory.iterdir()))
    except OSError:
        empty = False
    # The app comes by a rename, so the folder above is the one that is written to.
    above = existing_parent(directory.parent)
    return TargetFacts(
        exists=exists,
        empty=empty,
        app=(directory / "app.lock.toml").is_file(),
        writable=os.access(above, os.W_OK | os.X_OK)
        and not (directory.parent.exists() and not directory.parent.is_dir()),
    )


def _version(tools: Tools, path: Path, kind: ToolKind) -> str:
    try:
        done = tools.run([path, *kind.version], timeout=10, check=False)
    except (ToolTimeout, OSError):
        return ""
    return next((line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()), "")


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        import psutil  # noqa: PLC0415 - Windows alone needs it here

        return int(psutil.virtual_memory().total)
