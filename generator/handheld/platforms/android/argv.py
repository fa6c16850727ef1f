"""Every command that is given to a program of the Android SDK, as a list of arguments; pure functions."""

from __future__ import annotations

from pathlib import Path

ACTIVITY = ".MainActivity"
SELF_TEST = "handheld.selftest"
RUNNER = "androidx.test.runner.AndroidJUnitRunner"
LOG_TAG = "Handheld"
ENDS = ("AndroidRuntime:E", "libc:F", "DEBUG:F", "ActivityManager:I", "lowmemorykiller:I", "lmkd:I")
WATCHED = (f"{LOG_TAG}:V", *ENDS, "*:S")
"""What of the log is watched while the app runs: its own lines, and those that tell of its end."""
MEMORY = "3072"
"""Megabytes of an emulator: Android takes 1,500, the rest is for the model."""
HARDWARE = "pixel_6"
"""The screen of a virtual device that is made here."""
DEVICE_PICTURE = "/data/local/tmp/handheld.png"

Argv = list[str | Path]


def adb(program: Path, serial: str, *arguments: str | Path) -> Argv:
    """A command for one device."""
    return [program, "-s", serial, *arguments]


def devices(program: Path) -> Argv:
    """List what is attached."""
    return [program, "devices", "-l"]


def avd_of(program: Path, serial: str) -> Argv:
    """Ask a running emulator for the name of its virtual device."""
    return adb(program, serial, "emu", "avd", "name")


def emulator(program: Path, avd: str, port: int) -> Argv:
    """Start a virtual device without a window, fresh, on a port that gives it its serial number."""
    quiet = ["-no-window", "-no-audio", "-no-boot-anim", "-no-snapshot", "-no-metrics"]
    return [program, "-avd", avd, "-port", str(port), *quiet, "-gpu", "swiftshader_indirect", "-memory", MEMORY]


def accel_check(program: Path) -> Argv:
    """Ask the emulator for hardware acceleration."""
    return [program, "-accel-check"]


def create_avd(program: Path, name: str, image: str) -> Argv:
    """Make a virtual device; some versions ask for a hardware profile on stdin all the same."""
    return [program, "--silent", "create", "avd", "--force", "--name", name, "--package", image, "--device", HARDWARE]


def install_packages(program: Path, root: Path, *packages: str) -> Argv:
    """Install parts of the SDK."""
    return [program, f"--sdk_root={root}", "--install", *packages]


def accept_licences(program: Path, root: Path) -> Argv:
    """Accept the licences; it asks on stdin."""
    return [program, f"--sdk_root={root}", "--licenses"]


def gradle(program: Path, *tasks: str) -> Argv:
    """Build. Without a daemon: nothing is left running."""
    return [program, "--console=plain", "--no-daemon", *tasks]


def install_app(program: Path, serial: str, package: Path) -> Argv:
    """Install or replace; test packages too."""
    return adb(program, serial, "install", "-r", "-t", package)


def start_app(program: Path, serial: str, package: str, *, self_test: bool) -> Argv:
    """Start the app afresh: in self-test mode, or as a person does, and then wait until it is drawn."""
    extra = ["--ez", SELF_TEST, "true"] if self_test else ["-W"]
    return adb(program, serial, "shell", "am", "start", "-S", "-n", f"{package}/{package}{ACTIVITY}", *extra)


def logcat(program: Path, serial: str, since: str, *filters: str, dump: bool = False) -> Argv:
    """The log from a time of the device's own clock on (seconds since the epoch)."""
    end = ["-d"] if dump else []
    return adb(program, serial, "logcat", "-v", "threadtime", "-T", f"{since}.000", *end, *filters)


def instrument(program: Path, serial: str, package: str) -> Argv:
    """Run the instrumented tests, with output for programs."""
    return adb(program, serial, "shell", "am", "instrument", "-w", "-r", f"{package}.test/{RUNNER}")
