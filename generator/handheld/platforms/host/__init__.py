"""This machine: the app's own core, task and model, without a phone."""

from __future__ import annotations

from handheld.platforms import Platform

TARGETS = {"host": "this machine"}
LANES = {"host": "run apps on this machine"}


def load() -> Platform:
    """The platform."""
    from handheld.platforms.host import platform  # noqa: PLC0415 - the package itself is cheap

    return platform
