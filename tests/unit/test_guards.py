"""The guards of tests/conftest.py bite."""

from __future__ import annotations

import builtins
import os
import socket
import subprocess
import sys
import types
from pathlib import Path

import pytest

TEST_NET = ("192.0.2.1", 80)
"""An address that belongs to nobody (RFC 5737)."""


def speak() -> None:
    print("x")  # noqa: T201 - what the guard is about


def inside(name: str) -> types.FunctionType:
    """The function `speak` as if it stood in the module `name`."""
    return types.FunctionType(speak.__code__, {"__name__": name, "__builtins__": builtins})


def test_the_product_may_not_print() -> None:
    with pytest.raises(AssertionError, match=r"handheld\.stage prints"):
        inside("handheld.stage")()


@pytest.mark.parametrize("name", ["handheld.__main__", "other"])
def test_others_may_print(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    inside(name)()
    assert capsys.readouterr().out == "x\n"


def test_other_machines_are_out_of_reach() -> None:
    with socket.socket() as line, pytest.raises(AssertionError, match="wants to reach"):
        line.connect(TEST_NET)


def test_processes_do_not_reach_them_either() -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "0", "--dest", os.devnull, "click"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "No matching distribution" in done.stderr


def test_the_home_is_another_one() -> None:
    assert Path.home().name.startswith("home")
    assert Path(os.environ["HANDHELD_CACHE"]).is_relative_to(Path.home())
