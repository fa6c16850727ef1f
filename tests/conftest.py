"""Guards for every test: no network, no print in the product, nothing outside the temporary folder."""

from __future__ import annotations

import builtins
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from handheld.build import BuiltApp, build_app
from handheld.errors import MachineError
from handheld.models import fetch_models
from handheld.progress import SilentProgress
from handheld.render import render_app
from handheld.spec import TaskChoice
from handheld.tools import Tools, open_tools
from helpers.apps import ECHO, plan_of
from helpers.lanes import close_with_table, need

PRINTS = "handheld.__main__"
"""The one module that may print."""
OWN_TOOLS = open_tools()
"""As the person has them, before the guards below take them away."""
CLOSED = "http://127.0.0.1:9"
"""A proxy that nobody answers at, for processes that tests start."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "network: may reach other machines (package index); everything else may not")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's home, caches and pip settings stay out of reach."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_", "XDG_", "HANDHELD_"))]:
        if name not in ("PIP_CERT", "PIP_DEFAULT_TIMEOUT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HANDHELD_CACHE", str(home / "cache"))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine can be reached: by the test itself, and by the processes it starts."""
    if request.node.get_closest_marker("network"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test without the mark `network` wants to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, CLOSED)
        monkeypatch.setenv(name.upper(), CLOSED)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(autouse=True)
def _no_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are printed in one place; everything else returns them."""
    original = builtins.print

    def guarded(*values: Any, **settings: Any) -> None:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        if caller.partition(".")[0] == "handheld" and caller != PRINTS:
            raise AssertionError(f"{caller} prints {values!r}")
        original(*values, **settings)

    monkeypatch.setattr(builtins, "print", guarded)


@pytest.fixture(scope="session")
def own_tools() -> Tools:
    """Tools with the person's own cache, so that what was fetched and built once is not again. May use the network."""
    return OWN_TOOLS


@pytest.fixture(scope="session")
def echo_built(own_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> BuiltApp:
    """An app that runs without a model, and its core built for this machine. Read only: copy it to change it."""
    return _built(ECHO, own_tools, tmp_path_factory)


@pytest.fixture(scope="session")
def model_built(own_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> BuiltApp:
    """The same with the default model of the first task; minutes on a machine that never built it."""
    return _built(TaskChoice(ECHO.task), own_tools, tmp_path_factory)


def _built(choice: TaskChoice, tools: Tools, folders: pytest.TempPathFactory) -> BuiltApp:
    need(any(map(tools.find, ("c++", "g++", "clang++"))), "a C++ compiler", "sudo apt install g++")
    plan = plan_of(folders.mktemp("app") / "app", choice)
    try:
        files = fetch_models(plan, tools, SilentProgress())
    except MachineError as error:
        need(found=False, what=f"the package index ({error.what})", install=error.fix)
        raise
    return build_app(render_app(plan, files), tools, SilentProgress())


@pytest.fixture
def repository() -> Path:
    """The root of this repository."""
    return Path(__file__).resolve().parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    close_with_table(terminalreporter)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="agree on the trees that are rendered now")
