"""llama.cpp's library for GPUs: what builds it, brought into a folder of our own, and the core built with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from handheld.catalog import load_catalog
from handheld.models import fetch_sources
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
NEEDED = ("ggml/src/ggml-vulkan/**", "ggml/include/ggml-vulkan.h")
"""Of llama.cpp's sources, what apps do not get."""


def build_core(app: RenderedApp, work: Path, tools: Tools) -> Path:
    """Build the core with the library for GPUs beside it; gives the core. Shaders are compiled at the first call.

    Raises:
        NoPackagesError: what compiles shaders cannot be had.
    """
    kit, tree = _kit(work / "vulkan"), _sources(tools)
    libraries = next(kit.glob("usr/lib/*/libvulkan.so.1")).parent
    arguments = [
        "-DCMAKE_BUILD_TYPE=Release", "-DHH_TEST_SHARED=ON", "-DGGML_NATIVE=OFF", "-DHH_CPU_VARIANTS=ON",
        f"-DHH_VULKAN={tree / 'ggml/src/ggml-vulkan'}", f"-DVulkan_INCLUDE_DIR={kit / 'usr/include'}",
        f"-DVulkan_LIBRARY={libraries / 'libvulkan.so.1'}", f"-DVulkan_GLSLC_EXECUTABLE={kit / 'usr/bin/glslc'}",
        f"-DSPIRV-Headers_DIR={kit / 'usr/share/cmake/SPIRV-Headers'}",
    ]  # fmt: skip
    targets = ["handheld", "ggml-cpu-baseline", "ggml-cpu-avx2", "ggml-vulkan"]
    seen: Mapping[str, str] = {"LD_LIBRARY_PATH": str(libraries)}  # glslc's own libraries
    within = Tools(tools.cache, {**tools.environ, **seen})
    # A build begun with other sources is refused, by the one of the shaders' own program.
    place = work / "core" / tree.parent.name
    return build(app, place, targets, within, arguments=arguments) / "lib" / "libhandheld.so"


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


def _sources(tools: Tools) -> Path:
    """The root of llama.cpp's sources for GPUs."""
    source = replace(load_catalog(root()).runtimes[RUNTIME].sources[0], files=NEEDED)
    return fetch_sources([source], tools, SilentProgress())[source.name]
