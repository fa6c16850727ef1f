"""What runtimes/llama_cpp/swift/ does by hand that llama.cpp's CMake files do: join Metal kernels, list the models."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from swift.toolchain import Swift

OURS = "runtimes/llama_cpp/swift/metal_kernels.S"
SHARED = ("fa_common", "fa_vec_common")
CUT = re.compile(r'#include "(common\.h|dequantize\.h|quantize\.h|fa_common\.metal|fa_vec_common\.metal)"|#pragma once')


def models_left_out(native: Path) -> list[str]:
    """Models of llama.cpp that no models_*.cpp takes, or that several take, or that do not exist; as sentences."""
    batches = sorted((native / "runtimes" / "llama_cpp" / "swift").glob("models_*.cpp"))
    taken = [name for batch in batches for name in re.findall(r'#include "models/(.+)"', batch.read_text("utf-8"))]
    there = {path.name for path in (native / "third_party" / "llama.cpp" / "src" / "models").glob("*.cpp")}
    wrong = [f"{name} is in no models_*.cpp" for name in there - set(taken)]
    wrong += [f"{name} does not exist" for name in set(taken) - there]
    return sorted(wrong + [f"{name} is taken twice" for name in set(taken) if taken.count(name) > 1])


def differences(swift: Swift, native: Path, scratch: Path) -> list[str]:
    """What is wrong with the kernels that metal_kernels.S embeds, as sentences; empty if nothing is."""
    made = scratch / "metal_kernels.o"
    source = native / "third_party" / "llama.cpp" / "ggml" / "src"
    argv = ["clang", "--target=arm64-apple-ios17.0", "-c", "-I", str(source), str(native / OURS), "-o", str(made)]
    done = swift.run(argv, scratch, quiet=True)
    if done.returncode != 0:
        return [f"{OURS} does not assemble:\n{done.stdout}"]
    embedded = read_kernels(made.read_bytes())
    expected = flattened(source)
    wrong = [f"{name} is not embedded" for name in expected.keys() - embedded.keys()]
    wrong += [f"{name} is embedded and does not exist" for name in embedded.keys() - expected.keys()]
    wrong += [
        f"{name} is not what CMake would embed"
        for name in expected.keys() & embedded.keys()
        if _lines(expected[name]) != _lines(embedded[name])
    ]
    return sorted(wrong)


def flattened(source: Path) -> dict[str, str]:
    """Each kernel as the steps in ggml-metal/CMakeLists.txt make it: cat and sed."""
    folder = source / "ggml-metal" / "kernels"
    common = (source / "ggml-common.h").read_text(encoding="utf-8")
    implementation = (source / "ggml-metal" / "ggml-metal-impl.h").read_text(encoding="utf-8")
    made = {}
    for kernel in folder.glob("*.metal"):
        if kernel.stem in SHARED:
            continue
        text = kernel.read_text(encoding="utf-8")
        headers = ["common.h"]
        headers += [name for name in ("dequantize.h", "quantize.h", "fa_common.metal", "fa_vec_common.metal")
                    if f'#include "{name}"' in text]  # fmt: skip
        joined = "".join((folder / name).read_text(encoding="utf-8") for name in headers) + text
        lines = [line for line in joined.splitlines() if not CUT.search(line)]
        joined = "\n".join(lines) + "\n"
        joined = joined.replace("__embed_ggml-common.h__\n", common)
        made[kernel.stem] = joined.replace('#include "ggml-metal-impl.h"\n', implementation)
    return made


def read_kernels(data: bytes) -> dict[str, str]:
    """The texts between _ggml_metallib_<name>_start and _end in a 64-bit Mach-O object."""
    magic, _, _, _, commands, _, _, _ = struct.unpack_from("<8I", data)
    if magic != 0xFEEDFACF:
        raise ValueError("not a 64-bit Mach-O object")
    sections: list[tuple[int, int]] = []  # address, file offset
    symbols: dict[str, int] = {}
    at = 32
    for _ in range(commands):
        kind, size = struct.unpack_from("<2I", data, at)
        if kind == 0x19:  # LC_SEGMENT_64
            (count,) = struct.unpack_from("<I", data, at + 64)
            for number in range(count):
                address, _, offset = struct.unpack_from("<QQI", data, at + 72 + 80 * number + 32)
                sections.append((address, offset))
        elif kind == 0x2:  # LC_SYMTAB
            table, count, strings, _ = struct.unpack_from("<4I", data, at + 8)
            for number in range(count):
                name_at, _, section, _, value = struct.unpack_from("<IBBHQ", data, table + 16 * number)
                name = data[strings + name_at : data.index(b"\0", strings + name_at)].decode()
                address, offset = sections[section - 1]
                symbols[name] = value - address + offset
        at += size
    ends = {name.removesuffix("_end"): place for name, place in symbols.items() if name.endswith("_end")}
    return {
        name.removeprefix("_ggml_metallib_"): data[symbols[f"{name}_start"] : place].decode()
        for name, place in ends.items()
    }


def _lines(text: str) -> list[str]:
    """Blank lines mean nothing: cutting bytes and cutting lines leave different ones."""
    return [line for line in text.splitlines() if line.strip()]
