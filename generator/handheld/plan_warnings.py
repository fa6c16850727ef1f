"""What a person should know of a plan that is possible all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from handheld.catalog_keys import APP_PLATFORMS
from handheld.errors import sized
from handheld.identity import DEFAULT_PREFIX

if TYPE_CHECKING:
    from handheld.catalog import Runtime
    from handheld.facts import Facts
    from handheld.plan import TaskPlan
    from handheld.spec import AppSpec

PLAY_BASE_LIMIT = 200 * 1000**2
"""Bytes: the compressed base module that Google Play takes; models hardly compress."""


def warnings_of(spec: AppSpec, tasks: Sequence[TaskPlan], bundle: int | None, facts: Facts) -> Iterator[str]:
    """Sentences, those on the whole app first. `bundle` is the models' bytes, None while unknown."""
    if spec.identity.package.startswith(f"{DEFAULT_PREFIX}."):
        yield (
            f"The package id {spec.identity.package} is fine for trying things out; Google Play refuses "
            f"{DEFAULT_PREFIX}: choose your own with --id before you publish."
        )
    if "android" in spec.platforms and bundle is not None and bundle > PLAY_BASE_LIMIT:
        yield (
            f"The models have {sized(bundle)}; Google Play takes {sized(PLAY_BASE_LIMIT)} in an app's base module. "
            "It installs over USB and from other stores; for Play choose a smaller model with --model."
        )
    for task in tasks:
        yield from _on_runtime(task, spec, facts)
        yield from _on_model(task, facts)


def _on_runtime(task: TaskPlan, spec: AppSpec, facts: Facts) -> Iterator[str]:
    title = task.runtime.title
    for name in APP_PLATFORMS if spec.any_platform else ():
        if name not in spec.platforms and name not in task.runtime.platforms:
            yield f"{title} does not run on {name}: the app is made for {spec.platforms[0]} alone."
    if not task.runtime.runs_here(facts.host.os):
        yield f"{title} does not run on this machine: try the app on a phone, emulator or simulator."
    elif not _has_library(task.runtime, facts):
        yield (
            f"{title} has no library for {facts.host.os} {facts.host.arch}: "
            "the app can be made and built here, and tried on a phone."
        )


def _on_model(task: TaskPlan, facts: Facts) -> Iterator[str]:
    model = task.model
    header = facts.models.get(str(model.path)) if model.path else None
    if header is not None and task.shape == "generate" and not (header.chat_template or model.chat_template):
        yield (
            f"The model {model.title} has no chat template of its own: it may not know how to answer. "
            f"Choose an instruct model, or set [task.{task.task.name}] chat_template in app.toml."
        )
    if model.conversion is not None:
        size = model.conversion.disk_bytes.get(facts.host.os)
        yield (
            f"The model {model.title} is made on this machine, with packages that take "
            f"{sized(size)} of the cache's disk; they are kept for the next time."
            if size
            else f"The model {model.title} cannot be made on {facts.host.os}: its packages do not exist for it."
        )
    if model.kind != "catalog" and model.licence == "unknown":
        yield f"The licence of {model.title} is unknown: look it up before you give the app away."
    if facts.host.memory_bytes and (model.bytes or 0) > facts.host.memory_bytes // 2:
        yield f"The model {model.title} ({sized(model.bytes or 0)}) may not fit into this machine's memory."


def _has_library(runtime: Runtime, facts: Facts) -> bool:
    machines = {(library.os, library.arch) for library in runtime.libraries}
    return not machines or (facts.host.os, facts.host.arch) in machines
