"""The bridge as Android builds it, from ExecuTorch's sources: here a tree of our own stands for them.

It has the targets that ExecuTorch's documentation names, which stand for the package's libraries, and refuses options
that are not set. What it cannot show is ExecuTorch's own build.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.conftest import Core
from handheld.host import find_toolchain
from handheld.tools import Tools, python

RUN = """
import json, pathlib, sys
from handheld.binding import Task, Value
from handheld.status import Kind
with Task(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), options={"threads": 1}) as task:
    task.load()
    values = task.stream([Value.of("1 x.0=3", "example")])
    print(json.dumps([[value.port, value.data.hex()] for value in values if value.kind is Kind.TENSOR]))
"""
TREE = """
cmake_minimum_required(VERSION 3.22)
project(executorch CXX)
foreach(option BUILD_XNNPACK BUILD_KERNELS_OPTIMIZED BUILD_KERNELS_QUANTIZED BUILD_EXTENSION_DATA_LOADER ENABLE_LOGGING)
  if(NOT EXECUTORCH_${option})
    message(FATAL_ERROR "EXECUTORCH_${option} is off")
  endif()
endforeach()
if(NOT CMAKE_CXX_STANDARD EQUAL 17 OR EXECUTORCH_BUILD_EXECUTOR_RUNNER)
  message(FATAL_ERROR "not what ExecuTorch is built with")
endif()
add_library(executorch INTERFACE)
target_include_directories(executorch INTERFACE @HEADERS@ @HEADERS@/executorch/runtime/core/portable_type/c10)
target_compile_definitions(executorch INTERFACE C10_USING_CUSTOM_GENERATED_MACROS)
foreach(name backends extensions kernels)
  add_library(executorch_${name} INTERFACE)
  add_library(executorch::${name} ALIAS executorch_${name})
endforeach()
add_library(extension_threadpool INTERFACE)
target_link_libraries(executorch INTERFACE @LIBRARIES@/libexecutorch.so)
target_link_libraries(extension_threadpool INTERFACE @LIBRARIES@/libexecutorch_threadpool.so)
target_link_libraries(executorch_backends INTERFACE -Wl,--no-as-needed @LIBRARIES@/libexecutorch_backend_xnnpack.so)
target_link_libraries(executorch_kernels INTERFACE -Wl,--no-as-needed @LIBRARIES@/libexecutorch_kernels_optimized.so)
"""


@pytest.fixture(scope="module")
def runtime(cores: Callable[..., Core]) -> Core:
    return cores("executorch", "tensors")


def configure(runtime: Core, folder: Path, tools: Tools, python: str) -> str:
    """Lay out the tree and configure the app's own CMake project with it; gives what CMake complains of."""
    tree = folder / "executorch"
    tree.mkdir()
    headers = runtime.directory / "native" / "third_party" / "executorch"
    text = TREE.replace("@HEADERS@", str(headers)).replace("@LIBRARIES@", str(runtime.library.parent))
    (tree / "CMakeLists.txt").write_text(text, encoding="utf-8")
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
    program.chmod(0o755)
    toolchain = find_toolchain(tools)
    done = tools.run(
        [
            toolchain.cmake, "-S", runtime.directory / "native", "-B", folder / "build", "-G", "Ninja",
            f"-DCMAKE_MAKE_PROGRAM={toolchain.ninja}", f"-DCMAKE_C_COMPILER={toolchain.cc}",
            f"-DCMAKE_CXX_COMPILER={toolchain.cxx}", "-DCMAKE_BUILD_TYPE=Debug", "-DHH_EXECUTORCH_FROM_SOURCE=ON",
            f"-DFETCHCONTENT_SOURCE_DIR_EXECUTORCH={tree}", f"-DPYTHON_EXECUTABLE={program}",
        ],
        check=False,
    )  # fmt: skip
    return done.stderr


def cores_of(runtime: Core, beside: Path) -> tuple[Path, Path]:
    """The core with the bridge that a build here makes, and the one with the new bridge."""
    return runtime.library, beside / runtime.library.name


def test_the_bridge_from_source_runs_a_program(runtime: Core, tmp_path: Path, tools: Tools) -> None:
    assert configure(runtime, tmp_path, tools, "exit 0") == ""
    tools.run([find_toolchain(tools).cmake, "--build", tmp_path / "build", "--target", "handheld_executorch"])
    (bridge,) = (tmp_path / "build" / "lib").glob("*.so")
    beside = tmp_path / "beside"
    beside.mkdir()
    for path in [*runtime.library.parent.iterdir(), bridge]:  # the new bridge comes last
        shutil.copyfile(path, beside / path.name)
    assert (beside / bridge.name).read_bytes() != (runtime.library.parent / bridge.name).read_bytes()
    said = [tools.run([python(), "-c", RUN, core, runtime.manifest]).stdout for core in cores_of(runtime, beside)]
    assert json.loads(said[0])
    assert said[0] == said[1]


def test_without_the_generator_of_kernels_the_build_says_what_to_do(
    runtime: Core, tmp_path: Path, tools: Tools
) -> None:
    said = " ".join(configure(runtime, tmp_path, tools, "exit 1").split())
    assert "has no torchgen or no yaml" in said
    assert f"Run: {tmp_path / 'python'} -m pip install torch==" in said
