"""Rendered apps and built cores for the tests, one of each a run; downloads come from the person's own cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from handheld.build import build_app
from handheld.catalog import load_catalog
from handheld.progress import SilentProgress
from handheld.resources import root
from handheld.tools import Tools, open_tools
from native.support import SHAPES, SOURCES, build, manifest, otherwise, render, runtimes, tiny_file, weights

TOOLS = open_tools()
"""Opened before the guards move HOME and the cache away: sources and objects are made once for all runs."""
PROGRAMS = {"generate": ("header_as_c", "scenario", "threads", "answer"), "tensors": ("tensors",), "embed": ("embed",)}
"""The test programs of each shape."""


@dataclass(frozen=True, slots=True)
class Core:
    """A rendered app with its built core, and the test programs over that library.

    `otherwise` is what the scenario of tensors is told of the runtime.
    """

    directory: Path
    library: Path
    manifest: Path
    weights: Path
    programs: Path
    otherwise: tuple[str, ...]


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The real tools and cache."""
    return TOOLS


@pytest.fixture(scope="session")
def cores(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Core]:
    """Gives the core with a runtime, and a shape, and the tiny model of its folder; made once a run."""

    @cache
    def core_with(runtime: str, shape: str = "generate") -> Core:
        folder = tmp_path_factory.mktemp(runtime)
        app = render(folder / "app", runtime, tiny_file(runtime, shape, folder), TOOLS, task=SHAPES[shape].task)
        library = build_app(app, TOOLS, SilentProgress()).library
        programs = [*PROGRAMS[shape]]
        if shape == "tensors" and (SOURCES / "plain" / f"{runtime}.cpp").is_file():
            programs += ["bench_waist", f"plain_{runtime}"]  # only compiled here: `nox -s bench` runs them
        where = build(app, folder / "programs", programs, TOOLS, arguments=[f"-DHH_LIBRARY={library}"])
        return Core(app.directory, library, manifest(app), weights(app), where, otherwise(runtime))

    return core_with


@pytest.fixture(params=runtimes())
def core(request: pytest.FixtureRequest, cores: Callable[..., Core]) -> Core:
    """Every runtime in turn."""
    return cores(request.param)


@pytest.fixture(params=runtimes("tensors"))
def tensor_core(request: pytest.FixtureRequest, cores: Callable[..., Core]) -> Core:
    """Every runtime of shape `tensors` in turn."""
    return cores(request.param, "tensors")


@pytest.fixture(params=[name for name in runtimes("tensors") if not load_catalog(root()).runtimes[name].hosts])
def portable_core(request: pytest.FixtureRequest, cores: Callable[..., Core]) -> Core:
    """The same without what is a part of one system, and has its accelerators and its own way to open a model."""
    return cores(request.param, "tensors")


@pytest.fixture(params=runtimes("embed"))
def embed_core(request: pytest.FixtureRequest, cores: Callable[..., Core]) -> Core:
    """Every runtime of shape `embed` in turn."""
    return cores(request.param, "embed")


@pytest.fixture(scope="session")
def echo(cores: Callable[..., Core]) -> Core:
    """The core with the example runtime, whose answers are known."""
    return cores("echo")


@pytest.fixture(scope="session")
def tiny(cores: Callable[..., Core]) -> Core:
    """The core with llama.cpp and a model of 400 kB."""
    return cores("llama_cpp")
