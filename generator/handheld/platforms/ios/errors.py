"""Failures that only Xcode knows, each with its four parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handheld.errors import AppError, MachineError

SELECT = "sudo xcode-select --switch /Applications/Xcode.app"


class NoXcode(MachineError):
    """There is no Xcode, or the command line tools are chosen instead of it."""

    def __init__(self, said: str, mac: bool) -> None:
        super().__init__(
            "Xcode is not here, and only Xcode builds for iOS.",
            said or ("Xcode runs on macOS only." if not mac else "xcodebuild is not on PATH."),
            f"Install Xcode from the App Store, then: {SELECT}"
            if mac
            else "On a Mac: install Xcode, then run this command there again",
        )


class LicenceNotAccepted(MachineError):
    """Nobody has agreed to Xcode's licence on this machine."""

    def __init__(self, said: str) -> None:
        super().__init__(
            "Xcode refuses to work before its licence is accepted.",
            f"it says:\n    {said}",
            "sudo xcodebuild -license accept",
            "This accepts Apple's licence for everybody on this machine; `sudo xcodebuild -license` shows it first.",
        )


class WrongXcode(MachineError):
    """An Xcode that is too old."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"Xcode {found} is too old: the project needs {needed} or newer.",
            "The App Store takes apps of that version's SDK only.",
            f"Install Xcode {needed} from the App Store, then: {SELECT}",
        )


class XcodeSilent(MachineError):
    """One of Xcode's programs failed, or said what nobody can read."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(
            f"`{command}` gave no usable answer.",
            f"it said:\n    {said or 'nothing'}",
            "sudo xcodebuild -runFirstLaunch",
        )


class NoRuntime(MachineError):
    """Xcode has no iOS for its simulators."""

    def __init__(self, minimum: str) -> None:
        super().__init__(
            f"Xcode has no simulator with iOS {minimum} or newer.",
            "Since Xcode 15 the simulator's iOS is a download of its own.",
            "xcodebuild -downloadPlatform iOS",
            "It takes about 9 GB of the disk.",
        )


class BootFailed(MachineError):
    """A simulator does not come up."""

    def __init__(self, name: str, identifier: str, said: str) -> None:
        super().__init__(
            f"The simulator {name} does not boot.",
            f"simctl says:\n    {said}",
            f"xcrun simctl shutdown all && xcrun simctl erase {identifier}",
            "Erasing removes all apps and settings of that simulator.",
        )


class BuildRefused(AppError):
    """xcodebuild failed."""

    def __init__(self, lines: Sequence[str], log: Path) -> None:
        shown = "\n    ".join(lines[:8])
        super().__init__(
            "Xcode could not build the app.", f"it says:\n    {shown}", f'less "{log}" shows all of its output'
        )


class NotSigned(AppError):
    """A phone takes signed apps only, and the project has no team."""

    def __init__(self, said: str) -> None:
        super().__init__(
            "The app cannot be signed, and a phone takes no other.",
            f"Xcode says:\n    {said}",
            "Put DEVELOPMENT_TEAM=ABCDE12345, with your team's id, in front of the command; "
            "or choose the team once in Xcode, Signing & Capabilities",
        )


class InstallRefused(AppError):
    """A simulator or phone does not take the app."""

    def __init__(self, device: str, said: str, fix: str) -> None:
        super().__init__(f"{device} refuses the app.", f"it says:\n    {said}", fix)


class PhoneLocked(MachineError):
    """Nobody has unlocked the phone."""

    def __init__(self, device: str) -> None:
        super().__init__(
            f"{device} does not start the app, because it is locked.", "", "Unlock it, and run the command again"
        )
