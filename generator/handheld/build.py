"""RenderedApp -> BuiltApp: an app's core for this machine. Never renders. Phones: see platforms/."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools


@dataclass(frozen=True, slots=True)
class BuiltApp:
    """An app with its core for this machine. `from_cache` is true when nothing was compiled."""

    app: RenderedApp
    library: Path
    from_cache: bool


def build_app(app: RenderedApp, tools: Tools, progress: Progress) -> BuiltApp:
    """Build an app's core for this machine, or take it from the cache.

    Raises:
        MachineError: no compiler, no memory, no disk space; no network, for a library that a runtime opens.
        AppError: the compiler refused.
    """
    from handheld.facts import gather_host  # noqa: PLC0415 - who only reads types needs none of it
    from handheld.host import build_library  # noqa: PLC0415
    from handheld.libraries import fetch_libraries  # noqa: PLC0415

    machine = gather_host(app.directory)
    beside = fetch_libraries(app.lock.libraries, machine.os, machine.arch, tools, progress)
    library = build_library(app.directory / "native", app.lock.host_arguments, tools, progress, beside)
    return BuiltApp(app, library.path, library.from_cache)
