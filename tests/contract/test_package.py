"""A built package holds all that a checkout does, and makes the same apps outside of the repository."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from handheld.tools import Tools
from helpers.apps import tree_of
from helpers.lanes import need

FOLDERS = ("generator/handheld", "native", "templates", "android-template", "ios-template")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel made of it as a package index's users would."""
    folder = tmp_path_factory.mktemp("dist")
    repository = Path(__file__).resolve().parents[2]

    def build(kind: str, source: Path) -> Path:
        command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return next(folder.glob("*.whl" if kind == "wheel" else "*.tar.gz"))

    sdist = build("sdist", repository)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    return sdist, build("wheel", next((folder / "source").iterdir()))


def kept(repository: Path, own_tools: Tools) -> dict[str, Path]:
    """What git keeps of the packaged folders."""
    need(own_tools.find("git") and (repository / ".git").exists(), "a git checkout", "git clone")
    done = own_tools.run(["git", "ls-files", "-z", *FOLDERS], cwd=repository)
    return {name: repository / name for name in done.stdout.split("\0") if name and (repository / name).exists()}


def test_the_sdist_holds_everything(packages: tuple[Path, Path], repository: Path, own_tools: Tools) -> None:
    with tarfile.open(packages[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", *kept(repository, own_tools)} <= names


def test_the_wheel_holds_everything(packages: tuple[Path, Path], repository: Path, own_tools: Tools) -> None:
    with zipfile.ZipFile(packages[1]) as wheel:
        held = {info.filename: wheel.read(info) for info in wheel.infolist()}
    missing, different = [], []
    for name, path in kept(repository, own_tools).items():
        if name.startswith("native/tests/"):
            assert f"handheld/_data/{name}" not in held
            continue
        inner = name.removeprefix("generator/") if name.startswith("generator/") else f"handheld/_data/{name}"
        if inner not in held:
            missing.append(name)
        elif held[inner] != path.read_bytes():
            different.append(name)
    assert (missing, different) == ([], [])
    assert {"handheld/_data/LICENSE", "handheld/_data/docs/generated/proof.json", "handheld/py.typed"} <= set(held)
    assert not [name for name in held if "__pycache__" in name]


def test_the_wheel_makes_the_same_app(packages: tuple[Path, Path], tmp_path: Path, own_tools: Tools) -> None:
    with zipfile.ZipFile(packages[1]) as wheel:
        wheel.extractall(tmp_path / "site")  # noqa: S202 - made a moment ago
    environ = {**own_tools.environ, "HANDHELD_CACHE": str(own_tools.cache)}

    def make(name: str, package: Path) -> dict[str, bytes]:
        command = [sys.executable, "-m", "handheld", "new", "Parrot", "--model", "echo", "-C", str(tmp_path / name)]
        where = {**environ, "PYTHONPATH": str(package)}
        done = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return {path: content for path, (_, content) in tree_of(tmp_path / name).items() if path != "app.lock.toml"}

    repository = Path(__file__).resolve().parents[2]
    assert make("wheel", tmp_path / "site") == make("checkout", repository / "generator")
