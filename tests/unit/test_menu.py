"""The menu of an app brings the Gradle that its project pins, by its hash, without Handheld and without a wrapper."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from handheld.render import render_app
from helpers.apps import made_up_files, plan_of

PROPERTIES = "android/gradle/wrapper/gradle-wrapper.properties"
PROGRAM = '#!/bin/sh\necho "$0 $@" > ran.txt\n'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    plan = plan_of(tmp_path / "app")
    return render_app(plan, made_up_files(plan, tmp_path / "files")).directory


@pytest.fixture
def archive(tmp_path: Path, app: Path) -> Path:
    """What the app's project pins now: an archive on this disk."""
    path = tmp_path / "gradle-1-bin.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("gradle-1/bin/gradle", PROGRAM)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    pinned = f"distributionSha256Sum={digest}\ndistributionUrl=file\\://{path}\n"
    (app / PROPERTIES).write_text(pinned, encoding="utf-8")
    return path


def android(app: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the session without an environment of its own."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "GRADLE_USER_HOME": str(app.parent / "home")}
    command = [sys.executable, "-m", "nox", "--no-venv", "-s", "android", *arguments]
    return subprocess.run(command, cwd=app, env=environ, capture_output=True, text=True, check=False)


def ran(app: Path) -> str:
    """The program and what it was told; once."""
    path = app / "android/ran.txt"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


def test_gradle_is_fetched_once(app: Path, archive: Path) -> None:
    done = android(app)
    assert done.returncode == 0, done.stderr
    assert ran(app).endswith("/gradle-1/bin/gradle assembleDebug\n")
    archive.unlink()
    assert android(app, "--", "lint", "test").returncode == 0
    assert ran(app).endswith("/gradle-1/bin/gradle lint test\n")


def test_another_archive_than_the_pinned_one_is_refused(app: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("gradle-1/more", "")
    done = android(app)
    assert done.returncode == 1
    assert "its sha256 is another" in done.stderr
    assert not (app / "android/ran.txt").exists()
    assert list((app.parent / "home/pinned").iterdir()) == []


@pytest.mark.usefixtures("archive")
def test_the_project_s_own_wrapper_comes_first(app: Path) -> None:
    wrapper = app / "android/gradlew"
    wrapper.write_text(PROGRAM, encoding="utf-8")
    wrapper.chmod(0o755)
    assert android(app).returncode == 0
    assert ran(app) == f"{wrapper} assembleDebug\n"
