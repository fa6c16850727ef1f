"""The requirement that brings this very Handheld back, for every way in which it may have been installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handheld import __version__, pin
from handheld.pin import install_requirement

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package's notes, found before any other."""
    folder = tmp_path / f"handheld-{__version__}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: handheld\nVersion: {__version__}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def from_(installed: Path, **note: object) -> str:
    (installed / "direct_url.json").write_text(json.dumps(note))
    return install_requirement()


def checkout(folder: Path) -> Path:
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    return folder


def test_from_a_repository(installed: Path) -> None:
    info = {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}
    said = from_(installed, url="https://git.example.com/handheld.git", vcs_info=info)
    assert said == f"handheld @ git+https://git.example.com/handheld.git@{COMMIT}"


def test_from_a_wheel(installed: Path) -> None:
    url = "file:///somewhere/handheld-0.1.0-py3-none-any.whl"
    assert from_(installed, url=url, archive_info={}) == f"handheld @ {url}"


def test_from_a_checkout(installed: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "check out")
    said = from_(installed, url=folder.as_uri(), dir_info={"editable": True})
    assert said == f"handheld @ git+{folder.as_uri()}@{COMMIT}"


def test_from_a_folder_that_is_no_checkout(installed: Path, tmp_path: Path) -> None:
    assert from_(installed, url=tmp_path.as_uri(), dir_info={}) == f"handheld=={__version__}"


def test_where_a_checkout_is_at(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "a")
    assert pin._commit(folder) == COMMIT
    branch = folder / ".git" / "refs" / "heads" / "main"
    branch.unlink()
    (folder / ".git" / "packed-refs").write_text(
        f"# pack-refs\n{'9' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n"
    )
    assert pin._commit(folder) == COMMIT
    (folder / ".git" / "HEAD").write_text("8" * 40 + "\n")
    assert pin._commit(folder) == "8" * 40
    assert pin._commit(tmp_path) is None
