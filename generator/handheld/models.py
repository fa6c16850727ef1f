"""Plan -> ModelFiles: models and third-party sources, fetched by hash into the cache, checked, never half there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handheld.plan import Plan
from handheld.progress import Progress
from handheld.tools import Tools


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model file in the cache, its hash known. `licence_text` is the licence's own file when the catalogue has it."""

    path: Path
    bytes: int
    sha256: str
    licence_text: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the plan needs, on this disk. `models` is by task name, `sources` by Source.name.

    A source's path is the root of its extracted, filtered tree (what goes to native/third_party/<into>/). Copy from
    these folders, never move or change them: other apps use the same files.
    """

    models: Mapping[str, StoredModel]
    sources: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a model that a person has to accept once before its first download."""

    model: str
    title: str
    licence: str
    text: str
    """The terms as readable text (HTML tags removed), or "" when they could not be fetched."""
    file: Path | None
    """The terms as published."""


def needs_acceptance(plan: Plan, tools: Tools, progress: Progress) -> list[Terms]:
    """The terms that the plan's models ask for and that were not accepted on this machine; fetches their text."""
    raise NotImplementedError


def accept_terms(terms: Sequence[Terms], tools: Tools) -> None:
    """Record in the cache that the person accepted; `fetch_models` looks there."""
    raise NotImplementedError


def fetch_models(plan: Plan, tools: Tools, progress: Progress) -> ModelFiles:
    """Bring every model and source of the plan into the cache and check them.

    Raises:
        InputError: terms not accepted yet (call `needs_acceptance` / `accept_terms` first).
        MachineError: no network, disk full, the cache cannot be written.
        FileError: a hash does not match, or a file is not a model.
    """
    raise NotImplementedError
