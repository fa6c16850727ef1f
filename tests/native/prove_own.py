"""The golden case of a model of one's own, on every runtime that brings a tiny one: part of `nox -s prove`.

    python -m native.prove_own [--check]

With --check nothing is recorded.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from handheld import resources
from handheld.build import build_app
from handheld.catalog import load_catalog
from handheld.catalog_keys import HOST
from handheld.facts import gather_host
from handheld.progress import SilentProgress
from handheld.proof import OWN, Proof, proofs_of, record
from handheld.prove import Nowhere
from handheld.run import run_golden
from handheld.tools import Tools, open_tools
from native.support import SHAPES, render, runtimes, tiny_file

TASK = "tensors"
"""What takes a model of any kind."""


def prove_own(folder: Path, tools: Tools) -> Iterator[Proof]:
    """Render, build and run an app for each runtime's tiny model; gives a proof for each that passed.

    Raises:
        AppError: a golden case failed, or an app could not be built.
    """
    machine, known = gather_host(folder), load_catalog(resources.root()).runtimes
    for shape in (name for name, of in SHAPES.items() if of.task == TASK):
        for runtime in (name for name in runtimes(shape) if known[name].runs_here(machine.os)):
            where = folder / f"{shape}-{runtime}"
            where.mkdir()
            app = render(where / "app", runtime, tiny_file(runtime, shape, where), tools, task=TASK, platform=None)
            library = build_app(app, tools, SilentProgress())
            list(run_golden(library, None, Nowhere(), SilentProgress()))
            yield from (replace(proof, model=OWN) for proof in proofs_of(app.lock, HOST, machine))


def main(arguments: Sequence[str] = ()) -> int:
    """Prove and record; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        proofs = list(prove_own(Path(folder), open_tools()))
    if "--check" not in arguments:
        record(resources.root(), proofs)
    for proof in proofs:
        print(f"{proof.task} with {proof.model} by {proof.runtime}: {proof.level}, {proof.where}")
    return 0 if proofs else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
