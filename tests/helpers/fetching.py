"""Fetching as tests do it: an index over made packages, and a tiny model in two parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handheld.catalog import Catalog
from handheld.models import StoredModel, fetch_models
from handheld.progress import SilentProgress
from handheld.tools import Tools
from helpers.cache import files_below, plan_for
from helpers.catalogues import package_model
from helpers.gguf_file import small_model
from helpers.packages import Package
from helpers.servers import index_of, serving

PROGRESS = SilentProgress()
SOURCES = {
    "vendor/lib/LICENSE": b"licence",
    "vendor/lib/src/a.c": b"a",
    "vendor/lib/src/b.c": b"b",
    "vendor/lib/big": b"x",
}
TERMS = b"<nav>Home</nav><h1>Terms</h1><p>Be &amp; stay</p>"


@contextmanager
def index(*packages: Package) -> Iterator[tuple[str, list[str]]]:
    """A server over packages: its address and what it was asked."""
    with serving(index_of(*(package.path for package in packages))) as answers:
        yield answers.url, answers.asked


def fetch(tools: Tools, package: Package, kind: str = "wheel", size: int | None = None) -> Path:
    return tools.fetch_pypi(package.requirement, package.sha256, kind, PROGRESS, size)


def assert_clean(tools: Tools) -> None:
    """Nothing is left of what failed."""
    assert files_below(tools.cache) == []


def joined(parts: list[Package], more: str = "", *, data: bytes | None = None) -> str:
    members = [(parts[0], "p/m.part0"), (parts[1], "p/m.part1")]
    text = package_model("tiny", small_model() if data is None else data, members, more=f"default = true\n{more}")
    pinned = f'pypi = "{parts[0].requirement}"\nsha256 = "{parts[0].sha256}"\n'
    return f'{text}[model.licence_text]\n{pinned}member = "p/TERMS.html"\n'


def stored(catalog: Catalog, tools: Tools) -> StoredModel:
    return fetch_models(plan_for(catalog), tools, PROGRESS).models["talk"]
