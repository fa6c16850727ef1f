"""All decisions, without I/O: AppSpec + Catalog + Facts become the Plan that `--dry-run` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handheld.catalog import Catalog, ModelPart, Runtime, SlotValue, Source, Task
from handheld.facts import Facts
from handheld.spec import AppIdentity, AppSpec


@dataclass(frozen=True, slots=True)
class HfRef:
    """A file of a Hugging Face repository; `revision` is a branch, tag or commit ("main" when none was given)."""

    repo: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model of one task. `kind` is "catalog", "path" or "hf".

    `bytes` and `sha256` are None until the file was fetched (an hf file), `sha256` also for a local file: take both from
    StoredModel then. `file` is the name beside task.json.
    """

    name: str
    title: str
    licence: str
    format: str
    file: str
    bytes: int | None
    sha256: str | None
    kind: str
    parts: tuple[ModelPart, ...] = ()
    path: Path | None = None
    hf: HfRef | None = None
    text: str | None = None
    chat_template: str | None = None
    stop: tuple[str, ...] = ()
    terms: bool = False
    licence_text: ModelPart | None = None


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of the app: what runs it and with which model. `manifest` is task.json; see `finish_manifest`."""

    task: Task
    runtime: Runtime
    shape: str
    model: ModelChoice
    manifest: Mapping[str, object]
    golden: Path | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions.

    slots: {"android": {...}, "ios": {...}, "host": {...}}: the slots of all chosen runtimes and tasks joined, every
        slot of the closed list present, sorted, without repeats.
    permissions: {"android": ("android.permission.X", ...), "ios": {"NS...UsageDescription": "sentence"}}.
    bundle_bytes: the models' bytes that each app carries; None while a model's size is unknown.
    disk_bytes: what fetching and rendering need at most, copies counted.
    app_toml: the text of app.toml.
    """

    identity: AppIdentity
    platforms: tuple[str, ...]
    directory: Path
    force: bool
    tasks: tuple[TaskPlan, ...]
    sources: tuple[Source, ...]
    slots: Mapping[str, Mapping[str, SlotValue]]
    permissions: Mapping[str, SlotValue]
    bundle_bytes: int | None
    disk_bytes: int | None
    app_toml: str
    warnings: tuple[str, ...] = ()


def make_plan(spec: AppSpec, catalog: Catalog, facts: Facts) -> Plan:
    """Decide everything.

    Raises:
        InputError: nothing fits (the message says which of shape, model format, platform or accelerator failed and
            what would work), the target folder is in the way, or the bundle is above a store's limit.
        MachineError: the disk has too little space.
    """
    raise NotImplementedError


def finish_manifest(task: TaskPlan, *, bytes: int, sha256: str) -> dict[str, object]:
    """The task.json with the fetched file's size and hash filled in."""
    raise NotImplementedError


def plan_to_json(plan: Plan) -> dict[str, object]:
    """The plan as plain JSON values in a stable order."""
    raise NotImplementedError
