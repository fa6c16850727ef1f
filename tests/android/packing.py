"""APK and app bundle from what the earlier steps made, and the checks that a store or a phone would make.

No NDK is at hand, so the app's own native libraries are stand-ins: ELF files with one segment and no code. Those of
AndroidX are real. What is proven is how libraries and models lie in the packages, not that the code in them runs.
"""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from android.bench import HERE, Bench, CheckFailed
from android.compiling import aapt2

PAGE = 16384
MACHINES = {"arm64-v8a": 183, "x86_64": 62}
"""ABI -> its number in an ELF header."""
TIME = (1981, 1, 1, 0, 0, 0)
KEY, PASSWORD = "test", "no-secret"
CONFIG = {
    "optimizations": {"uncompressNativeLibraries": {"enabled": True, "alignment": "PAGE_ALIGNMENT_16K"}},
    "compression": {"uncompressedGlob": []},
}
"""What the Gradle plugin writes for an app that keeps its libraries stored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a package: where its bytes begin, and whether they are as they are on disk."""

    name: str
    offset: int
    stored: bool
    size: int


def apk(bench: Bench) -> str:
    """Put an APK together, sign it, and look at it."""
    unsigned, signed = bench.work / "unsigned.apk", bench.work / "app-release.apk"
    with zipfile.ZipFile(unsigned, "w") as archive:
        for name, content in contents(bench):
            stored = name.endswith((".so", *no_compress(bench))) or name == "resources.arsc"
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, TIME), content, method)
    sign(bench, unsigned, signed)
    return check_apk(bench, signed)


def no_compress(bench: Bench) -> tuple[str, ...]:
    """The suffixes that the app's script names."""
    script = (bench.android / "app/build.gradle.kts").read_text(encoding="utf-8")
    return tuple(f".{suffix}" for suffix in re.findall(r'noCompress \+= "([^"]+)"', script))


