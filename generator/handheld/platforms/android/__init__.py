"""Android phones and emulators: the SDK, Gradle, adb."""

from __future__ import annotations

from handheld.platforms import Platform

TARGETS = {"android": "an Android phone or emulator"}
LANES = {
    "android": "build the Android app",
    "android-device": "run it on an Android phone",
    "android-emulator": "run it on an Android emulator",
}


def load() -> Platform:
    """The platform."""
    from handheld.platforms.android import platform  # noqa: PLC0415 - the package itself is cheap

    return platform
