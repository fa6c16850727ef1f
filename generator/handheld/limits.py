"""What a plan is measured with: what stores, disks and this machine allow, and what a person should know before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from handheld.catalog_keys import APP_PLATFORMS
from handheld.errors import BundleTooLarge, DiskTooSmall, TargetInTheWay, TargetReadOnly, sized
from handheld.identity import DEFAULT_PREFIX

if TYPE_CHECKING:
    from handheld.catalog import Runtime, Source
    from handheld.facts import Facts
    from handheld.plan import TaskPlan
    from handheld.spec import AppSpec

PLAY_BASE_LIMIT = 200 * 1000**2
"""Bytes: the compressed base module that Google Play takes; models hardly compress."""
BUNDLE_LIMITS = {"android": 4 * 1000**3, "ios": 4 * 1000**3}
"""Bytes: above it an APK's zip offsets (Android) and the App Store's rule (iOS, uncompressed) end."""
DIRECT_FORMS = frozenset(["descriptor", "memory"])
"""File forms that read a model inside the APK; without one it is copied out of it first."""


def check_target(spec: AppSpec, facts: Facts) -> None:
    """Refuse a folder that is in the way or cannot be written."""
    if facts.target.exists and not facts.target.empty and not (spec.force and facts.target.app):
        raise TargetInTheWay(spec.directory, facts.target.app)
    if not facts.target.writable:
        raise TargetReadOnly(spec.directory)


def check_bundle(spec: AppSpec, tasks: Sequence[TaskPlan], bundle: int | None) -> None:
    """Refuse models that no store takes."""
    largest = max(tasks, key=lambda task: task.model.bytes or 0).model.name
    for platform in spec.platforms:
        if bundle is not None and bundle > BUNDLE_LIMITS[platform]:
            raise BundleTooLarge(platform, bundle, BUNDLE_LIMITS[platform], largest)


def check_disk(spec: AppSpec, bundle: int | None, facts: Facts) -> None:
    """Refuse what cannot fit on this disk."""
    # Only the app's own copy is certain: the rest may be in the cache already, which may lie on another disk.
    if bundle is not None and bundle > facts.host.disk_free_bytes:
        raise DiskTooSmall(spec.directory, bundle, facts.host.disk_free_bytes)


def total(sizes: Sequence[int | None]) -> int | None:
    """The sum; None while one is unknown."""
    return None if None in sizes else sum(size for size in sizes if size is not None)


def device_bytes(platform: str, tasks: Sequence[TaskPlan]) -> int | None:
    """What the models take on a phone, a copy out of the APK counted."""
    copied = [platform == "android" and not DIRECT_FORMS & set(task.runtime.file_forms) for task in tasks]
    sizes = [task.model.bytes for task in tasks]
    return total([size if size is None else size * (1 + copy) for size, copy in zip(sizes, copied, strict=True)])


def disk_bytes(tasks: Sequence[TaskPlan], sources: Sequence[Source]) -> int | None:
    """Archive, file made of it, and the app's copy: three times a catalogue model, twice a hub's, once a local one."""
    copies = {"catalog": 3, "hf": 2, "path": 1}
    models = total([task.model.bytes and task.model.bytes * copies[task.model.kind] for task in tasks])
    return None if models is None else models + 3 * sum({source.sha256: source.bytes for source in sources}.values())


def warnings(spec: AppSpec, tasks: Sequence[TaskPlan], bundle: int | None, facts: Facts) -> Iterator[str]:
    """What is no reason to stop, and good to know."""
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
        model = task.model
        header = facts.models.get(str(model.path)) if model.path else None
        if header is not None and task.shape == "generate" and not (header.chat_template or model.chat_template):
            yield (
                f"The model {model.title} has no chat template of its own: it may not know how to answer. "
                f"Choose an instruct model, or set [task.{task.task.name}] chat_template in app.toml."
            )
        yield from _left_out(spec, task.runtime, facts)
        yield from _asked_in_vain(spec, task)
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


def _asked_in_vain(spec: AppSpec, task: TaskPlan) -> Iterator[str]:
    """What the app asks for and will not get."""
    asked = task.manifest.get("accelerator")
    for name in spec.platforms if asked else ():
        if asked not in task.runtime.accelerators[name]:
            yield f"{task.runtime.title} has no '{asked}' on {name}: there the CPU computes, and says so."
    allowed, size = task.manifest.get("memory_mb"), task.model.bytes or 0
    if isinstance(allowed, int | float) and size > allowed * 1_000_000 > 0:
        yield f"The model {task.model.title} ({sized(size)}) cannot load: memory_mb allows {allowed} MB."


def _left_out(spec: AppSpec, runtime: Runtime, facts: Facts) -> Iterator[str]:
    """Where the runtime does not run, though nobody chose to leave that out."""
    for name in APP_PLATFORMS if spec.any_platform else ():
        if name not in spec.platforms and name not in runtime.platforms:
            yield f"{runtime.title} does not run on {name}: the app is made for {spec.platforms[0]} alone."
    if not runtime.runs_here(facts.host.os):
        yield f"{runtime.title} does not run on this machine: try the app on a phone, emulator or simulator."
    elif not _has_library(runtime, facts):
        yield (
            f"{runtime.title} has no library for {facts.host.os} {facts.host.arch}: "
            "the app can be made and built here, and tried on a phone."
        )


def _has_library(runtime: Runtime, facts: Facts) -> bool:
    machines = {(library.os, library.arch) for library in runtime.libraries}
    return not machines or (facts.host.os, facts.host.arch) in machines
