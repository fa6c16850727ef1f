"""What phones need of the outside beyond other stages: downloads by address, and processes beside what is done."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from handheld.errors import HashMismatch, NoNetwork
from handheld.progress import SilentProgress
from handheld.tools import Tools, open_tools
from handheld.urls import fetch_url
from helpers.servers import Answers, serving

CONTENT = b"a distribution" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SLEEPER = """
import subprocess, sys, time
print("up", flush=True)
subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
"""
"""Starts another process, and both sleep."""


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path / "cache", open_tools().environ)


def fetch(url: str, tools: Tools, sha256: str = SHA256) -> Path:
    return fetch_url(f"{url}/gradle.zip", sha256, "Gradle", tools, SilentProgress())


def test_a_file_is_downloaded_once(tools: Tools) -> None:
    with serving(Answers({"/gradle.zip": CONTENT})) as server:
        path = fetch(server.url, tools)
        assert path.read_bytes() == CONTENT
        assert path == tools.cache / "archives" / SHA256 / "gradle.zip"
        assert fetch(server.url, tools) == path
        assert len(server.asked) == 1


def left(tools: Tools) -> list[Path]:
    return [path for path in tools.cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_another_file_is_refused(tools: Tools) -> None:
    with serving(Answers({"/gradle.zip": b"another"})) as server, pytest.raises(HashMismatch):
        fetch(server.url, tools)
    assert left(tools) == []


def test_a_download_that_is_cut(tools: Tools) -> None:
    with serving(Answers({"/gradle.zip": CONTENT}, cut=len(CONTENT) - 5)) as server, pytest.raises(NoNetwork) as failed:
        fetch(server.url, tools)
    assert "was cut" in failed.value.what
    assert left(tools) == []


@pytest.mark.parametrize("url", ["http://192.0.2.1", "file:///etc", "https://127.0.0.1:9"])
def test_a_place_that_cannot_be_reached(tools: Tools, url: str) -> None:
    with pytest.raises(NoNetwork) as failed:
        fetch(url, tools)
    assert "could not begin" in failed.value.what
    assert "curl" in failed.value.fix


def test_a_file_that_is_not_there(tools: Tools) -> None:
    with serving(Answers({})) as server, pytest.raises(NoNetwork) as failed:
        fetch(server.url, tools)
    assert "404" in failed.value.cause


def test_a_process_beside_ends_with_the_block(tools: Tools, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with tools.background([sys.executable, "-c", SLEEPER], log) as process:
        while log.read_text() != "up\n":
            assert process.ended is None
        assert not process.wait(0.1)
    assert process.ended is not None


def test_a_process_beside_ends_with_a_failure(tools: Tools, tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="mine"),
        tools.background([sys.executable, "-c", SLEEPER], tmp_path / "log") as process,
    ):
        raise ValueError("mine")
    assert process.ended is not None


def test_a_process_that_ends_first(tools: Tools, tmp_path: Path) -> None:
    with tools.background([sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "log") as process:
        assert process.wait(60)
        assert process.ended == 7
