"""Rendered apps and built cores for the tests, one of each a run; downloads come from the person's own cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.tiny_model import write_tiny_model
from handheld.build import build_app
from handheld.progress import SilentProgress
from handheld.tools import Tools, open_tools
from native.support import build, manifest, render, weights

TOOLS = open_tools()
"""Opened before the guards move HOME and the cache away: sources and objects are made once for all runs."""


@dataclass(frozen=True, slots=True)
class Core:
    """A rendered app with its built core, and the test programs over that library."""

    directory: Path
    library: Path
    manifest: Path
    weights: Path
    programs: Path


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The real tools and cache."""
    return TOOLS


def make_core(folder: Path, runtime: str, model: str, programs: tuple[str, ...]) -> Core:
    app = render(folder / "app", runtime, model, TOOLS)
    library = build_app(app, TOOLS, SilentProgress()).library
    where = build(app, folder / "programs", programs, TOOLS, arguments=[f"-DHH_LIBRARY={library}"])
    return Core(app.directory, library, manifest(app), weights(app), where)


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Core:
    """The core with the example runtime."""
    return make_core(tmp_path_factory.mktemp("echo"), "echo", "echo", ("header_as_c", "scenario", "threads"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Core:
    """The core with llama.cpp and a model of 400 kB."""
    folder = tmp_path_factory.mktemp("tiny")
    model = write_tiny_model(folder / "tiny.gguf")
    return make_core(folder, "llama_cpp", str(model), ("scenario", "threads"))


@pytest.fixture(params=["echo", "tiny"])
def core(request: pytest.FixtureRequest) -> Core:
    """Every runtime in turn."""
    found: Core = request.getfixturevalue(request.param)
    return found
