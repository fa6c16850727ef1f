"""Libraries that runtimes open: fetched for this machine alone, by hash, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from handheld.errors import HashMismatch, NoNetwork
from handheld.libraries import fetch_libraries
from handheld.lock import LockedLibrary
from handheld.progress import SilentProgress
from handheld.store import sha256_of
from handheld.tools import Tools
from helpers.packages import Package


def locked(sha256: str, system: str = "linux", name: str = "liba.so") -> LockedLibrary:
    return LockedLibrary(name, system, "arm64", "alpha==1.0", "3.11", sha256, 1000, "alpha/liba.so.1")


def test_of_several_machines_only_this_one_is_served(tmp_path: Path) -> None:
    tools = Tools(tmp_path, {})
    assert fetch_libraries([locked("0" * 64, "macos")], "linux", "arm64", tools, SilentProgress()) == {}
    assert fetch_libraries([], "linux", "arm64", tools, SilentProgress()) == {}
    assert list(tmp_path.iterdir()) == []
