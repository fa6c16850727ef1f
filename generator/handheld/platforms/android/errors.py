"""Failures that only Android knows, each with its four parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handheld.errors import AppError, InputError, MachineError, quoted, sized

LICENCE_PAGE = "https://developer.android.com/studio/terms"
KVM_RIGHTS = "sudo gpasswd -a $USER kvm, then log in again; until the next boot only: sudo chmod 666 /dev/kvm"
KVM_MISSING = "Turn on virtualisation (VT-x, AMD-V) in the firmware, then: sudo modprobe -a kvm kvm_intel kvm_amd"


def acceleration_fix(why: str) -> str:
    """What brings hardware acceleration, by why there is none."""
    return KVM_RIGHTS if "permission" in why or "may not be opened" in why else KVM_MISSING


class SdkIncomplete(MachineError):
    """Parts of the SDK are missing and were not to be installed."""

    def __init__(self, root: Path, packages: Sequence[str], fix: str) -> None:
        super().__init__(
            f"The Android SDK in {root} lacks {quoted(packages)}.",
            "Nobody agreed to install them: there was no terminal to ask in, or the answer was no.",
            fix,
            f"Installing them accepts Google's licence of the SDK: {LICENCE_PAGE}",
        )


class InstallationFailed(MachineError):
    """sdkmanager did not bring a package. `lines` are the last that it said."""

    def __init__(self, package: str, lines: Sequence[str], command: str) -> None:
        said = "\n    ".join(lines)
        super().__init__(
            f"{package} could not be installed into the Android SDK.",
            f"sdkmanager said:\n    {said}" if lines else "sdkmanager said nothing.",
            f"Check the network and any proxy, then run it by hand: {command}",
        )


class NoSdkManager(MachineError):
    """Parts of the SDK are missing, and nothing here can install them."""

    def __init__(self, root: Path, packages: Sequence[str]) -> None:
        super().__init__(
            f"The Android SDK in {root} lacks {quoted(packages)}.",
            "There is no sdkmanager here, and the one of the Python package index brings programs for Linux only.",
            "Install Android Studio and in its SDK Manager the 'Android SDK Command-line Tools', then run this again",
        )


class HalfInstalled(MachineError):
    """A part of the SDK is there and not whole, as after an interrupted installation."""

    def __init__(self, package: str, folder: Path) -> None:
        super().__init__(
            f"{package} is in the Android SDK, but not whole.",
            "An installation was interrupted, and sdkmanager leaves a folder that exists as it is.",
            f'rm -r "{folder}", then run this again',
        )


class LicencesMissing(MachineError):
    """Gradle wanted to install something whose licence was not accepted here."""

    def __init__(self, packages: Sequence[str], root: Path, fix: str) -> None:
        super().__init__(
            f"The licence of {quoted(packages) or 'the Android SDK'} was not accepted on this machine.",
            f"Gradle would install what is missing in {root}, but not without the licence.",
            fix,
            f"It accepts Google's licence of the SDK: {LICENCE_PAGE}",
        )


class NoJava(MachineError):
    """Gradle has no Java, or one that is too old."""

    def __init__(self, found: str, fix: str) -> None:
        super().__init__(
            "Gradle needs Java 17 or later.", f"Found: {found}." if found else "There is none on PATH.", fix
        )


class GradleFailed(AppError):
    """The build failed. `lines` say why."""

    def __init__(self, lines: Sequence[str], log: Path, fix: str = "") -> None:
        super().__init__(
            "The Android build failed.",
            "\n    ".join(["Gradle said:", *lines]) if lines else "Gradle said nothing.",
            fix or f'less "{log}" shows all of its output',
        )


class NothingBuilt(AppError):
    """Gradle says that all is well and the file is not there."""

    def __init__(self, artefact: Path, log: Path) -> None:
        super().__init__(
            f"The Android build ended without {artefact.name}.",
            f"{artefact} does not exist; the project may have been changed to put it elsewhere.",
            f'less "{log}" shows what Gradle did',
        )


class KeyStoreMissing(InputError):
    """A release is signed, and what signs it was not named."""

    def __init__(self, missing: Sequence[str], key_store: str) -> None:
        super().__init__(
            f"A release has to be signed, and {quoted(missing)} "
            + ("is not set." if len(missing) == 1 else "are not set."),
            "The key store, its password, the key's name and the key's password come from the environment, so that "
            "they stand in no file.",
            f"export {' '.join(f'{name}=...' for name in missing)}; a new key store: keytool -genkeypair -keystore "
            f"{key_store or 'upload.jks'} -alias upload -keyalg RSA -keysize 4096 -validity 10000",
            "Keep the key store safe and out of git: without it no update of the app can be published.",
        )


class KeyStoreGone(InputError):
    """APP_KEYSTORE names no file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The key store {path} does not exist.",
            "APP_KEYSTORE has to be the path of a file; a relative one would be looked for in android/app.",
            "export APP_KEYSTORE=/path/to/upload.jks",
        )


class KeyRefused(AppError):
    """The key store or the key does not open."""

    def __init__(self, said: str) -> None:
        super().__init__(
            "The release could not be signed.",
            said,
            "keytool -list -keystore $APP_KEYSTORE asks for the password and lists the keys; "
            "compare with APP_KEYSTORE_PASSWORD, APP_KEY_ALIAS and APP_KEY_PASSWORD",
        )


