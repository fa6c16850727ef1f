"""iPhones and their simulator: Xcode on a Mac."""

from __future__ import annotations

from handheld.platforms import Platform

SIMULATOR, DEVICE = "ios-simulator", "ios-device"
TARGETS = {SIMULATOR: "an iPhone simulator", DEVICE: "an iPhone"}
LANE = "ios"
LANES = {LANE: "build and run the iOS app"}


def load() -> Platform:
    """The platform."""
    from handheld.platforms.ios import platform  # noqa: PLC0415 - the package itself is cheap

    return platform
