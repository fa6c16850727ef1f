"""Tiny packages, as real as pip asks for."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BACKEND = """
import pathlib

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise RuntimeError("nobody should build this")

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    place = pathlib.Path(folder, "{name}-{version}.dist-info")
    place.mkdir()
    place.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return place.name
"""


@dataclass(frozen=True, slots=True)
class Package:
    """An archive on this disk and what pins it."""

    path: Path
    requirement: str
    sha256: str
    bytes: int


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Package:
    """Write a pure-Python wheel that holds `files`."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashes = {member: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for member, data in content.items()}
    record = "".join(f"{member},sha256={digest.rstrip(b'=').decode()},\n" for member, digest in hashes.items())
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in content.items():
            wheel.writestr(zipfile.ZipInfo(member), data, zipfile.ZIP_DEFLATED)
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD"), record + f"{info}/RECORD,,\n")
    return package_of(path, f"{name}=={version}")


def make_sdist(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Package:
    """Write a source archive whose build backend lies inside, so that pip needs nothing else for it."""
    top = f"{name}-{version}"
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    content = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        "pyproject.toml": project.encode(),
        "backend.py": _BACKEND.format(name=name, version=version).encode(),
        **files,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, data in content.items():
            entry = tarfile.TarInfo(f"{top}/{member}")
            entry.size, entry.mode = len(data), 0o755 if member.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return package_of(path, f"{name}=={version}")


def package_of(path: Path, requirement: str) -> Package:
    """Describe an archive that exists."""
    data = path.read_bytes()
    return Package(path, requirement, hashlib.sha256(data).hexdigest(), len(data))
