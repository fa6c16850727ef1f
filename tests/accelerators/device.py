"""A GPU made of software: Mesa's lavapipe, the Vulkan driver that computes on the processor, in a folder of its own.

What needs a GPU is run with it and without it, so nothing here is installed: the loader and the driver are found by
environment variables, which only the programs that are to see the device get.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.debian import NoPackagesError, download, lacking, unpack, version_of

SUITES = ("bookworm", "bookworm-backports")
PACKAGES = ("mesa-vulkan-drivers", "libvulkan1")
"""WebGPU asks for more of Vulkan than bookworm's own Mesa 22 has."""
OF_THE_HOST = ("libc6_", "libgcc-s1_", "libstdc++6_", "gcc-12-base_")
"""Packages whose libraries a program on this machine has already, and may have only once."""
DRIVER, LOADER = "libvulkan_lvp.so", "libvulkan.so.1"
VERSION = "version"


@dataclass(frozen=True, slots=True)
class Device:
    """The driver, its loader, and the folder in which it keeps compiled shaders between runs."""

    root: Path
    shaders: Path
    version: str

    @property
    def libraries(self) -> Path:
        """Where the loader and the driver lie."""
        return next(self.root.glob(f"usr/lib/*/{DRIVER}")).parent

    def environ(self, *, driver: bool) -> Mapping[str, str]:
        """What a program sees: the loader with the driver, or the loader alone. Without these variables: neither."""
        description = self.root / "driver.json"
        named = {"library_path": str(self.libraries / DRIVER), "api_version": "1.4.305"}
        description.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": named}), encoding="utf-8")
        drivers = str(description if driver else self.root / "nowhere.json")
        return {
            "LD_LIBRARY_PATH": str(self.libraries),
            "VK_DRIVER_FILES": drivers,
            "VK_ICD_FILENAMES": drivers,  # the name that older loaders know
            "MESA_SHADER_CACHE_DIR": str(self.shaders),
            "LP_NUM_THREADS": "1",
            "GGML_VK_VISIBLE_DEVICES": "0",  # ggml leaves devices alone that compute on the processor
        }


def find_device(work: Path) -> Device:
    """Give the device, brought into `work` at the first call.

    Raises:
        NoPackagesError: it is not there, and Debian's packages cannot be had.
    """
    root, shaders = work / "mesa", work / "shaders"
    shaders.mkdir(parents=True, exist_ok=True)
    if not (root / VERSION).exists():
        if lacks := lacking():
            raise NoPackagesError(f"{lacks} is not here to bring Debian's Mesa")
        _unpack(root)
    return Device(root, shaders, (root / VERSION).read_text(encoding="utf-8"))


def _unpack(root: Path) -> None:
    apt = root.with_name("apt")
    for folder in (root, apt):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        archives = download(apt, SUITES, PACKAGES, SUITES[-1])
        for archive in archives:
            if not archive.name.startswith(OF_THE_HOST):
                unpack(archive, root)
        mesa = next(archive for archive in archives if archive.name.startswith(PACKAGES[0]))
        (root / VERSION).write_text(version_of(mesa), encoding="utf-8")
    finally:
        shutil.rmtree(apt, ignore_errors=True)
