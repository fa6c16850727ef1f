"""What this machine can build and run, and the command that brings what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handheld.catalog import HOST
from handheld.errors import HandheldError
from handheld.facts import TOOLS, HostFacts, Tool, find_tools, gather_host
from handheld.host import find_toolchain
from handheld.tools import Tools

if TYPE_CHECKING:
    from handheld.render import RenderedApp

ANDROID_SDK = ("ANDROID_HOME", "ANDROID_SDK_ROOT")
SDK_FOLDERS = ("~/Android/Sdk", "~/Library/Android/sdk", "~/AppData/Local/Android/Sdk")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a lane needs. `found` is where it is, or "" when it is missing and `fix` brings it."""

    name: str
    found: str
    purpose: str
    fix: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that can be done here, or cannot: `ready` says which."""

    name: str
    title: str
    needs: tuple[Need, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return all(need.found for need in self.needs)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All of it. `cache` is the folder that downloads and builds are kept in, `cache_bytes` its size."""

    host: HostFacts
    cache: Path
    cache_bytes: int
    lanes: tuple[Lane, ...]
    optional: tuple[Need, ...]


def diagnose(tools: Tools) -> Diagnosis:
    """Look at this machine. Starts each tool once to ask for its version."""
    host = gather_host(Path.cwd())
    found = find_tools(tools, versions=True)
    sdk = Need("Android SDK", _android_sdk(tools), "builds for Android", "Install Android Studio; it brings the SDK")
    lanes = (
        Lane("host", "run apps on this machine", tuple(_host_needs(tools, host, found))),
        Lane("android", "build the Android app", (_need("java", found, host), sdk)),
        Lane("android-device", "run it on an Android device", (_need("adb", found, host),)),
        Lane("ios", "build and run the iOS app", (_need("xcodebuild", found, host),)),
    )
    optional = tuple(_need(name, found, host) for name in ("ccache", "git", "swift"))
    return Diagnosis(host, tools.cache, _size(tools.cache), lanes, optional)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an app can run. `how` is the command, or what is missing."""

    name: str
    ready: bool
    how: str


def targets(app: RenderedApp, tools: Tools) -> tuple[Target, ...]:
    """This machine and the app's platforms. Starts no tool."""
    try:
        find_toolchain(tools)
        places = [Target(HOST, ready=True, how=f"handheld run {app.directory} --on {HOST}")]
    except HandheldError as error:
        places = [Target(HOST, ready=False, how=error.fix)]
    # Phones come with a later version; the project itself can be built now.
    places += [Target(name, ready=False, how=f"cd {app.directory} && nox -s {name}") for name in app.lock.platforms]
    return tuple(places)


def to_json(diagnosis: Diagnosis) -> dict[str, object]:
    """The diagnosis as plain JSON values."""
    return {
        "host": asdict(diagnosis.host),
        "cache": {"path": str(diagnosis.cache), "bytes": diagnosis.cache_bytes},
        "lanes": [{**asdict(lane), "ready": lane.ready} for lane in diagnosis.lanes],
        "optional": [asdict(need) for need in diagnosis.optional],
    }


def _host_needs(tools: Tools, host: HostFacts, found: Mapping[str, Tool | None]) -> Sequence[Need]:
    """The compiler from PATH, CMake and Ninja from this Python environment or PATH: what a build really takes."""
    try:
        chain = find_toolchain(tools)
    except HandheldError as error:
        return [_need("c++", {**found, "c++": None}, host, error.fix)]
    paths = {"c++": chain.cxx, "cmake": chain.cmake, "ninja": chain.ninja}
    versions = {name: tool.version for name, tool in found.items() if tool and tool.path == paths.get(name)}
    return [_need(name, {name: Tool(path, versions.get(name, ""))}, host) for name, path in paths.items()]


def _need(name: str, found: Mapping[str, Tool | None], host: HostFacts, fix: str = "") -> Need:
    kind, tool = TOOLS[name], found.get(name)
    where = f"{tool.path} ({tool.version})" if tool and tool.version else str(tool.path) if tool else ""
    return Need(name, where, kind.purpose, fix or kind.fixes.get(host.os, kind.fixes.get("", f"Install {name}")))


def _android_sdk(tools: Tools) -> str:
    chosen = [tools.environ[name] for name in ANDROID_SDK if tools.environ.get(name)]
    folders = [Path(folder).expanduser() for folder in (*chosen, *SDK_FOLDERS)]
    return next((str(folder) for folder in folders if (folder / "platforms").is_dir()), "")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
