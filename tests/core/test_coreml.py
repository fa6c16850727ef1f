"""Runtime `coreml` as far as a machine without Core ML goes: which packages are taken, what is said of others."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handheld.app_errors import CoreError
from handheld.binding import File, Task
from handheld.build import build_app
from handheld.host import find_toolchain
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.status import Status
from handheld.tools import Tools
from helpers.lanes import need
from ios import frameworks
from native.support import manifest, render, tiny_model, weights

coreml: Any = tiny_model("coreml")
"""Writes a package of a few bytes."""
MODEL = "Data/com.apple.CoreML/model.mlmodel"
OWN = ("backend.mm", "compiled.mm")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, tools: Tools) -> RenderedApp:
    folder = tmp_path_factory.mktemp("coreml")
    package = coreml.package(folder / "own")
    return render(folder / "app", "coreml", str(package), tools, task="tensors", platform="ios")


@pytest.fixture(scope="module")
def library(app: RenderedApp, tools: Tools) -> Path:
    return build_app(app, tools, SilentProgress()).library


def refusal(library: Path, app: RenderedApp, *files: File) -> tuple[int, str]:
    with pytest.raises(CoreError) as caught:
        Task(library, manifest(app), files=list(files))
    return caught.value.status, caught.value.what


def test_a_package_opens_and_loading_says_what_is_missing(library: Path, app: RenderedApp) -> None:
    if sys.platform == "darwin":
        pytest.skip("here is a Core ML: the golden case runs it")
    with Task(library, manifest(app)) as task, pytest.raises(CoreError) as caught:
        task.load()
    assert caught.value.status == Status.RUNTIME_MISSING
    assert "Core ML is a part of macOS and iOS" in caught.value.what


def test_the_model_of_the_scenario_opens(library: Path, app: RenderedApp, tmp_path: Path) -> None:
    model = Path(coreml.tiny_tensors(tmp_path))
    Task(library, manifest(app), files=[File("weights", path=model)]).close()
    cut(model)
    status, said = refusal(library, app, File("weights", path=model))
    assert status == Status.FILE_INVALID
    assert "ends inside of a field" in said


def test_other_forms_than_a_path_are_refused_with_the_reason(library: Path, app: RenderedApp) -> None:
    model = weights(app) / MODEL
    with model.open("rb") as file:
        for form in (File("weights", data=model.read_bytes()), File("weights", fd=file.fileno())):
            status, said = refusal(library, app, form)
            assert status == Status.UNSUPPORTED
            assert "Core ML opens it by its path alone" in said


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\x1c\0\0\0TFL3" + bytes(60), "a LiteRT model (.tflite)"),
        (b"PK\3\4" + bytes(60), "a zip archive (a PyTorch checkpoint or .mlpackage is one)"),
        (b"GGUF\3\0\0\0" + bytes(60), "a GGUF model (.gguf)"),
        (b"", "empty"),
    ],
)
def test_a_file_is_named_for_what_it_is(
    library: Path, app: RenderedApp, tmp_path: Path, head: bytes, said: str
) -> None:
    (tmp_path / "m.mlpackage").write_bytes(head)
    status, sentence = refusal(library, app, File("weights", path=tmp_path / "m.mlpackage"))
    assert status == Status.FILE_INVALID
    assert f"is not a Core ML package: it is {said}" in sentence


def cut(package: Path) -> None:
    (package / MODEL).write_bytes((package / MODEL).read_bytes()[:-9])


def listed(path: object) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        value = json.loads((package / "Manifest.json").read_text())
        value["itemInfoEntries"]["one"]["path"] = path
        (package / "Manifest.json").write_text(json.dumps(value))

    return change


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "ends inside of a field"),
    "empty": (lambda package: (package / MODEL).write_bytes(b""), "is no Core ML specification; it is empty"),
    "another file": (
        lambda package: (package / MODEL).write_bytes(b"\x08\x08" + b"\x3a\0" * 4),
        "it is an ONNX model (.onnx)",
    ),
    "lost weights": (lambda package: shutil.rmtree((package / MODEL).with_name("weights")), "weights is missing"),
    "lost list": (lambda package: (package / "Manifest.json").unlink(), "a folder without a Manifest.json"),
    "no list": (lambda package: (package / "Manifest.json").write_text("{"), "is not valid JSON"),
    "no root": (lambda package: (package / "Manifest.json").write_text("{}"), "does not say which item the model is"),
    "outside": (listed("../../secret"), "which is outside of it"),
    "absolute": (listed("/etc/passwd"), "which is outside of it"),
    "no path": (listed(3), "an entry without a path"),
    "a folder": (listed("com.apple.CoreML"), "is no file"),
    "compiled": (lambda package: (package / "coremldata.bin").touch(), "compiled already (.mlmodelc)"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_every_damage_is_named(library: Path, app: RenderedApp, tmp_path: Path, name: str) -> None:
    package = coreml.package(tmp_path)
    damage, said = DAMAGE[name]
    damage(package)
    status, sentence = refusal(library, app, File("weights", path=package))
    assert status == Status.FILE_INVALID
    assert said in sentence


def test_every_cut_is_found(library: Path, app: RenderedApp, tmp_path: Path) -> None:
    package = coreml.package(tmp_path)
    whole = (package / MODEL).read_bytes()
    for length in range(len(whole)):
        (package / MODEL).write_bytes(whole[:length])
        assert refusal(library, app, File("weights", path=package))[0] == Status.FILE_INVALID


GATHER = """
#include <cstdio>
#include <vector>
#include "runtimes/coreml/strides.hpp"
using namespace hh::runtimes::coreml;
static int failed = 0, done = 0;
using Sizes = std::vector<long long>;
static void check(bool good, const Sizes &shape, const Sizes &strides, std::vector<short> expected) {
    std::vector<short> from(24), into(24, -1);
    for (short i = 0; i < 24; ++i) from[i] = i;
    const std::vector<std::int64_t> a(shape.begin(), shape.end()), b(strides.begin(), strides.end());
    const bool result = gather(from.data(), 48, a, b, 2, into.data());
    expected.resize(24, -1);
    ++done;
    if (result != good || into != expected) { ++failed; std::printf("case %d\\n", done); }
}
int main() {
    check(true, {2, 3}, {3, 1}, {0, 1, 2, 3, 4, 5});
    check(true, {2, 3}, {8, 1}, {0, 1, 2, 8, 9, 10});
    check(true, {2, 3}, {1, 2}, {0, 2, 4, 1, 3, 5});
    check(true, {2, 2, 2}, {12, 4, 2}, {0, 2, 4, 6, 12, 14, 16, 18});
    check(true, {3}, {0}, {0, 0, 0});
    check(true, {}, {}, {0});
    check(true, {2, 0}, {1, 1}, {});
    check(true, {24}, {1}, {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23});
    check(false, {25}, {1}, {});
    check(false, {2, 3}, {22, 1}, {});
    check(false, {2}, {-1}, {});
    std::printf("gather: %d checks, %d failures\\n", done, failed);
}
"""


def test_rows_that_lie_apart_are_put_together(app: RenderedApp, tmp_path: Path, tools: Tools) -> None:
    (tmp_path / "main.cpp").write_text(GATHER)
    native = app.directory / "native"
    compiler = tools.environ.get("CXX", "c++")
    sources = [tmp_path / "main.cpp", native / "runtimes" / "coreml" / "strides.cpp"]
    tools.run([compiler, "-std=c++20", "-fsanitize=undefined", "-I", native, *sources, "-o", tmp_path / "gather"])
    done = tools.run([tmp_path / "gather"], check=False)
    assert "gather: 11 checks, 0 failures" in done.stdout, done.stdout + done.stderr


def test_objective_c_fits_the_stand_ins_and_planted_faults_are_found(app: RenderedApp, tmp_path: Path) -> None:
    clang = frameworks.find_clang()
    need(clang, "clang", "sudo apt install clang")
    assert clang is not None
    native = app.directory / "native"
    files = sorted(native.rglob("*.mm"))
    assert tuple(file.name for file in files) == OWN
    assert {file.name: frameworks.check(clang, native, file) for file in files} == dict.fromkeys(
        [f.name for f in files], ""
    )
    said = frameworks.missed(native, tmp_path, frameworks.FAULTS, lambda file: frameworks.check(clang, native, file))
    assert said == []


def test_a_build_for_a_mac_has_arc_and_the_framework(app: RenderedApp, tmp_path: Path, tools: Tools) -> None:
    clang = frameworks.find_clang()
    need(clang, "clang", "sudo apt install clang")
    chain = find_toolchain(tools)
    compilers = [f"-DCMAKE_{name}_COMPILER{what}" for name in ("C", "CXX") for what in ("=clang", "_WORKS=1")]
    compilers[2] = "-DCMAKE_CXX_COMPILER=clang++"
    command: list[str | Path] = [
        chain.cmake, "-S", app.directory / "native", "-B", tmp_path, "-G", "Ninja",
        f"-DCMAKE_MAKE_PROGRAM={chain.ninja}", "-DCMAKE_SYSTEM_NAME=Darwin", "-DCMAKE_OSX_SYSROOT=/",
        "-DCMAKE_INSTALL_NAME_TOOL=true", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", *compilers,
    ]  # fmt: skip
    tools.run(command)
    plan = (tmp_path / "build.ninja").read_text()
    steps = {name: plan.partition(f"coreml/{name}.o: ")[2].partition("\n\n")[0] for name in OWN}
    assert {name: "-fobjc-arc" in step for name, step in steps.items()} == dict.fromkeys(OWN, True)
    assert "-fobjc-arc" not in plan.partition("coreml/package.cpp.o: ")[2].partition("\n\n")[0]
    assert "LINK_LIBRARIES = -framework CoreML" in plan
    assert "elsewhere.cpp" not in plan


def test_links_out_of_a_package_are_not_followed_by_its_list(library: Path, app: RenderedApp, tmp_path: Path) -> None:
    package = coreml.package(tmp_path)
    (package / MODEL).unlink()
    (package / MODEL).symlink_to("/dev/null")
    status, _ = refusal(library, app, File("weights", path=package))
    assert status == Status.FILE_INVALID
