"""The core as an iPhone's processor runs it: zig's clang with the flags of the Swift package, emulated by QEMU.

What is built is for Linux, since QEMU runs no programs of iOS: the same compiler family, the same processor flags, the
same instructions. Pictures have to equal this machine's to the last bit, and a tiny model's greedy answer its text. It
is the oldest processor that an app may ask for; what newer ones add to ggml is run by `nox -s variants`.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from handheld.render import RenderedApp
from handheld.tools import Tools, open_tools
from ios.cross import PROCESSORS, Compiler
from native.support import build, manifest, render, run_checks, tiny_model, weights

TARGET = "aarch64-linux-gnu"
NEEDED = {"qemu-aarch64": "qemu-user", f"/usr/{TARGET}/lib/libc.so.6": "libc6-arm64-cross"}
"""The programs and files of this step, and Debian's packages that bring them."""
TARGETS = ("image", "answer")
OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=OFF", "-DHH_TEST_SHARED=ON")
ROUNDS = "60"
EMULATED = "max"
"""QEMU knows no processor of Apple's: this one has all instructions of theirs."""
DIGEST = re.compile(r"^digest [0-9a-f]{16}$", re.MULTILINE)


def missing() -> list[str]:
    """Debian's packages that are to be installed first."""
    return sorted({package for what, package in NEEDED.items() if not (shutil.which(what) or Path(what).is_file())})


def check(compiler: Compiler, folder: Path) -> Iterator[tuple[str, str]]:
    """What was compared, and what is wrong with it or ""."""
    tools = open_tools()
    model = tiny_model("llama_cpp").write_tiny_model(folder / "tiny.gguf", quantization="Q4_0")
    app = render(folder / "app", "llama_cpp", str(model), tools)
    question: list[str | Path] = [manifest(app), weights(app), "1", "Tell me about parrots."]
    here = build(app, folder / "here", TARGETS, tools, arguments=OPTIONS)
    pictures = run_checks(here / "image", [ROUNDS], tools)
    text = tools.run([here / "answer", *question], timeout=60).stdout.partition("\n")[2]
    emulator: list[str | Path] = ["-cpu", EMULATED, "-L", f"/usr/{TARGET}"]
    processor, definitions = next(iter(PROCESSORS.items()))
    there = _build(compiler, app, folder / processor, processor, definitions, tools)
    found = run_checks(Path("qemu-aarch64"), [*emulator, there / "image", ROUNDS], tools)
    same = not found.failed and DIGEST.findall(found.output) == DIGEST.findall(pictures.output) != []
    yield f"pictures on {processor}", "" if same else f"{found.output}\nhere:\n{pictures.output}"
    done = tools.run(["qemu-aarch64", *emulator, there / "answer", *question], timeout=300, check=False)
    answer = done.stdout.partition("\n")[2]
    yield f"an answer on {processor}", "" if answer == text != "" else f"{done.stdout}{done.stderr}\nhere: {text}"


def _build(
    compiler: Compiler, app: RenderedApp, folder: Path, processor: str, definitions: Sequence[str], tools: Tools
) -> Path:
    """The core and the test programs for one processor; gives the folder that holds them."""
    folder.mkdir(parents=True, exist_ok=True)
    flags = f"-target {TARGET} -mcpu={processor} {' '.join(definitions)}"
    zig = {name: _program(folder / f"zig-{name}", compiler, name, flags) for name in ("cc", "c++")}
    zig |= {name: _program(folder / f"zig-{name}", compiler, name) for name in ("ar", "ranlib")}
    arguments = [
        *OPTIONS, "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        f"-DCMAKE_AR={zig['ar']}", f"-DCMAKE_RANLIB={zig['ranlib']}",
    ]  # fmt: skip
    environ = {"CC": str(zig["cc"]), "CXX": str(zig["c++"])}
    return build(app, folder / "build", TARGETS, tools, arguments=arguments, environ=environ)


def _program(path: Path, compiler: Compiler, name: str, flags: str = "") -> Path:
    """CMake wants a program of its own for each of zig's; one that is right stays, and with it what it compiled."""
    text = f'#!/bin/sh\nexec {shlex.quote(str(compiler.folder / "zig"))} {name} {flags} "$@"\n'
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    return path
