"""Runs the golden case of every task with every model on this machine and records what passed: `nox -s prove`.

A model whose terms were not accepted here is left as it was.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from handheld import resources
from handheld.binding import Value
from handheld.build import build_app
from handheld.catalog import Catalog, load_catalog
from handheld.catalog_keys import HOST
from handheld.errors import TermsNotAccepted
from handheld.facts import gather_facts, gather_host
from handheld.models import fetch_models
from handheld.plan import make_plan
from handheld.progress import Progress, make_progress
from handheld.proof import Proof, proofs_of, record
from handheld.render import render_app
from handheld.run import run_golden
from handheld.spec import Request, read_spec
from handheld.tools import Tools, open_tools


class Nowhere:
    """Nobody reads the answers."""

    def piece(self, value: Value) -> None:
        """Drop it."""
        del value


def prove_host(
    catalog: Catalog, folder: Path, tools: Tools, progress: Progress, *, compile_: bool = True
) -> Iterator[Proof]:
    """Render, build and run each (task, model) of the catalogue below `folder`; gives a proof for each that passed.

    Without `compile_`, models are left out that are made in an environment of their own.

    Raises:
        AppError: a golden case failed, or an app could not be built.
    """
    machine = gather_host(folder)
    for task in catalog.tasks.values():
        for model in task.models:
            where = folder / f"{task.name}-{model.name}"
            spec = read_spec(Request("Proof", (task.name,), models=(model.name,), directory=where), catalog)
            plan = make_plan(spec, catalog, gather_facts(spec, catalog, tools))
            if plan.tasks[0].golden is None or not plan.tasks[0].runtime.runs_here(machine.os):
                continue
            if not compile_ and plan.tasks[0].model.conversion is not None:
                progress.note(f"{model.title} is made by a compiler of gigabytes. Left as it was.")
                continue
            try:
                app = render_app(plan, fetch_models(plan, tools, progress))
            except TermsNotAccepted as error:
                progress.note(f"{error.what} Left as it was.")
                continue
            list(run_golden(build_app(app, tools, progress), None, Nowhere(), progress))
            yield from proofs_of(app.lock, HOST, machine)


def main(arguments: Sequence[str] = ()) -> int:
    """Prove and record; with --check record nothing. Gives the exit code."""
    root, tools, progress = resources.root(), open_tools(), make_progress(sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        compile_ = "--check" not in arguments
        proofs = list(prove_host(load_catalog(root), Path(folder), tools, progress, compile_=compile_))
    progress.close()
    if "--check" not in arguments:
        record(root, proofs)
    for proof in proofs:
        sys.stdout.write(f"{proof.task} with {proof.model} by {proof.runtime}: {proof.level}, {proof.where}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
