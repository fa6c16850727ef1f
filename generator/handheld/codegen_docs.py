"""Documentation made from the catalogue: the schema of app.toml, and what runs where, as far as it was proven."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from handheld.catalog import Catalog, Runtime, Task, load_catalog
from handheld.errors import sized
from handheld.matrix import HEAD, cells, rows
from handheld.proof import LEVELS, Proof, levels, load_proofs
from handheld.sizes import RuntimeSize, load_sizes
from handheld.spec import app_schema

README = "README.md"
BEGIN, END = "<!-- support: made by `nox -s generate` -->", "<!-- end of support -->"
ABOUT = """Made by `nox -s generate` from the catalogue and from `proof.json`, which `nox -s prove` writes; do not edit.
A level stands here only when the golden case really passed at it. A dash: the two have no shape in common."""
SIZES = """What a runtime adds to an app, without symbols, as `nox -s sizes` measured it: on the host the growth of the
core's libraries and those that it opens, in an APK those for arm64. A dash: not measured. What Gradle
brings as a package could not be had there; what is a part of a system adds nothing to measure."""
MEANINGS = {
    "graph": "the converted model alone was compared with the original",
    "host": "the app's own core, task and model ran on a computer",
    "jvm": "the Android app's own classes ran on a Java machine, with the core built for it",
    "swift": "the iOS app's own package ran on Linux or macOS",
    "emulator": "the Android app ran on an emulator",
    "simulator": "the iOS app ran on a simulator",
    "device": "the app ran on a phone",
}


def documents(root: Path) -> dict[str, str]:
    """Every generated document of the repository at `root`: path relative to it -> text."""
    catalog, proofs = load_catalog(root), load_proofs(root)
    schema = json.dumps(app_schema(catalog), indent=2, ensure_ascii=False) + "\n"
    files = {
        "docs/generated/app.schema.json": schema,
        "docs/generated/support.md": support_page(catalog, proofs, load_sizes(root)),
    }
    readme = root / README
    if readme.is_file():
        files[README] = with_table(readme.read_text(encoding="utf-8"), support_table(catalog, proofs))
    return files


def support_table(catalog: Catalog, proofs: Sequence[Proof]) -> str:
    """Tasks by runtimes; a cell is the levels at which the pair was proven, never more."""
    runtimes = list(catalog.runtimes.values())
    rows = [[task.title, *(_cell(task, runtime, proofs) for runtime in runtimes)] for task in catalog.tasks.values()]
    return _markdown(["task", *(runtime.title for runtime in runtimes)], rows)


def support_page(catalog: Catalog, proofs: Sequence[Proof], sizes: Mapping[str, RuntimeSize]) -> str:
    """docs/generated/support.md."""
    models = [
        [
            f"{model.title} (`{model.name}`)",
            task.title,
            sized(model.bytes),
            model.licence,
            ", ".join(
                sorted({f"{p.level} ({p.where})" for p in proofs if (p.task, p.model) == (task.name, model.name)})
            )
            or "not proven",
        ]
        for task in catalog.tasks.values()
        for model in task.models
    ]
    parts = [
        "# What runs where",
        ABOUT,
        support_table(catalog, proofs),
        "## Runtimes",
        SIZES,
        _markdown(HEAD, [cells(row) for row in rows(catalog, proofs, sizes)]),
        _measured(sizes),
        "## Models",
        _markdown(["model", "task", "size", "licence", "proven"], models),
        "## Levels, weakest first",
        _markdown(["level", "what ran"], [[level, MEANINGS[level]] for level in LEVELS]),
    ]
    return "\n\n".join(parts) + "\n"


def _measured(sizes: Mapping[str, RuntimeSize]) -> str:
    entries = sorted({f"{size.date}, commit {size.commit}, {size.where}" for size in sizes.values()})
    return f"Measured: {'; '.join(entries) or 'never'}."


def with_table(text: str, table: str) -> str:
    """A text with the table between its two markers.

    Raises:
        ValueError: a marker is missing.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README} needs the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def _cell(task: Task, runtime: Runtime, proofs: Sequence[Proof]) -> str:
    if not set(task.shapes) & set(runtime.shapes):
        return "-"
    return ", ".join(levels(proofs, task=task.name, runtime=runtime.name)) or "not proven"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
