"""Phones and emulators: what there is, which one is meant, and an emulator from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from handheld.errors import HandheldError, ToolTimeout
from handheld.platforms import Choose, Device, Target
from handheld.platforms.android import argv, facts, parse
from handheld.platforms.android.errors import (
    AdbFailed,
    AvdNotMade,
    EmulatorDiskFull,
    EmulatorFailed,
    NeverBooted,
    NoAcceleration,
)
from handheld.platforms.android.facts import OWN_AVD, Avd, Package
from handheld.platforms.android.parse import Attached
from handheld.platforms.errors import DeviceHindered, SeveralDevices, UnknownDevice
from handheld.progress import Progress
from handheld.tools import Background, Tools

ANDROID = "android"
PORTS = range(5554, 5682, 2)
"""What an emulator may listen at; its serial number is made of it."""
ANSWER = 30.0
"""Seconds that a device gets for a small question."""
SHUTDOWN = 20.0
"""Seconds that an emulator gets to write its data before it is ended by force."""
POLL = 0.5
HINDERED = {
    "unauthorized": (
        "not authorised",
        "Unlock the phone and allow USB debugging in the dialog; none comes? adb kill-server, then plug it in again",
    ),
    "offline": (
        "offline",
        "adb reconnect offline; or plug the phone in again, or restart the emulator",
    ),
    "no permissions": (
        "without permissions",
        "sudo apt install android-sdk-platform-tools-common brings the udev rules; then plug the phone in again",
    ),
}
"""For each state of adb but `device`: what it is called here, and what helps."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to run on: a device that is attached (`serial`), or a virtual one to start (`avd`), made first if `make`."""

    name: str
    serial: str | None = None
    avd: str | None = None
    make: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything there is. `names` gives the virtual device of each running emulator, by serial number."""

    attached: tuple[Attached, ...]
    avds: tuple[Avd, ...]
    names: dict[str, str]
    server_started: bool = False


def known(tools: Tools) -> Known:
    """Ask adb what is attached, and look for virtual devices.

    Raises:
        MachineError: adb does not work.
    """
    adb = facts.program("adb", tools)
    exist = facts.avds(tools.environ)
    if adb is None:
        return Known((), exist, {})
    done = tools.run(argv.devices(adb), timeout=60, check=False)
    if parse.LISTED not in done.stdout:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise AdbFailed("; ".join(said[-2:]))
    found = parse.attached(done.stdout)
    running = [item.serial for item in found if item.emulator and item.state == "device"]
    names = {serial: _avd_name(adb, serial, tools) for serial in running}
    return Known(found, exist, names, parse.server_started(done.stdout + done.stderr))


def _avd_name(adb: Path, serial: str, tools: Tools) -> str:
    with suppress(ToolTimeout):
        done = tools.run(argv.avd_of(adb, serial), timeout=ANSWER, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.split()[0]
    return ""


def listed(there: Known) -> tuple[Device, ...]:
    """All of it for `--list`."""
    running = set(there.names.values())
    devices = [_device(item, there.names) for item in there.attached]
    stopped = [avd.name for avd in there.avds if avd.name not in running]
    devices += [Device(Target(ANDROID, name), f"{name}, not running", "emulator") for name in stopped]
    return tuple(devices)


def _device(item: Attached, names: dict[str, str]) -> Device:
    word, how = HINDERED.get(item.state, (item.state, "adb devices -l")) if item.state != "device" else ("", "")
    name = names.get(item.serial) or item.model or item.serial
    return Device(Target(ANDROID, item.serial), name, "emulator" if item.emulator else "phone", word, how)


def choose(target: Target, there: Known, ask: Choose) -> Chosen:
    """The device that is meant: the one named; else the only one that is ready; else a virtual one.

    Raises:
        InputError: there is no such device, or there are several and nobody chose.
        MachineError: it cannot be used now.
    """
    devices = listed(there)
    if target.device is not None:
        return _named(target.device, there, devices)
    ready = tuple(device for device in devices if not device.hindered and not _stopped(device, there))
    if len(ready) > 1:
        picked = ask("Which one?", ready)
        if picked is None:
            raise SeveralDevices(ready)
        return Chosen(picked.name, serial=picked.target.device)
    if ready:
        return Chosen(ready[0].name, serial=ready[0].target.device)
    # A phone that was plugged in is what is meant, even when it cannot be used yet.
    for device in devices:
        if device.hindered and device.kind == "phone":
            raise DeviceHindered(device)
    return _virtual(there, ask)


def unseen(target: Target, there: Known) -> Chosen:
    """What is meant as long as there is no adb to ask: a named device is taken for a phone, else a virtual one."""
    names = [avd.name for avd in there.avds]
    if target.device is not None and target.device not in (*names, OWN_AVD):
        return Chosen(target.device, serial=target.device)
    avd = target.device or OWN_AVD
    return Chosen(avd, avd=avd, make=avd not in names)


def _named(name: str, there: Known, devices: Sequence[Device]) -> Chosen:
    serials = {avd: serial for serial, avd in there.names.items()}
    serial = serials.get(name, name)
    for device in devices:
        if device.target.device == serial:
            if device.hindered:
                raise DeviceHindered(device)
            if not _stopped(device, there):
                return Chosen(device.name, serial=serial)
            return Chosen(name, avd=name)
    if name == OWN_AVD:
        return Chosen(name, avd=name, make=True)
    raise UnknownDevice(name, devices)


def _virtual(there: Known, ask: Choose) -> Chosen:
    names = [avd.name for avd in there.avds]
    if OWN_AVD in names or not names:
        return Chosen(OWN_AVD, avd=OWN_AVD, make=OWN_AVD not in names)
    if len(names) == 1:
        return Chosen(names[0], avd=names[0])
    devices = tuple(Device(Target(ANDROID, name), name, "emulator") for name in names)
    picked = ask("Which one?", devices)
    if picked is None:
        raise SeveralDevices(devices)
    return Chosen(picked.name, avd=picked.name)


def _stopped(device: Device, there: Known) -> bool:
    return all(device.target.device != item.serial for item in there.attached)


# An emulator.


def needed(chosen: Chosen) -> tuple[Package, ...]:
    """What of the SDK the device needs beyond what a build does."""
    return facts.emulator_packages() if chosen.make else (facts.EMULATOR,) if chosen.avd else ()


def check_acceleration(chosen: Chosen, tools: Tools) -> None:
    """Refuse a virtual device that would take hours, before anything is installed or built for it.

    Raises:
        MachineError: no hardware acceleration.
    """
    if chosen.avd is None:
        return
    if why := facts.acceleration_hindered(tools.environ):
        raise NoAcceleration(why)
    if emulator := facts.program("emulator", tools):
        done = tools.run(argv.accel_check(emulator), timeout=60, check=False)
        if why := parse.acceleration(done.stdout + done.stderr):
            raise NoAcceleration(why)


def make_avd(name: str, tools: Tools) -> None:
    """Make the virtual device of automated tests.

    Raises:
        MachineError: avdmanager made none.
    """
    avdmanager = facts.program("avdmanager", tools)
    assert avdmanager is not None, "it was installed just now"
    command = argv.create_avd(avdmanager, name, facts.image_package().name)
    root = str(facts.sdk_root(tools.environ))
    done = tools.run(command, stdin="no\n", timeout=300, check=False, env={"ANDROID_HOME": root})
    if not (facts.avd_folder(tools.environ) / f"{name}.ini").is_file():
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise AvdNotMade(name, "; ".join(said[-3:]))


@contextmanager
def emulator(avd: str, there: Known, log: Path, limit: float, tools: Tools, progress: Progress) -> Iterator[str]:
    """Start a virtual device, give its serial number when it is ready, and shut it down after the block.

    Raises:
        MachineError: it ended, or was not ready in time.
    """
    program, adb = facts.program("emulator", tools), facts.program("adb", tools)
    assert program is not None
    assert adb is not None
    taken = {item.serial for item in there.attached}
    port = next(port for port in PORTS if f"emulator-{port}" not in taken)
    serial = f"emulator-{port}"
    environ = {"ANDROID_HOME": str(facts.sdk_root(tools.environ))}
    with tools.background(argv.emulator(program, avd, port), log, env=environ) as process:
        try:
            _wait_until_ready(_Boot(avd, serial, process, adb, log, limit), tools, progress)
            yield serial
        finally:
            with progress.task(f"Shutting down the emulator {avd}", unit="steps"):
                with suppress(HandheldError):
                    tools.run(argv.adb(adb, serial, "emu", "kill"), timeout=ANSWER, check=False)
                process.wait(SHUTDOWN)


@dataclass(frozen=True, slots=True)
class _Boot:
    avd: str
    serial: str
    process: Background
    adb: Path
    log: Path
    limit: float


def _wait_until_ready(boot: _Boot, tools: Tools, progress: Progress) -> None:
    """Boot is completed before apps can be installed: the package manager answers last."""
    begin = tools.clock()
    steps: Sequence[tuple[str, tuple[str, ...], Callable[[str], bool]]] = (
        ("Android to boot", ("shell", "getprop", "sys.boot_completed"), lambda text: text.strip() == "1"),
        ("the package manager", ("shell", "pm", "path", "android"), lambda text: text.startswith("package:")),
    )
    pause = Event()
    with progress.task(f"Starting the emulator {boot.avd}", unit="s") as handle:
        for what, question, ready in steps:
            while not _answers(boot, question, ready, tools):
                seconds = tools.clock() - begin
                handle.update(int(seconds))
                if boot.process.ended is not None:
                    raise _emulator_failure(boot, tools)
                if seconds > boot.limit:
                    raise NeverBooted(boot.avd, boot.limit, what, boot.log)
                pause.wait(POLL)


def _answers(boot: _Boot, question: Sequence[str], ready: Callable[[str], bool], tools: Tools) -> bool:
    with suppress(ToolTimeout):
        done = tools.run(argv.adb(boot.adb, boot.serial, *question), timeout=ANSWER, check=False)
        return ready(done.stdout)
    return False


def _emulator_failure(boot: _Boot, tools: Tools) -> HandheldError:
    text = boot.log.read_text(encoding="utf-8", errors="replace")
    if space := parse.no_disk_space(text):
        return EmulatorDiskFull(boot.avd, *space, facts.avd_folder(tools.environ))
    return EmulatorFailed(boot.avd, parse.emulator_reasons(text), boot.log)
