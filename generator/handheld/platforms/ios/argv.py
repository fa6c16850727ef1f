"""What is asked of Xcode's programs, as argument lists. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Argv = tuple[str | Path, ...]
SELF_TEST = "--handheld-selftest"
"""Launch argument of a rendered app: run the golden cases, print the result, leave."""
ANNOUNCE = "--handheld-announce"
"""Launch argument of a rendered app: print READY when the first screen is there."""
READY = "HANDHELD READY"
VERSION: Argv = ("xcodebuild", "-version")
LIST_SIMULATORS: Argv = ("xcrun", "simctl", "list", "-j")
DOWNLOAD_RUNTIME: Argv = ("xcodebuild", "-downloadPlatform", "iOS")


@dataclass(frozen=True, slots=True)
class Project:
    """The Xcode project of a rendered app and where its builds go.

    `module` names project, scheme and app; `package` is the bundle id.
    """

    folder: Path
    module: str
    package: str

    @property
    def derived(self) -> Path:
        """Xcode's build folder, inside the app so that nothing is left elsewhere."""
        return self.folder.parent / "build" / "ios"

    def bundle(self, *, simulator: bool, release: bool) -> Path:
        """Where a build puts the .app."""
        place = f"{configuration(release)}-{'iphonesimulator' if simulator else 'iphoneos'}"
        return self.derived / "Build" / "Products" / place / f"{self.module}.app"


def configuration(release: bool) -> str:
    """Xcode's name of a build configuration."""
    return "Release" if release else "Debug"


def destination(device: str | None, *, simulator: bool) -> str:
    """One device by its identifier, or any of the kind."""
    if device is not None:
        return f"id={device}"
    return f"generic/platform=iOS{' Simulator' if simulator else ''}"


def build(project: Project, where: str, *, release: bool, settings: Sequence[str] = ()) -> Argv:
    """Build the app for a destination."""
    return (*_on(project, where), "-configuration", configuration(release), "build", *settings)


def run_tests(project: Project, where: str, results: Path, settings: Sequence[str] = ()) -> Argv:
    """Build and run all tests of the test plan; `results` must not exist yet."""
    return (*_on(project, where), "-resultBundlePath", results, "test", *settings)


def _on(project: Project, where: str) -> Argv:
    return (
        "xcodebuild", "-project", project.folder / f"{project.module}.xcodeproj", "-scheme", project.module,
        "-destination", where, "-derivedDataPath", project.derived,
    )  # fmt: skip


def test_summary(results: Path) -> Argv:
    """The counts of a result bundle as JSON."""
    return ("xcrun", "xcresulttool", "get", "test-results", "summary", "--path", results)


# The simulator.


def create(name: str, kind: str, runtime: str) -> Argv:
    """Make a simulator; prints its identifier."""
    return ("xcrun", "simctl", "create", name, kind, runtime)


def boot(device: str) -> Argv:
    """Boot a simulator unless it is booted, and wait until it is ready."""
    return ("xcrun", "simctl", "bootstatus", device, "-b")


def install(device: str, bundle: Path) -> Argv:
    """Install an app."""
    return ("xcrun", "simctl", "install", device, bundle)


def launch(device: str, package: str, *arguments: str) -> Argv:
    """Start an app and show what it prints, through a terminal, so that each line comes when it is written."""
    command = ("xcrun", "simctl", "launch", "--console-pty", "--terminate-running-process")
    return (*command, device, package, *arguments)


def screenshot(device: str, file: Path) -> Argv:
    """Take a picture of the screen, as PNG."""
    return ("xcrun", "simctl", "io", device, "screenshot", "--type=png", file)


def shut_down(device: str) -> Argv:
    """End a simulator."""
    return ("xcrun", "simctl", "shutdown", device)


def delete(device: str) -> Argv:
    """Remove a simulator with all its data."""
    return ("xcrun", "simctl", "delete", device)


# A phone.


def list_phones(answer: Path) -> Argv:
    """Write what is connected to a JSON file; what the program prints is for people."""
    return ("xcrun", "devicectl", "list", "devices", "--json-output", answer)


def install_on_phone(device: str, bundle: Path) -> Argv:
    """Install an app."""
    return ("xcrun", "devicectl", "device", "install", "app", "--device", device, bundle)


def launch_on_phone(device: str, package: str, *arguments: str) -> Argv:
    """Start an app and show what it prints."""
    command = ("xcrun", "devicectl", "device", "process", "launch", "--console", "--terminate-existing")
    return (*command, "--device", device, package, *arguments)


def copy_report(device: str, package: str, file: Path) -> Argv:
    """Bring the whole report from the app's own documents."""
    return (
        "xcrun", "devicectl", "device", "copy", "from", "--device", device,
        "--domain-type", "appDataContainer", "--domain-identifier", package,
        "--source", "Documents/selftest.json", "--destination", file,
    )  # fmt: skip
