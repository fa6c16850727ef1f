"""Failures that every platform with devices knows, each with its four parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handheld.errors import AppError, InputError, MachineError
from handheld.platforms import Device


class NoDevice(MachineError):
    """Nothing to run on. `why` says what was looked for, `fix` brings a device."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix)


class SeveralDevices(InputError):
    """More than one device would do, and nobody was there to choose."""

    def __init__(self, devices: Sequence[Device]) -> None:
        shown = "\n    ".join(f"{device.target}  {device.name}" for device in devices)
        super().__init__(
            f"It is not clear which of {len(devices)} devices is meant.",
            f"these are connected and ready:\n    {shown}",
            f"--on {devices[0].target}",
        )


class UnknownDevice(InputError):
    """A device was named that is not there."""

    def __init__(self, name: str, devices: Sequence[Device]) -> None:
        shown = "\n    ".join(f"{device.target}  {device.name}" for device in devices)
        super().__init__(
            f"There is no device '{name}'.",
            f"these are known:\n    {shown}" if devices else "No device is connected, and no virtual one exists.",
            f"--on {devices[0].target}" if devices else "handheld doctor says how to get one",
        )


class DeviceHindered(MachineError):
    """A device is there and cannot be used now."""

    def __init__(self, device: Device) -> None:
        super().__init__(
            f"{device.name} cannot be used: it is {device.hindered}.",
            "It is there, and does not let this machine in.",
            device.how,
        )


class AppCrashed(AppError):
    """The app ended before it gave a result. `story` is what the log says about it."""

    def __init__(self, app: str, device: str, story: Sequence[str], log: Path) -> None:
        shown = "\n    ".join(story[:12])
        super().__init__(
            f"{app} crashed on {device} before it gave a result.",
            f"the log says:\n    {shown}",
            f'less "{log}" shows all of the log',
        )


class NoResult(AppError):
    """The app gave no result in time, or the log ended."""

    def __init__(self, app: str, device: str, how: str, lines: Sequence[str], log: Path) -> None:
        shown = "\n    ".join(lines[-6:])
        super().__init__(
            f"{app} gave no result on {device}: {how}.",
            f"the last lines of its log:\n    {shown}" if shown else "The app wrote nothing to the log.",
            f'less "{log}" shows all of it; a slow device may need more time: --limit 1800',
        )


class NotATest(AppError):
    """The instrumented tests did not say that any of them ran: silence is not a pass."""

    def __init__(self, detail: str, log: Path) -> None:
        super().__init__(
            "The instrumented tests ran no test.", detail or "They printed nothing.", f'less "{log}" shows their output'
        )
