"""A Core ML package for tests, written byte by byte: no converter is needed for it.

The scenario that other runtimes of shape `tensors` go through needs elements of 8 bits, which MLMultiArray did not have
before iOS 26, so there is no `tiny_tensors` here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

SPECIFICATION, OPSET = 8, "CoreML7"
"""Of iOS 17 and macOS 14."""
FLOAT32, STRING = 11, 2
"""Element types of the ML Program, as in MIL.proto."""
MULTI_ARRAY_FLOAT32 = 65568
"""The same for the model's inputs and outputs, as in FeatureTypes.proto."""
ROOT = "com.apple.CoreML"


def package(folder: Path, name: str = "tiny.mlpackage", *, shape: Sequence[int] = (1, 2), weights: bool = True) -> Path:
    """The folder of an ML Program with the input x and the outputs y = x * two and z = y + x, both shaped like x.

    `two` lies in the file of weights, or in the program itself when `weights` is false.
    """
    target = folder / name
    root = target / "Data" / ROOT
    (root / "weights").mkdir(parents=True)
    (root / "model.mlmodel").write_bytes(model(shape, weights=weights))
    (root / "weights" / "weight.bin").write_bytes(blob(struct.pack("<f", 2.0)))
    items = {"one": "model.mlmodel", "two": "weights"}
    entries = {
        key: {"author": ROOT, "description": "of a test", "name": item, "path": f"{ROOT}/{item}"}
        for key, item in items.items()
    }
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": "one"}
    (target / "Manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return target


def model(shape: Sequence[int] = (1, 2), *, weights: bool = True) -> bytes:
    """The specification: Model of Model.proto."""
    features = _bytes(1, _feature("x", shape)) + _bytes(10, _feature("y", shape)) + _bytes(10, _feature("z", shape))
    two = _file_value(64) if weights else _value((), _bytes(1, _bytes(1, struct.pack("<f", 2.0))))
    operations = [
        _operation("const", {}, "two", (), {"val": two}),
        _operation("mul", {"x": "x", "y": "two"}, "y", shape),
        _operation("add", {"x": "y", "y": "x"}, "z", shape),
    ]
    block = _bytes(2, b"y") + _bytes(2, b"z") + b"".join(_bytes(3, operation) for operation in operations)
    function = _bytes(1, _named("x", shape)) + _bytes(2, OPSET.encode()) + _map(3, {OPSET: block})
    program = _number(1, 1) + _map(2, {"main": function})
    return _number(1, SPECIFICATION) + _bytes(2, features) + _bytes(502, program)


def blob(data: bytes) -> bytes:
    """A file of weights, version 2, with one array of 32-bit floats, whose entry begins at byte 64."""
    head = struct.pack("<II56x", 1, 2)
    entry = struct.pack("<IIQQ40x", 0xDEADBEEF, 2, len(data), 128)  # 2: 32-bit floats; where they begin
    return head + entry + data.ljust(64, b"\0")


def _feature(name: str, shape: Sequence[int]) -> bytes:
    """FeatureDescription of an array."""
    array = _bytes(1, b"".join(_varint(size) for size in shape)) + _number(2, MULTI_ARRAY_FLOAT32)
    return _bytes(1, name.encode()) + _bytes(3, _bytes(5, array))


def _operation(
    kind: str,
    inputs: Mapping[str, str],
    output: str,
    shape: Sequence[int],
    attributes: Mapping[str, bytes] | None = None,
) -> bytes:
    arguments = {name: _bytes(1, _bytes(1, value.encode())) for name, value in inputs.items()}
    name = _bytes(2, _bytes(1, _type((), STRING))) + _bytes(3, _bytes(1, _bytes(4, _bytes(1, output.encode()))))
    outputs = _bytes(3, _named(output, shape))
    return _bytes(1, kind.encode()) + _map(2, arguments) + outputs + _map(5, {"name": name, **(attributes or {})})


def _named(name: str, shape: Sequence[int]) -> bytes:
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _type(shape)))


def _type(shape: Sequence[int], element: int = FLOAT32) -> bytes:
    """TensorType."""
    sizes = b"".join(_bytes(3, _bytes(1, _number(1, size))) for size in shape)
    return _number(1, element) + (_number(2, len(shape)) if shape else b"") + sizes


def _value(shape: Sequence[int], tensor: bytes) -> bytes:
    return _bytes(2, _bytes(1, _type(shape))) + _bytes(3, _bytes(1, tensor))


def _file_value(offset: int) -> bytes:
    where = _bytes(1, b"@model_path/weights/weight.bin") + _number(2, offset)
    return _bytes(2, _bytes(1, _type(()))) + _bytes(5, where)


def _map(field: int, values: Mapping[str, bytes]) -> bytes:
    return b"".join(_bytes(field, _bytes(1, key.encode()) + _bytes(2, value)) for key, value in values.items())


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content
