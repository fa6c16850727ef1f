"""A cache, an index and a plan for tests of fetching."""

from __future__ import annotations

import os
from pathlib import Path

from handheld.catalog import Catalog
from handheld.facts import Facts, HostFacts, ModelFacts
from handheld.identity import identify
from handheld.plan import Plan, make_plan
from handheld.spec import AppSpec, TaskChoice
from handheld.store import sha256_of
from handheld.tools import Tools, open_tools

HOST = HostFacts("linux", "x86_64", 2, 1 << 34, 1 << 40)


def tools_in(folder: Path, **environ: str) -> Tools:
    """Tools with a cache in `folder` and nowhere to download from, unless `environ` says so."""
    return open_tools({**os.environ, "HANDHELD_CACHE": str(folder / "cache"), "PIP_NO_INDEX": "1", **environ})


def offline_index(folder: Path, links: Path) -> Tools:
    """Tools whose pip finds packages in the folder `links`."""
    return tools_in(folder, PIP_FIND_LINKS=str(links))


def stocked(folder: Path, links: Path) -> Tools:
    """Tools whose cache holds the packages of the folder `links`, as if pip had brought them a moment ago."""
    tools = tools_in(folder)
    for path in links.iterdir():
        target = tools.cache / "archives" / sha256_of(path)
        target.mkdir(parents=True, exist_ok=True)
        (target / path.name).write_bytes(path.read_bytes())
    return tools


def online_index(folder: Path, url: str, **environ: str) -> Tools:
    """Tools whose pip asks the index at `url` once, without patience."""
    patience = {"PIP_RETRIES": "0", "PIP_RESUME_RETRIES": "0", "PIP_TIMEOUT": "20"}
    return tools_in(folder, PIP_NO_INDEX="0", PIP_INDEX_URL=f"{url}/simple/", **patience, **environ)


def plan_for(catalog: Catalog, model: str | None = None, facts: ModelFacts | None = None) -> Plan:
    """A plan with one task."""
    models = {str(facts.path): facts} if facts else {}
    choice = TaskChoice(next(iter(catalog.tasks)), model=str(facts.path) if facts else model)
    spec = AppSpec(identify("Parrot", "pl.acme.parrot"), (choice,), ("android", "ios"), Path("/nowhere/parrot"))
    return make_plan(spec, catalog, Facts(HOST, models=models))


def files_below(folder: Path) -> list[str]:
    """What lies in a folder, locks and empty folders left out."""
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if not path.is_dir())
    return [path.as_posix() for path in paths if path.parts[0] != "locks"]
