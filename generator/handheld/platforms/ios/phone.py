"""A real iPhone or iPad: devicectl."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from handheld.platforms import Device, DeviceRun, RunOptions, Target, reports_folder
from handheld.platforms.errors import DeviceHindered, NoDevice, SeveralDevices, UnknownDevice
from handheld.platforms.ios import DEVICE, argv, proof, xcode
from handheld.platforms.ios.errors import InstallRefused, PhoneLocked
from handheld.platforms.ios.facts import Phone
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

LOCKED = re.compile(r"was not, or could not be, unlocked|device is locked|is locked", re.IGNORECASE)
CURES = {
    "not paired with this Mac": "Connect it with a cable, unlock it and tap Trust",
    "not reachable": "Connect it with a cable and unlock it",
    "without Developer Mode": "On the phone: Settings, Privacy & Security, Developer Mode",
}
"""What makes a hindered phone usable, by what `Phone.hindered` says."""


def known(tools: Tools) -> tuple[Device, ...]:
    """All phones that this Mac knows, those that cannot be used now included."""
    return tuple(_device(found) for found in _phones(tools))


def find(tools: Tools, name: str) -> Phone:
    """The phone of that name or identifier.

    Raises:
        InputError: there is none, or there are several.
        MachineError: it cannot be used now.
    """
    return _choose(_phones(tools), name, RunOptions())


def signing(tools: Tools) -> tuple[str, ...]:
    """Settings of a build for phones: the team from the environment, and leave to make a profile."""
    team = tools.environ.get("DEVELOPMENT_TEAM")
    return ("-allowProvisioningUpdates", *([f"DEVELOPMENT_TEAM={team}"] if team else []))


def run(app: RenderedApp, target: Target, options: RunOptions, tools: Tools, progress: Progress) -> DeviceRun:
    """Build, sign, install, prove; the app stays on the phone.

    Raises:
        See platform.run.
    """
    reports = reports_folder(app, target, options.reports)
    project = xcode.project_of(app)
    phone = _choose(_phones(tools), target.device, options)
    title = f"{phone.name}, iOS {phone.version}"
    where = argv.destination(phone.udid, simulator=False)
    log, console, report = reports / "build.log", reports / "console.log", reports / "selftest.json"
    command = argv.build(project, where, release=False, settings=signing(tools))
    xcode.build(command, f"Building {app.lock.name}", log, tools, progress)
    _install(phone, title, project, tools)
    command = argv.launch_on_phone(phone.identifier, project.package, argv.SELF_TEST)
    result = proof.prove(command, app, title, options, console, tools, progress, refuse=_refuse_locked)
    report.unlink(missing_ok=True)
    xcode.ask(argv.copy_report(phone.identifier, project.package, report), tools)
    counts = xcode.run_tests(project, where, reports, tools, progress, signing(tools)) if options.tests else None
    files = [report, console, log, reports / "tests.json", reports / "tests.xcresult"]
    note = "The app is still on the phone; Xcode's programs take no picture of a phone's screen."
    return proof.device_run(target, title, proof.whole(result, report), options, counts, files, note)


def _phones(tools: Tools) -> tuple[Phone, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        return xcode.phones(tools, Path(scratch))


def _choose(phones: tuple[Phone, ...], name: str | None, options: RunOptions) -> Phone:
    if name is None:
        found = [phone for phone in phones if not phone.hindered] or list(phones)
        if not found:
            raise NoDevice(
                "There is no iPhone to run on.", "devicectl knows none.", "Connect one with a cable and tap Trust on it"
            )
    else:
        wanted = name.casefold()
        found = [
            phone
            for phone in phones
            if wanted in (phone.udid.casefold(), phone.identifier.casefold(), phone.name.casefold())
        ]
        if not found:
            raise UnknownDevice(name, [_device(phone) for phone in phones])
    phone = found[0] if len(found) == 1 else _asked(found, options)
    if phone.hindered:
        raise DeviceHindered(_device(phone))
    return phone


def _asked(found: list[Phone], options: RunOptions) -> Phone:
    places = tuple(_device(phone) for phone in found)
    chosen = options.choose("Which phone?", places)
    if chosen is None:
        raise SeveralDevices(places)
    return found[places.index(chosen)]


def _device(phone: Phone) -> Device:
    title = f"{phone.name}, {phone.model}, iOS {phone.version}"
    return Device(Target(DEVICE, phone.udid), title, "phone", phone.hindered, CURES.get(phone.hindered, ""))


def _install(phone: Phone, title: str, project: argv.Project, tools: Tools) -> None:
    done = xcode.ask(
        argv.install_on_phone(phone.identifier, project.bundle(simulator=False, release=False)),
        tools,
        timeout=xcode.LONG,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().replace("\n", "\n    ")
        raise InstallRefused(title, said, f"xcrun devicectl device info details --device {phone.identifier}")


def _refuse_locked(device: str, lines: tuple[str, ...]) -> None:
    if any(LOCKED.search(line) for line in lines):
        raise PhoneLocked(device)
