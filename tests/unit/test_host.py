"""The core on this machine: built once, kept by content, explained when it cannot be built."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import pytest

from handheld.app_errors import BuildFailed, NoCompiler
from handheld.build import BuiltApp, build_app
from handheld.errors import CacheReadOnly
from handheld.host import build_library, find_toolchain
from handheld.progress import SilentProgress
from handheld.render import open_app
from handheld.tools import Tools, open_tools

QUIET = SilentProgress()


@pytest.fixture
def native(echo_built: BuiltApp, tmp_path: Path) -> Path:
    """A copy of a rendered native/ folder, to change."""
    return Path(shutil.copytree(echo_built.app.directory / "native", tmp_path / "native"))


@pytest.fixture
def tools(own_tools: Tools, tmp_path: Path) -> Tools:
    """Tools with an empty cache."""
    return open_tools({**own_tools.environ, "HANDHELD_CACHE": str(tmp_path / "cache")})


def without_compilers(tools: Tools, folder: Path) -> Tools:
    """The same, on a PATH that has everything but compilers."""
    folder.mkdir()
    for name in ("cmake", "ninja", "sh"):
        if found := tools.find(name):
            (folder / name).symlink_to(found)
    environ = {name: value for name, value in tools.environ.items() if name not in {"CC", "CXX"}}
    return open_tools({**environ, "PATH": str(folder)})


class Steps:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> Steps:
        del title, total, unit
        return self

    def note(self, text: str) -> None:
        del text

    def close(self) -> None:
        pass

    def update(self, done: int, total: int | None = None) -> None:
        self.seen.append((done, total))

    def finish(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_the_second_build_comes_from_the_cache(echo_built: BuiltApp, own_tools: Tools) -> None:
    again = build_app(open_app(echo_built.app.directory), own_tools, QUIET)
    assert again.from_cache
    assert again.library == echo_built.library
    assert again.library.parent.name == "lib"


class Killed(Steps):
    """Ends the build at its third step, as a person at the keyboard would."""

    def update(self, done: int, total: int | None = None) -> None:
        super().update(done, total)
        if done == 3:
            raise KeyboardInterrupt


def test_an_interrupted_build_an_edit_and_a_mistake(native: Path, tools: Tools) -> None:
    """One test, as each step needs the objects of the one before."""
    with pytest.raises(KeyboardInterrupt):
        build_library(native, [], tools, Killed())
    assert not (tools.cache / "host").exists()

    steps = Steps()
    first = build_library(native, [], tools, steps)
    assert not first.from_cache
    assert steps.seen[-1][0] == steps.seen[-1][1], "the bar ends full"

    # Names in bindings of other languages change nothing for this machine.
    (native / "bindings" / "kotlin" / "dev" / "handheld" / "Status.kt").write_text("// other\n")
    assert build_library(native, [], tools, QUIET).path == first.path

    edited = native / "core" / "log.cpp"
    good = edited.read_text()
    edited.write_text(good + "// edited\n")
    few = Steps()
    second = build_library(native, [], tools, few)
    assert second.path != first.path
    assert few.seen[-1][1] is not None
    assert few.seen[-1][1] < (steps.seen[-1][1] or 0) / 2, "one edited file is one compilation, not all of them"

    edited.write_text(good + "int broken( {\n")
    with pytest.raises(BuildFailed) as failed:
        build_library(native, [], tools, QUIET)
    said = failed.value.cause
    assert f"{native}/core/log.cpp" in said, "paths are the app's own"
    assert "error:" in said
    assert len(said.splitlines()) < 15
    log = Path(failed.value.fix.split('"')[1])
    assert "FAILED:" in log.read_text()
    assert not [path.name for path in (tools.cache / "host").iterdir() if ".new-" in path.name]

    edited.write_text(good)
    assert build_library(native, [], tools, QUIET).from_cache


def test_what_a_library_depends_on(native: Path, tools: Tools) -> None:
    """The hash alone; a file in its place stands for the library."""
    (native / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.22)\nmessage(FATAL_ERROR stop)\n")

    def place(tools: Tools, arguments: list[str]) -> str:
        with pytest.raises(BuildFailed):
            build_library(native, arguments, tools, QUIET)
        return max((tools.cache / "logs").iterdir(), key=lambda path: path.stat().st_mtime_ns).name

    plain = place(tools, [])
    assert place(tools, ["-DGGML_NATIVE=ON"]) != plain
    assert place(open_tools({**tools.environ, "CXXFLAGS": "-O1"}), []) != plain
    assert place(tools, []) == plain


def test_what_a_runtime_opens_lies_beside_the_core(echo_built: BuiltApp, own_tools: Tools, tmp_path: Path) -> None:
    native, opened = echo_built.app.directory / "native", tmp_path / "from" / "somewhere"
    opened.parent.mkdir()
    opened.write_bytes(b"code")
    built = build_library(native, echo_built.app.lock.host_arguments, own_tools, QUIET, {"libopened.so": opened})
    assert built.path != echo_built.library
    assert (built.path.parent / "libopened.so").read_bytes() == b"code"
    assert not (echo_built.library.parent / "libopened.so").exists()


def test_cmakes_own_words(native: Path, tools: Tools) -> None:
    (native / "CMakeLists.txt").write_text('cmake_minimum_required(VERSION 3.22)\nmessage(FATAL_ERROR "no zlib")\n')
    with pytest.raises(BuildFailed, match="Configuring") as failed:
        build_library(native, [], tools, QUIET)
    assert "no zlib" in failed.value.cause


def test_paths_of_a_compiler_behind_ccache_are_the_apps_own(native: Path, tools: Tools) -> None:
    """With its base_dir set, ccache hands the compiler paths relative to the folder of the build."""
    (native / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(handheld NONE)\n"
        'add_custom_target(handheld COMMAND "${CMAKE_COMMAND}" -E echo "../source/core/log.cpp:7:1: error: no"\n'
        '  COMMAND "${CMAKE_COMMAND}" -E false VERBATIM)\n'
    )
    with pytest.raises(BuildFailed, match="Building") as failed:
        build_library(native, [], tools, QUIET)
    assert f"{native}/core/log.cpp:7:1: error: no" in failed.value.cause
    assert "/../source" not in failed.value.cause


def test_no_compiler(native: Path, tools: Tools, tmp_path: Path) -> None:
    bare = without_compilers(tools, tmp_path / "bin")
    with pytest.raises(NoCompiler) as missing:
        build_library(native, [], bare, QUIET)
    assert missing.value.fix
    assert str(tmp_path / "bin") in missing.value.cause
    assert not bare.cache.exists()


def test_cmake_and_ninja_come_from_this_environment(tools: Tools) -> None:
    chain = find_toolchain(tools)
    assert "site-packages" in str(chain.cmake), "a compiler is all that a machine has to have"
    assert tools.run([chain.ninja, "--version"]).stdout.strip()


def test_a_cache_that_cannot_be_written(native: Path, own_tools: Tools) -> None:
    tools = open_tools({**own_tools.environ, "HANDHELD_CACHE": "/sys/kernel/handheld"})
    with pytest.raises(CacheReadOnly):
        build_library(native, [], tools, QUIET)


def test_a_library_is_whole_before_it_has_its_name(echo_built: BuiltApp) -> None:
    library = echo_built.library
    assert library.stat().st_size > 100_000
    assert list(library.parent.iterdir()) == [library]