class NotSigned(AppError):
    """A release was built and is not signed."""

    def __init__(self, bundle: Path, said: str) -> None:
        super().__init__(
            f"{bundle.name} is not signed.",
            said or "jarsigner does not say that it is verified.",
            f'jarsigner -verify "{bundle}"',
            "The store refuses it.",
        )


class AdbFailed(MachineError):
    """adb does not list devices: without that nobody knows what is there."""

    def __init__(self, said: str) -> None:
        super().__init__(
            "adb cannot list devices.",
            f"It said: {said}" if said else "It said nothing.",
            "adb kill-server && adb devices -l; another program may hold its port 5037, or another version of it runs",
        )


class NoAcceleration(MachineError):
    """No emulator without hardware acceleration: it would take hours."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "An Android emulator needs hardware acceleration, which is not available here.",
            f"{why[:1].upper()}{why[1:]}.".replace("..", "."),
            f"{acceleration_fix(why)}. Or use a phone: handheld run --list, then --on android:SERIAL",
        )


class EmulatorFailed(MachineError):
    """The emulator ended before it was up. `lines` say why."""

    def __init__(self, avd: str, lines: Sequence[str], log: Path) -> None:
        said = "\n    ".join(lines)
        super().__init__(
            f"The emulator of '{avd}' ended before it was up.",
            f"it said:\n    {said}" if lines else "It said nothing.",
            f'less "{log}" shows all of it; handheld doctor says what this machine lacks',
        )


class EmulatorDiskFull(MachineError):
    """Too little space for a virtual device's data."""

    def __init__(self, avd: str, free: int, needed: int, folder: Path) -> None:
        super().__init__(
            f"The emulator of '{avd}' needs {sized(needed)} of disk space, {sized(free)} are free.",
            f"The data of virtual devices lie in {folder}.",
            f'df -h "{folder}" shows the disk; free some space, or move them: export ANDROID_AVD_HOME=/path/with/space',
        )


class NeverBooted(MachineError):
    """The emulator runs and Android in it does not come up."""

    def __init__(self, avd: str, seconds: float, step: str, log: Path) -> None:
        super().__init__(
            f"The emulator of '{avd}' was not ready after {seconds:.0f} s.",
            f"It still waited for {step}. A slow or busy machine needs longer; or the device's data are damaged.",
            f'--limit {2 * seconds:.0f} waits longer; less "{log}" shows its output; '
            f"a new device: avdmanager delete avd --name {avd}",
        )


class AvdNotMade(MachineError):
    """avdmanager made no virtual device."""

    def __init__(self, avd: str, said: str) -> None:
        super().__init__(
            f"The virtual device '{avd}' could not be made.",
            f"avdmanager said: {said}" if said else "avdmanager said nothing.",
            "avdmanager list device shows that it works; it needs Java 17 or later",
        )


class InstallRefused(AppError):
    """A device did not take the app. What to do depends on the code."""

    def __init__(self, app: str, device: str, code: str, said: str, remedy: tuple[str, str, str]) -> None:
        cause, fix, danger = remedy
        super().__init__(
            f"{device} did not take {app}: {code or said or 'adb gave no reason'}.",
            f"{cause} It said: {said}" if said and code else cause,
            fix,
            danger,
        )


def remedy(code: str, package: str, serial: str) -> tuple[str, str, str]:
    """Cause, fix and danger for a code of the package manager."""
    on = f"adb -s {serial}"
    uninstall = f"{on} uninstall {package}"
    lost = "This deletes what the app stored on the device."
    known = {
        "INSTALL_FAILED_INSUFFICIENT_STORAGE": (
            "The device has too little free space; a model needs about twice its size while it is installed.",
            f"{on} shell df -h /data shows it; free some, or wipe a virtual device: emulator -avd NAME -wipe-data",
            "Wiping deletes all that is on the virtual device.",
        ),
        "INSTALL_FAILED_UPDATE_INCOMPATIBLE": (
            "An app of the same id is installed that was signed with another key, as on another machine.",
            uninstall,
            lost,
        ),
        "INSTALL_FAILED_VERSION_DOWNGRADE": ("A later version of the app is installed.", uninstall, lost),
        "INSTALL_FAILED_OLDER_SDK": (
            "The device's Android is older than the app's minSdk.",
            f"{on} shell getprop ro.build.version.sdk shows its level; use a newer device: handheld run --list",
            "",
        ),
        "INSTALL_FAILED_NO_MATCHING_ABIS": (
            "The app holds no native code for the device's processor: it is built for arm64-v8a and x86_64.",
            f"{on} shell getprop ro.product.cpu.abilist shows the device's; use another one: handheld run --list",
            "",
        ),
        "INSTALL_FAILED_USER_RESTRICTED": (
            "The phone asked whether to install and got no, or no answer; some makers forbid it at first.",
            "Look at the phone and confirm; on Xiaomi: developer options, Install via USB",
            "",
        ),
        "INSTALL_FAILED_MISSING_SPLIT": ("The package is only a part of an app.", "handheld build --on android", ""),
        "INSTALL_FAILED_TEST_ONLY": ("The package is marked for tests.", f"{on} install -t PACKAGE", ""),
        "INSTALL_FAILED_VERIFICATION_FAILURE": (
            "The device's check of apps from elsewhere refused it.",
            "Look at the phone and confirm; or turn off 'Verify apps over USB' in its developer options",
            "",
        ),
    }
    otherwise = ("The package manager refused it.", f"{on} install -r -t PACKAGE; {on} logcat -d -s PackageManager", "")
    return known.get(code, otherwise)
