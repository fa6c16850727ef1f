"""What Xcode's programs say, read into values. Pure: each function takes the text of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RUNTIME = re.compile(r"com\.apple\.CoreSimulator\.SimRuntime\.iOS-(\d+(?:-\d+)*)")
ERROR = re.compile(r"\berror: |^Testing failed:|^\t?The following build commands failed:")
CRASH = re.compile(
    r"Fatal error:|Terminating app due to uncaught exception|libc\+\+abi: terminating|Assertion failed:"
    r"|dyld\[\d+\]: |: Precondition failed|terminated due to signal|EXC_[A-Z_]+"
)
Version = tuple[int, ...]


class Unexpected(Exception):
    """An answer is not what such a program says."""


@dataclass(frozen=True, slots=True)
class Xcode:
    """`version` as numbers, such as (26, 1); `build` such as "17B55"."""

    version: Version
    build: str

    @property
    def text(self) -> str:
        """The version as it is written."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True)
class Runtime:
    """A version of iOS that simulators can have. `kinds` are the iPhones it can be: identifier and name."""

    identifier: str
    version: Version
    kinds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Simulator:
    """One simulator that can be used. `version` is that of its iOS."""

    identifier: str
    name: str
    version: Version
    booted: bool
    phone: bool

    @property
    def title(self) -> str:
        """Name and iOS, for people."""
        return f"{self.name}, iOS {'.'.join(map(str, self.version))}"


@dataclass(frozen=True, slots=True)
class Simulators:
    """All that can be used on a machine."""

    runtimes: tuple[Runtime, ...]
    devices: tuple[Simulator, ...]


@dataclass(frozen=True, slots=True)
class Phone:
    """A real device. `identifier` is for devicectl, `udid` for xcodebuild; `hindered` says why it cannot be used."""

    identifier: str
    udid: str
    name: str
    model: str
    version: str
    hindered: str


@dataclass(frozen=True, slots=True)
class TestCounts:
    """How the tests went. `failures` are sentences."""

    total: int
    failed: int
    failures: tuple[str, ...]


def parse_xcode(text: str) -> Xcode:
    """Read `xcodebuild -version`.

    Raises:
        Unexpected: it says no version.
    """
    found = re.search(r"^Xcode (\d+(?:\.\d+)*)\s+Build version (\w+)", text, re.MULTILINE)
    if found is None:
        raise Unexpected(text)
    return Xcode(parse_version(found[1]), found[2])


def parse_version(text: str) -> Version:
    """Numbers separated by dots or hyphens."""
    return tuple(int(part) for part in re.split("[.-]", text))


def parse_simulators(text: str, minimum: Version) -> Simulators:
    """Read `simctl list -j`: what is usable and has at least the iOS `minimum`.

    Raises:
        Unexpected: it is no such list.
    """
    listed = _object(text)
    runtimes = [
        Runtime(str(row["identifier"]), parse_version(str(row["version"])), tuple(_phone_kinds(row)))
        for row in _rows(listed.get("runtimes"))
        if row.get("isAvailable") and RUNTIME.fullmatch(str(row.get("identifier")))
    ]
    phones = {kind for runtime in runtimes for kind, _ in runtime.kinds}
    devices = listed.get("devices")
    if not isinstance(devices, Mapping):
        raise Unexpected(text)
    found = [
        Simulator(
            identifier=str(row["udid"]),
            name=str(row["name"]),
            version=version,
            booted=row.get("state") == "Booted",
            phone=row.get("deviceTypeIdentifier") in phones or str(row["name"]).startswith("iPhone"),
        )
        for version, row in _listed_devices(devices)
        if row.get("isAvailable") and version >= minimum
    ]
    return Simulators(
        tuple(sorted((r for r in runtimes if r.version >= minimum), key=lambda r: r.version)),
        tuple(sorted(found, key=lambda device: (device.version, device.name))),
    )


def _listed_devices(devices: Mapping[str, Any]) -> Iterator[tuple[Version, Mapping[str, Any]]]:
    for runtime, rows in devices.items():
        if matched := RUNTIME.fullmatch(runtime):
            for row in _rows(rows):
                yield parse_version(matched[1]), row


def _phone_kinds(runtime: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for row in _rows(runtime.get("supportedDeviceTypes")):
        if row.get("productFamily") == "iPhone":
            yield str(row["identifier"]), str(row["name"])


def parse_phones(text: str) -> tuple[Phone, ...]:
    """Read what `devicectl list devices --json-output` wrote: iPhones and iPads, also those that cannot be used now.

    Xcode 27 lists simulators too, and old phones come without any property: both are left out.

    Raises:
        Unexpected: it is no such list.
    """
    result = _object(text).get("result")
    if not isinstance(result, Mapping):
        raise Unexpected(text)
    return tuple(phone for row in _rows(result.get("devices")) for phone in _phones(row))


def _phones(row: Mapping[str, Any]) -> Iterator[Phone]:
    hardware, device, connection = (
        row.get(name) or {} for name in ("hardwareProperties", "deviceProperties", "connectionProperties")
    )
    if hardware.get("platform") != "iOS" or hardware.get("reality", "physical") != "physical":
        return
    yield Phone(
        identifier=str(row["identifier"]),
        udid=str(hardware.get("udid", row["identifier"])),
        name=str(device.get("name", hardware.get("marketingName", ""))),
        model=str(hardware.get("marketingName", "")),
        version=str(device.get("osVersionNumber", "")),
        hindered=_hindrance(device, connection),
    )


def _hindrance(device: Mapping[str, Any], connection: Mapping[str, Any]) -> str:
    if connection.get("pairingState") != "paired":
        return "not paired with this Mac"
    # "disconnected" is fine: the connection is made when something is asked of the phone.
    if connection.get("tunnelState", "unavailable") == "unavailable":
        return "not reachable"
    if device.get("developerModeStatus", "enabled") != "enabled":
        return "without Developer Mode"
    return ""


def parse_tests(text: str) -> TestCounts:
    """Read `xcresulttool get test-results summary`.

    Raises:
        Unexpected: it has no counts.
    """
    summary = _object(text)
    total, failed = summary.get("totalTestCount"), summary.get("failedTests")
    if not isinstance(total, int) or not isinstance(failed, int):
        raise Unexpected(text)
    failures = tuple(
        f"{row.get('testIdentifierString') or row.get('testName')}: {row.get('failureText', '')}"
        for row in _rows(summary.get("testFailures"))
    )
    return TestCounts(total, failed, failures)


def build_errors(output: str) -> tuple[str, ...]:
    """The lines of a build's output that say why it failed, each once."""
    return tuple(dict.fromkeys(line.strip() for line in output.splitlines() if ERROR.search(line)))


def crash_line(line: str) -> str | None:
    """The line when it tells of a crash, else None."""
    return line if CRASH.search(line) else None


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unexpected(text) from error
    if not isinstance(value, Mapping):
        raise Unexpected(text)
    return value


def _rows(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, Mapping))
