"""The runtimes side by side: what each takes, where it runs, how far that was proven, and its bytes in an app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handheld.catalog import Catalog, Runtime
from handheld.errors import sized
from handheld.proof import LEVELS, Proof
from handheld.sizes import RuntimeSize

HEAD = (
    "runtime",
    "shapes",
    "formats",
    "platforms",
    "licence",
    "version",
    "proven",
    "on the host",
    "in an APK",
)
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One runtime. `versions` are by channel: "host", "android" or "source"; `levels` the strongest first."""

    runtime: Runtime
    versions: Mapping[str, str]
    levels: tuple[str, ...]
    size: RuntimeSize | None


def rows(catalog: Catalog, proofs: Sequence[Proof], sizes: Mapping[str, RuntimeSize]) -> list[Row]:
    """A row for each runtime of the catalogue."""
    return [
        Row(runtime, versions(runtime), _levels(runtime, proofs), sizes.get(runtime.name))
        for runtime in catalog.runtimes.values()
    ]


def versions(runtime: Runtime) -> dict[str, str]:
    """What is pinned of it, sources or libraries; nothing of what is Handheld's own or the system's."""
    gradle = [str(item) for item in runtime.slots["android"]["gradle_dependencies"]]
    pinned = {
        "source": [source.version for source in runtime.sources],
        "host": [library.pypi.partition("==")[2] for library in runtime.libraries],
        "android": [item.rpartition(":")[2].partition("@")[0] for item in gradle],
    }
    return {channel: ", ".join(dict.fromkeys(texts)) for channel, texts in pinned.items() if texts}


def cells(row: Row) -> tuple[str, ...]:
    """The row as text, under HEAD."""
    runtime, size = row.runtime, row.size
    version = ", ".join(dict.fromkeys(row.versions.values())) or "-"
    if len(set(row.versions.values())) > 1:
        version = ", ".join(f"{value} ({channel})" for channel, value in row.versions.items())
    return (
        runtime.name,
        ", ".join(runtime.shapes),
        ", ".join(runtime.formats),
        ", ".join(runtime.platforms),
        runtime.licence,
        version,
        ", ".join(row.levels) or "not yet",
        _bytes(size.host if size else None),
        _bytes(size.android if size else None),
    )


def plain(row: Row) -> dict[str, object]:
    """The row for JSON; bytes are null where nothing was measured."""
    runtime, size = row.runtime, row.size
    return {
        "name": runtime.name,
        "title": runtime.title,
        "licence": runtime.licence,
        "shapes": list(runtime.shapes),
        "formats": list(runtime.formats),
        "platforms": list(runtime.platforms),
        "versions": dict(row.versions),
        "proven": list(row.levels),
        "bytes": {
            "core": size.core if size else None,
            "opened": size.opened if size else None,
            "android": size.android if size else None,
        },
        "measured": {"where": size.where, "date": size.date, "commit": size.commit} if size else None,
    }


def _levels(runtime: Runtime, proofs: Sequence[Proof]) -> tuple[str, ...]:
    found = {proof.level for proof in proofs if proof.runtime == runtime.name}
    return tuple(sorted(found, key=LEVELS.index, reverse=True))


def _bytes(size: int | None) -> str:
    return UNKNOWN if size is None else sized(size)
