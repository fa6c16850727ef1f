"""A simulator, from being chosen to being left as it was found."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from handheld.errors import HandheldError, ToolTimeout
from handheld.platforms import Device, DeviceRun, RunOptions, Target, reports_folder
from handheld.platforms.errors import SeveralDevices, UnknownDevice
from handheld.platforms.ios import SIMULATOR, argv, proof, xcode
from handheld.platforms.ios.errors import BootFailed, InstallRefused, NoRuntime
from handheld.platforms.ios.facts import Simulator, Simulators
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

CREATED = "Handheld"
"""The name of a simulator that is made for one run."""
PICTURE_LIMIT = 30.0
"""Seconds that the first screen gets to come up before the picture is taken anyway."""
PICTURE_SETTLE = 1.0
"""Seconds between the app's word that its screen is there and the picture."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The simulator of a run; `created` when it was made for it."""

    device: Simulator
    created: bool = False


def known(tools: Tools) -> tuple[Device, ...]:
    """All simulators that can be used."""
    return tuple(_device(found) for found in xcode.simulators(tools).devices)


def find(tools: Tools, name: str) -> Simulator:
    """The simulator of that name or identifier.

    Raises:
        InputError: there is none, or there are several.
    """
    return _named(xcode.simulators(tools), name, RunOptions())


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Build, boot, install, prove, take a picture; ends and removes what was started and made for it.

    Raises:
        See platform.run.
    """
    reports = reports_folder(app, target, options.reports)
    project = xcode.project_of(app)
    listed = xcode.simulators_with_ios(tools, options.consent, progress)
    with ExitStack() as undo:
        chosen = _choose(listed, target.device, options, tools)
        device = chosen.device
        if chosen.created:
            undo.callback(_quietly, argv.delete(device.identifier), tools)
        where = argv.destination(device.identifier, simulator=True)
        log = reports / "build.log"
        xcode.build(argv.build(project, where, release=False), f"Building {app.lock.name}", log, tools, progress)
        if not device.booted:
            undo.callback(_quietly, argv.shut_down(device.identifier), tools)
            _boot(device, options.limit, tools, progress)
        _install(device, project, tools)
        console = reports / "console.log"
        command = argv.launch(device.identifier, project.package, argv.SELF_TEST)
        result = proof.prove(command, app, device.title, options, console, tools, progress)
        report, picture = reports / "selftest.json", reports / "screenshot.png"
        _bring(str(result.get("file", "")), report)
        _take_picture(device, project, picture, tools, progress)
        counts = xcode.run_tests(project, where, reports, tools, progress) if options.tests else None
        files = [report, picture, console, log, reports / "tests.json", reports / "tests.xcresult"]
        return proof.device_run(target, device.title, proof.whole(result, report), options, counts, files)


def _choose(listed: Simulators, name: str | None, options: RunOptions, tools: Tools) -> Chosen:
    """The named one, else a booted iPhone, else the newest one, else a new one.

    Raises:
        InputError: no such simulator, or several.
        MachineError: there is none and none can be made.
    """
    if name is not None:
        return Chosen(_named(listed, name, options))
    if fitting := [device for device in listed.devices if device.phone]:
        newest = max(device.version for device in fitting)
        return Chosen(min(fitting, key=lambda device: (not device.booted, device.version != newest, device.name)))
    runtime = next((runtime for runtime in reversed(listed.runtimes) if runtime.kinds), None)
    if runtime is None:
        raise NoRuntime(xcode.minimum_ios())
    kind, title = runtime.kinds[-1]
    done = xcode.ask(argv.create(CREATED, kind, runtime.identifier), tools)
    identifier = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode != 0 or not identifier:
        raise BootFailed(title, "all", (done.stderr or done.stdout).strip())
    return Chosen(Simulator(identifier, title, runtime.version, booted=False, phone=True), created=True)


def _named(listed: Simulators, name: str, options: RunOptions) -> Simulator:
    wanted = name.casefold()
    found = [device for device in listed.devices if wanted in (device.identifier.casefold(), device.name.casefold())]
    if not found:
        raise UnknownDevice(name, [_device(device) for device in listed.devices])
    if len(found) == 1:
        return found[0]
    places = tuple(_device(device) for device in found)
    chosen = options.choose(f"Which simulator '{name}'?", places)
    if chosen is None:
        raise SeveralDevices(places)
    return found[places.index(chosen)]


def _device(found: Simulator) -> Device:
    return Device(Target(SIMULATOR, found.identifier), found.title, "simulator")


def _boot(device: Simulator, limit: float, tools: Tools, progress: Progress) -> None:
    """Boot and wait. simctl may refuse with "Unable to boot device in current state: Booted": then all is well.

    Raises:
        MachineError: it does not come up.
    """
    with progress.task(f"Booting {device.title}", 1, "steps"):
        try:
            done = xcode.ask(argv.boot(device.identifier), tools, timeout=limit)
        except ToolTimeout:
            raise BootFailed(
                device.title, device.identifier, f"nothing: it was not ready after {limit:.0f} s"
            ) from None
        if done.returncode != 0 and not _is_booted(device, tools):
            raise BootFailed(
                device.title, device.identifier, (done.stderr or done.stdout).strip().replace("\n", "\n    ")
            )


def _is_booted(device: Simulator, tools: Tools) -> bool:
    return any(other.identifier == device.identifier and other.booted for other in xcode.simulators(tools).devices)


def _install(device: Simulator, project: argv.Project, tools: Tools) -> None:
    bundle = project.bundle(simulator=True, release=False)
    done = xcode.ask(argv.install(device.identifier, bundle), tools)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().replace("\n", "\n    ")
        raise InstallRefused(device.title, said, f"xcrun simctl uninstall {device.identifier} {project.package}")


def _bring(source: str, file: Path) -> None:
    """A simulator's files lie on this disk."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        copyfile(source, file)


def _take_picture(device: Simulator, project: argv.Project, file: Path, tools: Tools, progress: Progress) -> None:
    """Start the app as a person would and take a picture of its first screen. It is a gift: a failure is no failure."""
    file.unlink(missing_ok=True)
    begin, ready_at = tools.clock(), PICTURE_LIMIT

    def look(line: str) -> None:
        nonlocal ready_at
        if argv.READY in line:
            ready_at = min(ready_at, tools.clock() - begin + PICTURE_SETTLE)

    def over() -> bool:
        if tools.clock() - begin < ready_at:
            return False
        _quietly(argv.screenshot(device.identifier, file), tools)
        return True

    with progress.task("Taking a picture", 1, "steps"), suppress(HandheldError):
        command = argv.launch(device.identifier, project.package, argv.ANNOUNCE)
        tools.stream(command, look, on_tick=over, check=False)


def _quietly(command: Sequence[str | Path], tools: Tools) -> None:
    """Tidy up; whatever goes wrong here must not hide what came before."""
    with suppress(HandheldError):
        tools.run(command, timeout=xcode.QUICK, check=False)
