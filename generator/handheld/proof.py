"""What was really proven: docs/generated/proof.json, one entry for each (task, runtime, model) at its best level.

`nox -s prove` and the lanes of the phones (given --record) run golden cases and write entries; tables in the
documentation and `handheld list` only read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handheld import __version__

if TYPE_CHECKING:
    from handheld.facts import HostFacts
    from handheld.lock import Lock

LEVELS = ("graph", "host", "jvm", "swift", "emulator", "simulator", "device")
"""Weakest first; see docs/guide/proof.md."""
PROOF = Path("docs") / "generated" / "proof.json"


OWN = "own"
"""A model that the catalogue does not have."""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A golden case that passed. `where` is the system and processor, such as "linux x86_64".

    `model` is a name of the catalogue, or `OWN`.
    """

    task: str
    runtime: str
    model: str
    level: str
    where: str
    version: str


def proofs_of(lock: Lock, level: str, machine: HostFacts) -> list[Proof]:
    """What an app has proven whose golden cases have all just passed on this machine."""
    where = f"{machine.os} {machine.arch}"
    tasks = [task for task in lock.tasks if task.golden is not None]
    return [Proof(task.name, task.runtime, task.model, level, where, __version__) for task in tasks]


def load_proofs(root: Path) -> tuple[Proof, ...]:
    """All entries, sorted; none when nothing was ever proven."""
    path = root / PROOF
    if not path.is_file():
        return ()
    return tuple(sorted(Proof(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))))


def record(root: Path, new: Iterable[Proof]) -> None:
    """Add entries; one of the same task, runtime, model, level and system is replaced."""
    kept = {_key(proof): proof for proof in (*load_proofs(root), *new)}
    text = json.dumps([asdict(proof) for proof in sorted(kept.values())], indent=2) + "\n"
    (root / PROOF).write_text(text, encoding="utf-8", newline="\n")


def levels(proofs: Iterable[Proof], *, task: str, runtime: str | None = None, model: str | None = None) -> list[str]:
    """The levels at which something was proven, strongest first; empty when at none."""
    found = {
        proof.level
        for proof in proofs
        if proof.task == task and runtime in {None, proof.runtime} and model in {None, proof.model}
    }
    return sorted(found, key=LEVELS.index, reverse=True)


def _key(proof: Proof) -> tuple[str, ...]:
    return (proof.task, proof.runtime, proof.model, proof.level, proof.where)
