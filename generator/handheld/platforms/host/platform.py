"""This machine as a platform: build.py and run.py behind the interface that phones have."""

from __future__ import annotations

from collections.abc import Mapping

from handheld.binding import Value
from handheld.build import build_app
from handheld.errors import HandheldError
from handheld.facts import Tool, find_tools, gather_host
from handheld.host import find_toolchain
from handheld.platforms import (
    HOST,
    BuildOptions,
    BuildReport,
    Device,
    DeviceRun,
    Finding,
    RunOptions,
    Target,
    TaskResult,
)
from handheld.platforms.needs import need
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.run import run_golden
from handheld.tools import Tools


def devices(tools: Tools) -> tuple[Device, ...]:
    """This machine, hindered when it has no compiler."""
    try:
        find_toolchain(tools)
    except HandheldError as error:
        return (Device(Target(HOST), "this machine", "computer", "without a compiler", error.fix),)
    return (Device(Target(HOST), "this machine", "computer"),)


def build(app: RenderedApp, target: Target, options: BuildOptions, tools: Tools, progress: Progress) -> BuildReport:
    """Build the app's core, or take it from the cache.

    Raises:
        MachineError: no compiler, no memory, no disk space.
        AppError: the compiler refused.
    """
    del options
    built = build_app(app, tools, progress)
    return BuildReport(target, built.library, built.library.stat().st_size, built.from_cache)


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Run the golden case of each task, or of one.

    Raises:
        InputError: there is none.
        AppError: an answer is not the expected one.
    """
    asked = {"accelerator": options.accelerator} if options.accelerator else None
    reports = run_golden(build_app(app, tools, progress), options.task, _Nowhere(), progress, asked)
    results = tuple(
        TaskResult(report.task, report.exit_code == 0, report.text, report.status, report.report) for report in reports
    )
    return DeviceRun(target, "this machine", all(result.passed for result in results), results)


def check(tools: Tools) -> tuple[Finding, ...]:
    """The compiler from PATH, CMake and Ninja from this Python environment or PATH: what a build really takes."""
    system, found = gather_host(tools.cache).os, find_tools(tools, versions=True)
    try:
        chain = find_toolchain(tools)
    except HandheldError as error:
        return (need(HOST, "c++", {**found, "c++": None}, system, error.fix),)
    paths = {"c++": chain.cxx, "cmake": chain.cmake, "ninja": chain.ninja}
    versions: Mapping[str, str] = {
        name: tool.version for name, tool in found.items() if tool and tool.path == paths.get(name)
    }
    return tuple(need(HOST, name, {name: Tool(path, versions.get(name, ""))}, system) for name, path in paths.items())


class _Nowhere:
    """Nobody reads the answers while they are made."""

    def piece(self, value: Value) -> None:
        del value
