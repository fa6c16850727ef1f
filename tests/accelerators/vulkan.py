"""llama.cpp's library for GPUs: what builds it, brought into a folder of our own, and the core built with it."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from handheld.catalog import load_catalog
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.resources import root
from handheld.tools import Tools
from helpers.debian import NoPackagesError, download, lacking, unpack
from native.support import build

RUNTIME = "llama_cpp"
SHAPES = {"chat": "generate", "tensors": "embed"}
"""Tasks of the app, and the shape of the model that each is rendered with."""
COMPILER = ("glslc", "spirv-headers", "libvulkan1")
HEADERS = "libvulkan-dev"
"""Vulkan's headers, of trixie: bookworm's are too old for ggml."""
OF_THE_HOST = ("libc6_", "libgcc-s1_", "libstdc++6_", "gcc-12-base_")
NEEDED = ("ggml/src/ggml-vulkan/", "ggml/include/ggml-vulkan.h")
"""Of llama.cpp's sources, what apps do not get."""


def build_core(app: RenderedApp, work: Path, tools: Tools) -> Path:
    """Build the core with the library for GPUs beside it; gives the core. Shaders are compiled at the first call.

    Raises:
        NoPackagesError: what compiles shaders cannot be had.
    """
    kit, sources = _kit(work / "vulkan"), _sources(work / "llama", tools)
    libraries = next(kit.glob("usr/lib/*/libvulkan.so.1")).parent
    arguments = [
        "-DCMAKE_BUILD_TYPE=Release", "-DHH_TEST_SHARED=ON", "-DGGML_NATIVE=OFF", "-DHH_CPU_VARIANTS=ON",
        f"-DHH_VULKAN={sources}", f"-DVulkan_INCLUDE_DIR={kit / 'usr/include'}",
        f"-DVulkan_LIBRARY={libraries / 'libvulkan.so.1'}", f"-DVulkan_GLSLC_EXECUTABLE={kit / 'usr/bin/glslc'}",
        f"-DSPIRV-Headers_DIR={kit / 'usr/share/cmake/SPIRV-Headers'}",
    ]  # fmt: skip
    targets = ["handheld", "ggml-cpu-baseline", "ggml-cpu-avx2", "ggml-vulkan"]
    seen: Mapping[str, str] = {"LD_LIBRARY_PATH": str(libraries)}  # glslc's own libraries
    within = Tools(tools.cache, {**tools.environ, **seen})
    return build(app, work / "core", targets, within, arguments=arguments) / "lib" / "libhandheld.so"


def _kit(folder: Path) -> Path:
    if (folder / "complete").exists():
        return folder
    if lacks := lacking():
        raise NoPackagesError(f"{lacks} is not here to bring Debian's compiler for shaders")
    shutil.rmtree(folder, ignore_errors=True)
    for suite, packages, taken in (("bookworm", COMPILER, ("",)), ("trixie", (HEADERS,), (HEADERS,))):
        apt = folder / suite
        apt.mkdir(parents=True)
        for archive in download(apt, [suite], packages):
            if archive.name.startswith(taken) and not archive.name.startswith(OF_THE_HOST):
                unpack(archive, folder, ("*.so",))
        shutil.rmtree(apt)
    (folder / "complete").touch()
    return folder


def _sources(folder: Path, tools: Tools) -> Path:
    """The folder ggml-vulkan of llama.cpp's sources; CMake finds its header two folders above."""
    source = load_catalog(root()).runtimes[RUNTIME].sources[0]
    found = folder / "ggml/src/ggml-vulkan"
    if (folder / source.sha256).exists():
        return found
    shutil.rmtree(folder, ignore_errors=True)
    archive = tools.fetch_pypi(source.pypi, source.sha256, source.kind, SilentProgress(), source.bytes)
    with tarfile.open(archive) as package:
        for member in package:
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            if not member.isfile() or not path.is_relative_to(source.root) or ".." in path.parts:
                continue
            name = path.relative_to(source.root).as_posix()
            content = package.extractfile(member) if name.startswith(NEEDED) else None
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content.read())
    (folder / source.sha256).touch()
    return found
