"""Brings what is missing, after asking once: parts of the SDK by sdkmanager, Gradle by its address and hash."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from handheld.errors import DiskFull, HandheldError, NoNetwork, sized
from handheld.facts import existing_parent
from handheld.platforms import Consent
from handheld.platforms.android import argv, facts
from handheld.platforms.android.errors import (
    LICENCE_PAGE,
    HalfInstalled,
    InstallationFailed,
    NoSdkManager,
    SdkIncomplete,
)
from handheld.platforms.android.facts import Needs, Package
from handheld.progress import Progress
from handheld.store import put, staged
from handheld.tools import Tools, python
from handheld.urls import fetch_url

SDKMANAGER = "sdkmanager==0.7.2"
"""On the package index: fetches parts of the SDK and checks them against signed checksums. Linux only."""
NO_NETWORK = re.compile(r"Failed to resolve|ConnectionError|UnknownHostException|Connection refused|timed out")
HOME = "ANDROID_HOME"
AGAIN = "handheld {command} --on android --yes (in the app's folder) installs them"


def ensure(
    packages: Sequence[Package], consent: Consent, tools: Tools, progress: Progress, command: str = "build"
) -> None:
    """Install those of `packages` that are missing, after asking once.

    Raises:
        MachineError: nobody agreed, too little space, or sdkmanager failed.
    """
    root = facts.sdk_root(tools.environ)
    lacking = facts.missing(root, packages)
    if not lacking:
        return
    names = [package.name for package in lacking]
    manager = facts.program("sdkmanager", tools)
    if manager is None and sys.platform != "linux":
        raise NoSdkManager(root, names)
    place = existing_parent(root)
    if not consent(question(lacking, root, free=shutil.disk_usage(place).free, manager=manager is not None)):
        fix = AGAIN.format(command=command)
        raise SdkIncomplete(root, names, fix)
    needed = sum(package.disk + package.download for package in lacking)
    if shutil.disk_usage(place).free < needed:
        raise DiskFull("the Android SDK", root, needed, HOME)
    root.mkdir(parents=True, exist_ok=True)
    manager = manager or _bring_sdkmanager(tools, progress)
    _accept(manager, root, tools)
    for package in lacking:
        _install(manager, root, package, tools, progress)


def question(packages: Sequence[Package], root: Path, *, free: int, manager: bool) -> str:
    """What is asked: what is missing, how large it is, where it goes, whose licence it has."""
    width = max(len(package.name) for package in packages)
    rows = [f"  {package.name.ljust(width)}  about {_about(package.download)}" for package in packages]
    download, disk = sum(p.download for p in packages), sum(p.disk for p in packages)
    brings = "" if manager else "They are fetched by `sdkmanager` of the Python package index, which comes first.\n"
    return (
        "Android needs what is not on this machine yet:\n"
        + "\n".join(rows)
        + f"\n{brings}They go to {root} ({_about(free)} are free there):\n"
        + f"about {_about(download)} to download, {_about(disk)} on the disk.\n"
        + f"Installing them accepts Google's licence of the SDK: {LICENCE_PAGE}\n"
        + "Install them?"
    )


def _about(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count // facts.MB} MB"


def _bring_sdkmanager(tools: Tools, progress: Progress) -> Path:
    """Into an environment of its own in the cache: no other package has to agree with it."""
    folder = tools.cache / "android" / SDKMANAGER.replace("==", "-")
    program = folder / "bin" / "sdkmanager"
    tools.require("gpgv", "sudo apt install gpgv")  # with it sdkmanager checks the list of checksums
    with tools.lock("sdkmanager", progress), progress.task("Fetching sdkmanager", unit="steps") as handle:
        if not program.is_file():
            tools.run([python(), "-m", "venv", "--clear", folder], timeout=300)
            handle.update(1, 2)
            tools.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", SDKMANAGER], timeout=600)
        handle.update(2, 2)
    return program


def _accept(manager: Path, root: Path, tools: Tools) -> None:
    """Say yes to each question: the person has, to the one that was asked."""
    if facts.licence_accepted(root):
        return
    command = argv.accept_licences(manager, root)
    done = tools.run(command, stdin="y\n" * 20, timeout=600, check=False, env=_home(root))
    if not facts.licence_accepted(root):
        raise _trouble("the Android SDK", done.stdout + done.stderr, command)


def _install(manager: Path, root: Path, package: Package, tools: Tools, progress: Progress) -> None:
    if package.folder(root).exists():
        raise HalfInstalled(package.name, package.folder(root))
    command = argv.install_packages(manager, root, package.name)
    begin = tools.clock()
    with progress.task(f"Installing {package.name} ({sized(package.download)})", unit="s") as handle:

        def tick() -> bool:
            handle.update(int(tools.clock() - begin))
            return False

        try:
            done = tools.stream(command, lambda _: None, check=False, on_tick=tick, env=_home(root))
            if not package.present(root):
                if "No space left on device" in done.stdout:
                    raise DiskFull(package.name, root, package.download + package.disk, HOME)
                raise _trouble(package.name, done.stdout, command)
        finally:
            # What sdkmanager has half unpacked, it takes for installed the next time.
            if not package.present(root):
                shutil.rmtree(package.folder(root), ignore_errors=True)


def _trouble(what: str, text: str, command: argv.Argv) -> HandheldError:
    """Why sdkmanager failed. Its traces are cut: the last line says it."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith((" ", "Traceback"))]
    by_hand = " ".join(map(str, command))
    if network := next((line for line in lines if NO_NETWORK.search(line)), ""):
        return NoNetwork(what, network.rpartition("Caused by ")[2].strip(" ()"), by_hand)
    return InstallationFailed(what, lines[-4:], by_hand)


