"""Android as a platform: facts, Gradle, devices and the proof on them, in their order."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from handheld.errors import HandheldError
from handheld.facts import find_tools, gather_host
from handheld.platforms import (
    BuildOptions,
    BuildReport,
    Device,
    DeviceRun,
    Finding,
    RunOptions,
    Target,
    reports_folder,
)
from handheld.platforms.android import device, doctor, facts, gradle, install, prove
from handheld.platforms.android.device import Chosen, Known
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

NOTHING = Device(
    Target("android"),
    "a new emulator",
    "emulator",
    "not set up",
    "handheld run --on android, in the app's folder, brings it after asking; or plug in a phone",
)
"""Stands in the list when there is neither a phone nor a virtual device."""
BUILD = ("assembleDebug",)
BUILD_WITH_TESTS = ("assembleDebug", "assembleDebugAndroidTest")


def devices(tools: Tools) -> tuple[Device, ...]:
    """Phones and emulators that adb lists, and virtual devices that exist."""
    try:
        return device.listed(device.known(tools)) or (NOTHING,)
    except HandheldError as error:
        return (Device(Target("android"), "whatever is connected", "phone", error.what.rstrip("."), error.fix),)


def build(app: RenderedApp, target: Target, options: BuildOptions, tools: Tools, progress: Progress) -> BuildReport:
    """Build the app's package, or a signed bundle for the store.

    Raises:
        InputError: a release without a key store.
        MachineError: no Java, an SDK that is not whole.
        AppError: the build failed.
    """
    log = reports_folder(app, target, options.reports) / "gradle.log"
    if options.release:
        return gradle.build_release(app, log, options.consent, tools, progress)
    return gradle.build(app, BUILD, gradle.PACKAGE, log, options.consent, tools, progress)


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Build, choose a device or start an emulator, install, prove, collect; ends what it started, whatever happens.

    Raises:
        See `Platform.run`.
    """
    reports = reports_folder(app, target, options.reports)
    prove.forget(reports)
    there, chosen = _chosen(app, target, options, tools, progress)
    if chosen.avd and chosen.make:
        device.make_avd(chosen.avd, tools)
    tasks = BUILD_WITH_TESTS if options.tests else BUILD
    log = reports / "gradle.log"
    package = gradle.build(app, tasks, gradle.PACKAGE, log, options.consent, tools, progress).artefact
    test_package = gradle.made(app.directory / "android" / gradle.TEST_PACKAGE, log) if options.tests else None
    with ExitStack() as undo:
        adb = _adb(there, tools, undo)
        serial = _ready(chosen, there, options.limit, reports, tools, progress, undo)
        on = prove.On(adb, serial, chosen.name, reports, tools, progress)
        prove.install_app(on, app, package)
        result = prove.whole(on, prove.self_test(on, app, options.limit))
        note = prove.picture(on, app)
        tests = None
        if test_package is not None:
            undo.callback(_quietly, on, "uninstall", f"{app.lock.package}.test")
            prove.install_app(on, app, test_package)
            tests = prove.instrumented(on, app, options.limit)
        if chosen.avd is None:
            note = note or f"{app.lock.name} is installed on {chosen.name}."
        return prove.device_run(target, on, result, options, tests, note)


def _chosen(
    app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress
) -> tuple[Known, Chosen]:
    """The device that is meant; all that it and the build need is installed when this returns."""
    gradle.check_java(tools)
    blind = facts.program("adb", tools) is None
    there = device.known(tools)
    chosen = device.choose(target, there, options.choose) if not blind else device.unseen(target, there)
    device.check_acceleration(chosen, tools)
    needs = facts.needs_of_app(app.directory / "android")
    packages = dict.fromkeys((*facts.build_packages(needs), *device.needed(chosen)))
    install.ensure(tuple(packages), options.consent, tools, progress, "run")
    if blind:
        there = device.known(tools)
        chosen = device.choose(target, there, options.choose)
        device.check_acceleration(chosen, tools)
    return there, chosen


def check(tools: Tools) -> tuple[Finding, ...]:
    """Java, the SDK's parts, adb, the emulator and its acceleration."""
    return doctor.check(tools, find_tools(tools, versions=True), gather_host(tools.cache).os)


def _ready(
    chosen: Chosen, there: Known, limit: float, reports: Path, tools: Tools, progress: Progress, undo: ExitStack
) -> str:
    """The serial number of what to run on; an emulator is started, and shut down when `undo` ends."""
    if chosen.avd is None:
        assert chosen.serial is not None
        return chosen.serial
    log = reports / "emulator.log"
    return undo.enter_context(device.emulator(chosen.avd, there, log, limit, tools, progress))


def _adb(there: Known, tools: Tools, undo: ExitStack) -> Path:
    """adb; its server is ended again when it was started here, and nothing but our emulator was attached."""
    adb = facts.program("adb", tools)
    assert adb is not None, "it was installed just now"
    if there.server_started and not there.attached:
        undo.callback(_end_server, adb, tools)
    return adb


def _end_server(adb: Path, tools: Tools) -> None:
    with suppress(HandheldError):
        tools.run([adb, "kill-server"], timeout=30, check=False)


def _quietly(on: prove.On, *arguments: str) -> None:
    with suppress(HandheldError):
        on.ask(*arguments)
