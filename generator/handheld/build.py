"""RenderedApp -> BuiltApp: one app for one target. Only this machine in this version; never renders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handheld.app_errors import NotInThisVersion
from handheld.catalog import APP_PLATFORMS, HOST
from handheld.errors import UnknownChoice
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

TARGETS = (HOST, *APP_PLATFORMS)
"""What `--on` takes."""


@dataclass(frozen=True, slots=True)
class BuiltApp:
    """An app with what was built of it. `library` is the core; `from_cache` is true when nothing was compiled."""

    app: RenderedApp
    platform: str
    library: Path
    from_cache: bool


def build_app(app: RenderedApp, target: str, tools: Tools, progress: Progress) -> BuiltApp:
    """Build an app's core for a target.

    Raises:
        InputError: no such target.
        MachineError: this version cannot build it, or no compiler, no memory, no disk space.
        AppError: the compiler refused.
    """
    from handheld.host import build_library  # noqa: PLC0415 - a refused target needs none of it

    if target not in TARGETS:
        raise UnknownChoice("target", target, TARGETS, "--on")
    if target != HOST:
        raise NotInThisVersion(f"Building for {target} with `handheld build`", f"cd {app.directory} && nox -s {target}")
    library = build_library(app.directory / "native", app.lock.host_arguments, tools, progress)
    return BuiltApp(app, target, library.path, library.from_cache)
