"""Android as a platform. Not in this version: building and running."""

from __future__ import annotations

from handheld.app_errors import NotInThisVersion
from handheld.facts import find_tools, gather_host
from handheld.platforms import BuildOptions, BuildReport, Device, DeviceRun, Finding, RunOptions, Target
from handheld.platforms.needs import need
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools


def devices(tools: Tools) -> tuple[Device, ...]:
    """None are looked for."""
    del tools
    return ()


def build(app: RenderedApp, target: Target, options: BuildOptions, tools: Tools, progress: Progress) -> BuildReport:
    """Refuse, and say what to do instead.

    Raises:
        MachineError: always.
    """
    del options, tools, progress
    raise NotInThisVersion(f"Building for {target} with `handheld build`", f"cd {app.directory} && nox -s android")


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Refuse, and say what to do instead.

    Raises:
        MachineError: always.
    """
    del options, tools, progress
    raise NotInThisVersion(f"Running on {target} with `handheld run`", f"cd {app.directory} && nox -s android")


def check(tools: Tools) -> tuple[Finding, ...]:
    """Java and adb."""
    system, found = gather_host(tools.cache).os, find_tools(tools, versions=True)
    return (need("android", "java", found, system), need("android-device", "adb", found, system))
