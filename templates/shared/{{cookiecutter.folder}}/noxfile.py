"""The menu of this app: `nox -l` lists it, `nox -s preview` runs the app's own core and model in this terminal."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import nox

nox.options.sessions = ["preview"]
nox.options.reuse_venv = "yes"

HERE = Path(__file__).parent
LOCK = tomllib.loads((HERE / "app.lock.toml").read_text(encoding="utf-8"))
# The Handheld that made this app. A wheel or a checkout that lies elsewhere now: HANDHELD_INSTALL=/path/to/it nox
HANDHELD = os.environ.get("HANDHELD_INSTALL", LOCK["handheld"]["install"])


@nox.session
def preview(session: nox.Session) -> None:
    """Talk to the app's model in this terminal; a prompt may follow: nox -s preview -- "Hello!"."""
    session.install(HANDHELD)
    session.run("python", "fetch.py")
    session.run("handheld", "run", str(HERE), "--on", "host", *session.posargs, success_codes=[0, 130])


@nox.session
def test(session: nox.Session) -> None:
    """Run every task's golden case on this machine."""
    session.install(HANDHELD)
    session.run("python", "fetch.py")
    session.run("handheld", "run", str(HERE), "--on", "host", "--golden")


@nox.session
def android(session: nox.Session) -> None:
    """Build the Android app (android/app/build/outputs/apk), or run tasks of Gradle: nox -s android -- lint test."""
    session.run("python", "fetch.py")
    session.chdir(project(session, "android"))
    session.run(gradle(session), *(session.posargs or ["assembleDebug"]), external=True)


@nox.session
def ios(session: nox.Session) -> None:
    """Build the iOS app for the simulator, or test it there: nox -s ios -- test. Needs a Mac with Xcode."""
    session.run("python", "fetch.py")
    session.chdir(project(session, "ios"))
    xcodebuild = shutil.which("xcodebuild") or session.error(NO_XCODE)
    scheme = next(Path().glob("*.xcodeproj")).stem
    actions = session.posargs or ["build"]
    where = f"id={simulator(session)}" if "test" in actions else "generic/platform=iOS Simulator"
    shutil.rmtree("build/reports", ignore_errors=True)
    report = ["-resultBundlePath", f"build/reports/{scheme}.xcresult"]
    session.run(xcodebuild, "-scheme", scheme, "-destination", where, *report, *actions, external=True)


NO_SIMULATOR = "Xcode has no iPhone simulator. Get one: xcodebuild -downloadPlatform iOS"
NO_XCODE = "xcodebuild is missing. Install Xcode from the App Store; it runs on macOS only."


def gradle(session: nox.Session) -> str:
    """The project's own wrapper if it has one, else Gradle as the project pins it: fetched once, checked by its hash."""
    if Path("gradlew").is_file():
        return str(Path("gradlew").resolve())
    lines = Path("gradle/wrapper/gradle-wrapper.properties").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("=", 1) for line in lines if "=" in line)
    address, digest = pinned["distributionUrl"].replace("\\", ""), pinned["distributionSha256Sum"]
    home = Path(os.environ.get("GRADLE_USER_HOME") or Path.home() / ".gradle") / "pinned"
    if not (home / digest).is_dir():
        session.log(f"Fetching {address}")
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as scratch:
            archive = Path(scratch) / "gradle.zip"
            with urllib.request.urlopen(address) as answer, archive.open("wb") as file:
                shutil.copyfileobj(answer, file)
            if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
                session.error(f"{address} is not what gradle-wrapper.properties names: its sha256 is another.")
            with zipfile.ZipFile(archive) as content:
                content.extractall(Path(scratch) / "tree")
            (Path(scratch) / "tree").rename(home / digest)
    program = next((home / digest).glob("*/bin/gradle.bat" if os.name == "nt" else "*/bin/gradle"))
    program.chmod(0o755)
    return str(program)


def simulator(session: nox.Session) -> str:
    """An iPhone of the newest system that Xcode has."""
    said = session.run("xcrun", "simctl", "list", "devices", "available", "-j", external=True, silent=True)
    phones = [
        ([int(number) for number in re.findall(r"\d+", runtime)], device["udid"])
        for runtime, devices in json.loads(said)["devices"].items()
        for device in devices
        if "iOS" in runtime and device["name"].startswith("iPhone")
    ]
    return max(phones)[1] if phones else session.error(NO_SIMULATOR)


def project(session: nox.Session, platform: str) -> Path:
    """The folder of a platform's project."""
    folder = HERE / platform
    if not folder.is_dir():
        session.error(f"This app has no {platform} project; add the platform to app.toml and render it again.")
    return folder
