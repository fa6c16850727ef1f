"""What this machine can build and run, and the command that brings what is missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from handheld.facts import HostFacts, find_tools, gather_host
from handheld.platforms import Device, Finding, folders, lanes, load
from handheld.platforms.needs import need
from handheld.tools import Tools


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that can be done here, or cannot: `ready` says which."""

    name: str
    title: str
    needs: tuple[Finding, ...]

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
    optional: tuple[Finding, ...]


def diagnose(tools: Tools) -> Diagnosis:
    """Look at this machine. Starts each tool once to ask for its version."""
    host = gather_host(Path.cwd())
    findings = [finding for folder in folders() for finding in load(folder).check(tools)]
    found = find_tools(tools, versions=True)
    return Diagnosis(
        host,
        tools.cache,
        _size(tools.cache),
        tuple(Lane(name, title, tuple(f for f in findings if f.lane == name)) for name, title in lanes().items()),
        tuple(need("", name, found, host.os) for name in ("ccache", "git", "swift")),
    )


def places(platforms: tuple[str, ...], tools: Tools) -> tuple[Device, ...]:
    """Where an app can run: this machine, and what is connected or exists of the app's platforms."""
    return tuple(
        device for folder in folders() if folder in ("host", *platforms) for device in load(folder).devices(tools)
    )


def to_json(diagnosis: Diagnosis) -> dict[str, object]:
    """The diagnosis as plain JSON values."""
    return {
        "host": asdict(diagnosis.host),
        "cache": {"path": str(diagnosis.cache), "bytes": diagnosis.cache_bytes},
        "lanes": [{**asdict(lane), "ready": lane.ready} for lane in diagnosis.lanes],
        "optional": [asdict(need) for need in diagnosis.optional],
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
