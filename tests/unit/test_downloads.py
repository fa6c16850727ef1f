"""Packages on their way into the cache: real packages, real pip, real servers, real failures."""

from __future__ import annotations

import io
import os
import sys
import threading
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.errors import (
    CacheReadOnly,
    HashMismatch,
    NoNetwork,
    NoPip,
    NotOnIndex,
    PipFailed,
)
from handheld.progress import PlainProgress
from helpers.cache import files_below, offline_index, online_index, tools_in
from helpers.fetching import assert_clean, fetch, index
from helpers.packages import Package, make_sdist, make_wheel
from helpers.servers import index_of, serving

# One archive.


def test_an_archive_is_downloaded_once(tmp_path: Path, links: Path, wheel: Package) -> None:
    path = fetch(offline_index(tmp_path, links), wheel)
    assert path.read_bytes() == wheel.path.read_bytes()
    assert files_below(tmp_path / "cache") == [f"archives/{wheel.sha256}/{wheel.path.name}"]
    assert fetch(tools_in(tmp_path), wheel) == path


def test_a_damaged_archive_is_downloaded_again(tmp_path: Path, links: Path, wheel: Package) -> None:
    path = fetch(offline_index(tmp_path, links), wheel)
    path.write_bytes(b"damage")
    assert fetch(offline_index(tmp_path, links), wheel).read_bytes() == wheel.path.read_bytes()
    path.write_bytes(b"damage")
    with pytest.raises(NotOnIndex):
        fetch(tools_in(tmp_path), wheel)
    assert_clean(tools_in(tmp_path))


def test_the_index_of_the_person_is_used(tmp_path: Path, wheel: Package) -> None:
    with index(wheel) as (url, asked):
        assert fetch(online_index(tmp_path, url), wheel).exists()
    assert asked[0] == "GET /simple/tinymodel/"


def test_another_hash(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    with pytest.raises(HashMismatch) as caught:
        fetch(tools, replace(wheel, sha256="0" * 64))
    assert wheel.sha256 in caught.value.what
    assert "0" * 64 in caught.value.what
    assert caught.value.exit_code == 4
    assert caught.value.danger
    assert_clean(tools)


def test_a_package_that_is_not_there(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    with pytest.raises(NotOnIndex) as caught:
        fetch(tools, replace(wheel, requirement="tinymodel==2.0"))
    assert "tinymodel==2.0" in caught.value.what
    assert caught.value.exit_code == 3
    with index(wheel) as (url, _), pytest.raises(NotOnIndex):
        fetch(online_index(tmp_path, url), replace(wheel, requirement="othermodel==1.0"))
    assert_clean(tools)


def test_no_wheel_where_a_wheel_is_wanted(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {})
    with pytest.raises(NotOnIndex):
        fetch(offline_index(tmp_path, links), package, "wheel")


def test_no_network(tmp_path: Path, wheel: Package) -> None:
    tools = online_index(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(NoNetwork, match="could not begin") as caught:
        fetch(tools, wheel)
    assert caught.value.exit_code == 3
    assert "pip config list" in caught.value.fix
    assert "download --no-deps" in caught.value.fix
    assert_clean(tools)


def test_a_name_that_no_server_has(tmp_path: Path, wheel: Package) -> None:
    tools = online_index(tmp_path, "https://index.invalid", no_proxy="*", NO_PROXY="*")
    with pytest.raises(NoNetwork, match="could not begin"):
        fetch(tools, wheel)


def test_a_cut_download_can_be_tried_again(tmp_path: Path, wheel: Package) -> None:
    answers = index_of(wheel.path)
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        answers.cut, answers.slow = wheel.bytes // 3, threading.Event()
        # Held back a moment, as a line that breaks does.
        threading.Timer(0.5, answers.slow.set).start()
        with pytest.raises(NoNetwork, match="was cut") as caught:
            fetch(tools, wheel)
        assert "same command again" in caught.value.fix
        assert_clean(tools)
        answers.cut = None
        assert fetch(tools, wheel).read_bytes() == wheel.path.read_bytes()


def test_a_server_that_fails(tmp_path: Path, wheel: Package) -> None:
    answers = index_of(wheel.path)
    answers.statuses[f"/files/{wheel.path.name}"] = 500
    with serving(answers), pytest.raises((NotOnIndex, PipFailed, NoNetwork)) as caught:
        fetch(online_index(tmp_path, answers.url), wheel)
    assert caught.value.exit_code == 3
    assert_clean(tools_in(tmp_path))


def test_no_pip(tmp_path: Path, wheel: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(NoPip) as caught:
        fetch(tools_in(tmp_path), wheel)
    assert caught.value.fix == f"{python} -m ensurepip --upgrade"


def test_a_cache_that_cannot_be_written(tmp_path: Path, wheel: Package) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(CacheReadOnly):
        fetch(tools_in(tmp_path), wheel)


def test_settings_of_pip_that_would_be_in_the_way(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    tools = replace(tools, environ={**tools.environ, "PIP_REQUIRE_VIRTUALENV": "1", "PIP_NO_BINARY": ":all:"})
    assert fetch(tools, wheel).exists()


# Source archives.


def test_a_source_archive_from_a_folder(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"a.c": b"a"})
    assert fetch(offline_index(tmp_path, links), package, "sdist").read_bytes() == package.path.read_bytes()


def test_a_source_archive_is_taken_without_running_it(tmp_path: Path, links: Path) -> None:
    ran = tmp_path / "ran"
    backend = f"import pathlib, time\ntime.sleep(60)\npathlib.Path({str(ran)!r}).touch()\n".encode()
    package = make_sdist(links, "lib", "1", {"backend.py": backend, "blob": os.urandom(1 << 20)})
    with serving(index_of(package.path)) as answers:
        path = fetch(online_index(tmp_path, answers.url), package, "sdist", package.bytes)
    assert path.read_bytes() == package.path.read_bytes()
    assert not ran.exists(), "it was waited for until its end"


def test_a_source_archive_whose_backend_fails_is_taken(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"backend.py": b"raise SystemExit(1)\n"})
    with serving(index_of(package.path)) as answers:
        path = fetch(online_index(tmp_path, answers.url), package, "sdist", package.bytes)
    assert path.read_bytes() == package.path.read_bytes()


def test_a_source_archive_with_another_hash(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"blob": os.urandom(1 << 16)})
    with serving(index_of(package.path)) as answers:
        tools = online_index(tmp_path, answers.url)
        with pytest.raises(HashMismatch):
            fetch(tools, replace(package, sha256="1" * 64), "sdist", package.bytes)
    assert_clean(tools)


def test_the_progress_is_told(tmp_path: Path, links: Path) -> None:
    package = make_wheel(links, "big", "1", {"big/blob": os.urandom(4_000_000)})
    gate = threading.Event()
    answers = index_of(package.path)
    answers.slow = gate
    stream = Lines(gate)
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        tools.fetch_pypi(package.requirement, package.sha256, "wheel", PlainProgress(stream), None)
    # Less than half of the file was there when the gate opened; the size is known from pip's own words.
    assert stream.getvalue().splitlines()[:2] in (
        ["Downloading big==1 ...", "Downloading big==1 25 %"],
        ["Downloading big==1 ...", "Downloading big==1 50 %"],
    )


class Lines(io.StringIO):
    """A text stream that opens a gate when the first quarter is reported."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self.gate = gate

    def write(self, text: str) -> int:
        if "%" in text:
            self.gate.set()
        return super().write(text)
