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
        MachineError: no compiler, no memory, no disk space.
        AppError: the compiler refused.
    """
    from handheld.host import build_library  # noqa: PLC0415 - who only reads types needs none of it

    library = build_library(app.directory / "native", app.lock.host_arguments, tools, progress)
    return BuiltApp(app, library.path, library.from_cache)
