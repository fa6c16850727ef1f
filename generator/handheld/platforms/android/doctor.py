"""What doctor says of Android: for each lane what there is, and the command that brings the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handheld.errors import HandheldError
from handheld.facts import TOOLS, Tool
from handheld.platforms import Finding
from handheld.platforms.android import facts, gradle, install
from handheld.platforms.android.errors import acceleration_fix
from handheld.platforms.android.facts import Needs, Package
from handheld.resources import root as resources
from handheld.tools import Tools

BUILD, DEVICE, EMULATOR = "android", "android-device", "android-emulator"
PURPOSES = {
    "platforms": "what the app is compiled against",
    "build-tools": "packages and signs",
    "ndk": "compiles the core for phones",
    "cmake": "configures the core's build",
    "platform-tools": "adb: talks to devices",
    "emulator": "runs virtual devices",
    "cmdline-tools": "avdmanager: makes virtual devices",
    "system-images": "Android itself, as it runs in a virtual device",
}


def check(tools: Tools, found: Mapping[str, Tool | None], system: str) -> tuple[Finding, ...]:
    """All findings. For what a new app would ask for; an app that was made earlier may want other versions."""
    sdk = facts.sdk_root(tools.environ)
    needs = facts.needs_of_template(resources() / "android-template" / "facts.toml")
    builds = [package for package in facts.build_packages(needs) if package != facts.PLATFORM_TOOLS]
    # Who has a virtual device needs nothing to make one.
    virtual = [facts.EMULATOR] if facts.avds(tools.environ) else [*facts.emulator_packages()]
    virtual = [package for package in virtual if package != facts.PLATFORM_TOOLS]
    return (
        _java(tools, system),
        *(_package(BUILD, package, sdk, "build") for package in builds),
        _gradle(needs, tools),
        _adb(tools, found, sdk),
        *(_package(EMULATOR, package, sdk, "run") for package in virtual),
        _acceleration(tools),
    )


def _java(tools: Tools, system: str) -> Finding:
    fix = TOOLS["java"].fixes.get(system, "Install a JDK, 17 or later")
    try:
        version = gradle.check_java(tools)
    except HandheldError as error:
        return Finding(BUILD, "java", "", TOOLS["java"].purpose, error.fix or fix)
    where = facts.java(tools)
    return Finding(BUILD, "java", f"{where.path if where else ''} ({version})", TOOLS["java"].purpose, fix)


def _package(lane: str, package: Package, sdk: Path, command: str) -> Finding:
    there = not facts.missing(sdk, [package])
    purpose = PURPOSES[package.name.partition(";")[0]]
    where = str(package.folder(sdk)) if package.present(sdk) else f"a later one in {sdk}"
    fix = f"handheld {command} --on android, in an app's folder, installs it after asking"
    return Finding(lane, package.name, where if there else "", purpose, fix)


def _gradle(needs: Needs, tools: Tools) -> Finding:
    found = install.wrapper_gradle(needs, tools)
    where = str(found) if found else "comes with the first build"
    return Finding(BUILD, needs.gradle, where, "builds the app", "")


def _adb(tools: Tools, found: Mapping[str, Tool | None], sdk: Path) -> Finding:
    kind, path = TOOLS["adb"], facts.program("adb", tools)
    known = found.get("adb")
    version = f" ({known.version})" if known and known.version and known.path == path else ""
    fix = f"handheld build --on android brings it to {sdk}; or: sudo apt install adb"
    return Finding(DEVICE, "adb", f"{path}{version}" if path else "", kind.purpose, fix)


def _acceleration(tools: Tools) -> Finding:
    why = facts.acceleration_hindered(tools.environ)
    fix = f"{why}: {acceleration_fix(why)}"
    return Finding(EMULATOR, "acceleration", "" if why else "usable", "an emulator without it takes hours", fix)