def _home(root: Path) -> dict[str, str]:
    return {HOME: str(root), "ANDROID_SDK_ROOT": str(root)}


# Gradle.


def gradle(project: Path, needs: Needs, tools: Tools, progress: Progress) -> Path:
    """The program that builds: the project's own wrapper, what the wrapper brought earlier, else it is fetched.

    Raises:
        MachineError: no network, disk full.
        FileError: the archive's hash is another one.
    """
    wrapper = project / "gradlew"
    if wrapper.is_file():
        return wrapper
    found = wrapper_gradle(needs, tools)
    return found or _fetched_gradle(needs, tools, progress)


def wrapper_gradle(needs: Needs, tools: Tools) -> Path | None:
    """What Android Studio or a wrapper has unpacked: <home>/wrapper/dists/<name>/<hash of the address>/."""
    home = Path(tools.environ.get("GRADLE_USER_HOME") or Path(tools.environ.get("HOME") or Path.home()) / ".gradle")
    folder = home / "wrapper" / "dists" / needs.gradle / _base36(hashlib.md5(needs.gradle_url.encode()).digest())
    if not (folder / f"{needs.gradle}.zip.ok").is_file():
        return None
    return next(iter(folder.glob("*/bin/gradle")), None)


def _base36(digest: bytes) -> str:
    number, text = int.from_bytes(digest), ""
    while number:
        number, rest = divmod(number, 36)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + text
    return text or "0"


def _fetched_gradle(needs: Needs, tools: Tools, progress: Progress) -> Path:
    target = tools.cache / "android" / f"gradle-{needs.gradle_sha256[:16]}"
    if not target.is_dir():
        archive = fetch_url(needs.gradle_url, needs.gradle_sha256, needs.gradle, tools, progress)
        with tools.lock(target.name, progress), staged(tools.cache, target.name, needs.gradle) as work:
            if not target.is_dir():
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(work / "tree")
                put(work / "tree", target)
    program = next(target.glob("*/bin/gradle"))
    program.chmod(0o755)
    return program