def contents(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """Everything that goes into the APK."""
    with zipfile.ZipFile(bench.work / "res.apk") as resources:
        for name in resources.namelist():
            yield name, resources.read(name)
    with zipfile.ZipFile(bench.work / "dex.zip") as dex:
        for name in dex.namelist():
            if name.endswith(".dex"):
                yield name, dex.read(name)
    for name, content in libraries(bench):
        yield f"lib/{name}", content


def libraries(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """Path below lib/ and bytes: stand-ins for the app's own libraries, and those of AndroidX."""
    for abi, machine in MACHINES.items():
        yield f"{abi}/libhandheld.so", stand_in(machine)
        for aar in bench.folders:
            for path in sorted((aar / "jni" / abi).glob("*.so")):
                yield f"{abi}/{path.name}", path.read_bytes()


def stand_in(machine: int, page: int = PAGE) -> bytes:
    """A shared library for a phone, as small as can be: an ELF header and one segment."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 3, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 120, 120, page)
    return header + segment


def sign(bench: Bench, unsigned: Path, signed: Path, page: int = PAGE) -> None:
    """Align and sign as the Gradle plugin does."""
    arguments: list[str | Path] = ["sign", keys(bench), KEY, PASSWORD, unsigned, signed, bench.lane.min_sdk, str(page)]
    bench.java(bench.set("apksig"), HERE / "java/Sign.java", arguments)


def keys(bench: Bench) -> Path:
    """A key store that is worth nothing."""
    store = bench.work.parent / "keys.p12"
    if not store.is_file():
        command = [bench.lane.jdk / "bin/keytool", "-genkeypair", "-keystore", store, "-storetype", "PKCS12"]
        command += ["-alias", KEY, "-storepass", PASSWORD, "-keyalg", "EC", "-dname", "CN=Test", "-validity", "10000"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return store


def check_apk(bench: Bench, path: Path) -> str:
    """Signature, libraries and models of an APK; the sentence has their numbers.

    Raises:
        CheckFailed: a phone or a store would not take it, or would have to unpack it.
    """
    bench.java(bench.set("apksig"), HERE / "java/Sign.java", ["verify", path, bench.lane.min_sdk])
    found = {entry.name: entry for entry in entries(path)}
    shared = [entry for entry in found.values() if entry.name.endswith(".so")]
    own = {f"lib/{abi}/libhandheld.so" for abi in MACHINES}
    if not own <= set(found) or "classes.dex" not in found:
        raise CheckFailed(f"{path.name} lacks {', '.join(sorted({*own, 'classes.dex'} - set(found)))}")
    with zipfile.ZipFile(path) as archive:
        for entry in shared:
            _check_library(entry, archive.read(entry.name))
    models = [f"assets/{task.parent.name}/{file}" for task, file in model_files(bench)]
    for name in models:
        if name not in found:
            raise CheckFailed(f"{path.name} lacks the model {name}")
        if not found[name].stored:
            raise CheckFailed(f"{name} is compressed: it cannot be read where it lies")
    badging = aapt2(bench, "dump", "badging", path)
    if "uses-permission: name='android.permission" in badging:
        raise CheckFailed("the package asks for a permission of the system")
    size = path.stat().st_size
    rest = size - sum(found[name].size for name in models)
    return f"{size / 1e6:.1f} MB, {rest / 1e6:.2f} MB without models; {len(shared)} libraries at 16 KB"


def _check_library(entry: Entry, content: bytes) -> None:
    if not entry.stored:
        raise CheckFailed(f"{entry.name} is compressed: it would be unpacked at installation")
    if entry.offset % PAGE:
        raise CheckFailed(f"{entry.name} begins at {entry.offset}, which is no multiple of {PAGE}")
    loaded = [segment["p_align"] for segment in ELFFile(io.BytesIO(content)).iter_segments("PT_LOAD")]
    if not loaded or min(loaded) < PAGE:
        raise CheckFailed(f"{entry.name} is linked for pages of {min(loaded, default=0)} bytes")


def model_files(bench: Bench) -> list[tuple[Path, str]]:
    """(task.json, name of a file that it needs)."""
    found = []
    for task in sorted((bench.lane.app / "tasks").glob("*/task.json")):
        found += [(task, str(file)) for file in json.loads(task.read_text(encoding="utf-8"))["files"].values()]
    if not found:
        raise CheckFailed("no task of the app names a model")
    return found


def entries(path: Path) -> list[Entry]:
    """The files of a zip; offsets are those of their bytes, behind the local header."""
    found = []
    with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
        for info in archive.infolist():
            raw.seek(info.header_offset + 26)
            name, extra = struct.unpack("<HH", raw.read(4))
            offset = info.header_offset + 30 + name + extra
            found.append(Entry(info.filename, offset, info.compress_type == zipfile.ZIP_STORED, info.compress_size))
    return found


def bundle(bench: Bench) -> str:
    """An app bundle; bundletool has to find it right, and make APKs of it that are right."""
    base, target = bench.work / "base.zip", bench.work / "app-release.aab"
    proto = bench.work / "proto.apk"
    aapt2(bench, "convert", "--output-format", "proto", "-o", proto, bench.work / "res.apk")
    with zipfile.ZipFile(base, "w") as archive:
        for name, content in _module(bench, proto):
            archive.writestr(zipfile.ZipInfo(name, TIME), content, zipfile.ZIP_STORED)
    build_bundle(bench, base, target)
    bundletool(bench, "validate", f"--bundle={target}")
    return "valid; as one APK " + check_apk(bench, _universal(bench, target))


def _module(bench: Bench, proto: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(proto) as resources:
        for name in resources.namelist():
            yield ("manifest/" if name == "AndroidManifest.xml" else "") + name, resources.read(name)
    with zipfile.ZipFile(bench.work / "dex.zip") as dex:
        for name in dex.namelist():
            if name.endswith(".dex"):
                yield f"dex/{name}", dex.read(name)
    for name, content in libraries(bench):
        yield f"lib/{name}", content


def build_bundle(bench: Bench, base: Path, target: Path) -> None:
    """Make a bundle of one module, with the settings that the Gradle plugin writes."""
    target.unlink(missing_ok=True)
    config = bench.work / "bundle.json"
    globs = [f"**{suffix}" for suffix in no_compress(bench)]
    config.write_text(json.dumps({**CONFIG, "compression": {"uncompressedGlob": globs}}), encoding="utf-8")
    bundletool(bench, "build-bundle", f"--modules={base}", f"--output={target}", f"--config={config}")


def _universal(bench: Bench, target: Path) -> Path:
    made = bench.work / "universal.apks"
    made.unlink(missing_ok=True)
    key = [f"--ks={keys(bench)}", f"--ks-key-alias={KEY}", f"--ks-pass=pass:{PASSWORD}", f"--key-pass=pass:{PASSWORD}"]
    options = [f"--output={made}", "--mode=universal", f"--aapt2={bench.lane.cache / 'aapt2'}", *key]
    bundletool(bench, "build-apks", f"--bundle={target}", *options)
    with zipfile.ZipFile(made) as archive:
        archive.extract("universal.apk", bench.work)
    return bench.work / "universal.apk"


def bundletool(bench: Bench, *arguments: str) -> str:
    """What bundletool prints."""
    return bench.java(bench.set("bundletool"), "com.android.tools.build.bundletool.BundleToolMain", arguments)
