"""Requests and facts that the tests of planning begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from handheld.catalog import Catalog
from handheld.facts import Facts, HostFacts, ModelFacts
from handheld.identity import identify
from handheld.spec import AppSpec, TaskChoice
from helpers.catalogues import DEFAULT_MODEL, text_model, write_catalogue

GB = 1000**3
HOST = HostFacts("linux", "x86_64", 4, 16 * GB, 100 * GB)
FACTS = Facts(HOST)
DIRECTORY = Path("/nowhere/app")


def spec_of(*choices: TaskChoice, platforms: tuple[str, ...] = ("android", "ios"), force: bool = False) -> AppSpec:
    """An app with these tasks, or with the one of the small catalogue."""
    return AppSpec(identify("Parrot", "pl.acme.parrot"), choices or (TaskChoice("talk"),), platforms, DIRECTORY, force)


def with_model(path: str, size: int = 1000, **more: object) -> Facts:
    """What is known when a model of one's own lies at a path."""
    model = ModelFacts(path=Path(path), bytes=size, format="gguf", chat_template=True, licence="mit")
    return Facts(HOST, models={path: replace(model, **more)})  # type: ignore[arg-type]


def small_catalogue(folder: Path) -> Catalog:
    """A task with three models of a few bytes, and two runtimes."""
    return write_catalogue(
        folder,
        DEFAULT_MODEL,
        text_model("odd", "xyz", suffix="odd"),
        text_model("stops", "z", more='stop = ["\\n"]\n'),
    )
