"""The menu of this app: `nox -l` lists it, `nox -s preview` runs the app's own core and model in this terminal."""

import os
import shutil
import tomllib
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
    """Build the Android app: android/app/build/outputs/apk."""
    session.run("python", "fetch.py")
    session.chdir(project(session, "android"))
    gradle = "./gradlew" if Path("gradlew").exists() else shutil.which("gradle") or session.error(NO_GRADLE)
    session.run(gradle, *(session.posargs or ["assembleDebug"]), external=True)


@nox.session
def ios(session: nox.Session) -> None:
    """Build the iOS app for the simulator; needs a Mac with Xcode."""
    session.run("python", "fetch.py")
    session.chdir(project(session, "ios"))
    xcodebuild = shutil.which("xcodebuild") or session.error(NO_XCODE)
    scheme = next(Path().glob("*.xcodeproj")).stem
    destination = ["-destination", "generic/platform=iOS Simulator"]
    session.run(xcodebuild, "-scheme", scheme, *destination, *(session.posargs or ["build"]), external=True)


NO_GRADLE = "Neither android/gradlew nor `gradle` is there. Open android/ in Android Studio, which brings it."
NO_XCODE = "xcodebuild is missing. Install Xcode from the App Store; it runs on macOS only."


def project(session: nox.Session, platform: str) -> Path:
    """The folder of a platform's project."""
    folder = HERE / platform
    if not folder.is_dir():
        session.error(f"This app has no {platform} project; add the platform to app.toml and render it again.")
    return folder
