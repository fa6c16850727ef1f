"""A missing toolchain: a skip with its reason at home, a failure in CI, and one table at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
from helpers.lanes import close_with_table

def pytest_terminal_summary(terminalreporter):
    close_with_table(terminalreporter)
"""
CASES = """
import pytest
from helpers.lanes import need

@pytest.mark.parametrize("number", range(3))
def test_java(number):
    need(None, "a Java compiler", "sudo apt install default-jdk-headless")

def test_other():
    pytest.skip("it rains")

def test_there():
    need("/usr/bin/java", "a Java compiler", "sudo apt install default-jdk-headless")
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_cases.py").write_text(CASES)
    return tmp_path


def run(cases: Path, ci: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(cases)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), "CI": ci}
    done = subprocess.run(command, cwd=cases, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_at_home(cases: Path) -> None:
    code, said = run(cases, "")
    assert code == 0
    table = said.partition("not tested on this machine")[2].splitlines()
    assert "1  it rains" in table
    assert "3  needs a Java compiler  sudo apt install default-jdk-headless" in table


def test_in_ci(cases: Path) -> None:
    code, said = run(cases, "true")
    assert code == 1
    assert "3 failed, 1 passed, 1 skipped" in said
    assert "sudo apt install default-jdk-headless" in said
