"""iOS as a platform: Xcode's programs behind the interface that all platforms have."""

from __future__ import annotations

from pathlib import Path

from handheld.errors import HandheldError
from handheld.facts import find_tools, gather_host
from handheld.platforms import BuildOptions, BuildReport, Device, DeviceRun, Finding, RunOptions, Target, reports_folder
from handheld.platforms.ios import LANE, SIMULATOR, argv, phone, simulator, xcode
from handheld.platforms.needs import need
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools


def devices(tools: Tools) -> tuple[Device, ...]:
    """Simulators that exist and phones that are connected; none when Xcode is not usable."""
    try:
        xcode.require_xcode(tools)
        return (*simulator.known(tools), *phone.known(tools))
    except HandheldError:
        return ()


def build(app: RenderedApp, target: Target, options: BuildOptions, tools: Tools, progress: Progress) -> BuildReport:
    """Build the app with Xcode.

    Raises:
        InputError: no such device, or several of that name.
        MachineError: no Xcode, too old, licence not accepted.
        AppError: the build failed, or the app cannot be signed.
    """
    xcode.require_xcode(tools)
    reports = reports_folder(app, target, options.reports)
    on_simulator = target.platform == SIMULATOR
    if target.device is None:
        where = argv.destination(None, simulator=on_simulator)
    elif on_simulator:
        where = argv.destination(simulator.find(tools, target.device).identifier, simulator=True)
    else:
        where = argv.destination(phone.find(tools, target.device).udid, simulator=False)
    project = xcode.project_of(app)
    settings = (f"ARCHS={gather_host(tools.cache).arch}",) if on_simulator else phone.signing(tools)
    command = argv.build(project, where, release=options.release, settings=settings)
    xcode.build(command, f"Building {app.lock.name}", reports / "build.log", tools, progress)
    bundle = project.bundle(simulator=on_simulator, release=options.release)
    return BuildReport(target, bundle, _size(bundle))


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Build the app, install it, and let it prove itself.

    Raises:
        InputError: no such device, or several would do and none was chosen.
        MachineError: Xcode, its licence or an iOS for the simulator is missing; the device does not come up.
        AppError: the build or the installation failed, the app crashed or gave no result in time.
    """
    xcode.require_xcode(tools)
    if target.platform == SIMULATOR:
        return simulator.run(app, target, options, tools, progress)
    return phone.run(app, target, options, tools, progress)


def check(tools: Tools) -> tuple[Finding, ...]:
    """Xcode, its version and licence, and an iOS for the simulator."""
    system = gather_host(tools.cache).os
    found = find_tools(tools, versions=True)
    if found.get("xcodebuild") is None:
        return (need(LANE, "xcodebuild", found, system),)
    try:
        version = xcode.require_xcode(tools)
        known = xcode.simulators(tools)
    except HandheldError as error:
        return (Finding(LANE, "xcodebuild", "", "builds for iOS", error.fix),)
    runtimes = ", ".join(f"iOS {'.'.join(map(str, runtime.version))}" for runtime in known.runtimes)
    return (
        Finding(LANE, "xcodebuild", f"{tools.find('xcodebuild')} (Xcode {version.text})", "builds for iOS", ""),
        Finding(LANE, "simulator", runtimes, "runs the app here", " ".join(map(str, argv.DOWNLOAD_RUNTIME))),
    )


def _size(bundle: Path) -> int:
    return sum(path.lstat().st_size for path in bundle.rglob("*") if path.is_file())
