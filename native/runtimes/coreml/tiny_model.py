"""Core ML packages for tests, written byte by byte: no converter is needed for them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SPECIFICATION, OPSET = 8, "CoreML7"
"""Of iOS 17 and macOS 14."""
FLOAT32, INT32, STRING = 11, 23, 2
"""Element types of the ML Program, as in MIL.proto."""
MULTI_ARRAY = {FLOAT32: 65568, INT32: 131104}
"""The same for the model's inputs and outputs, as in FeatureTypes.proto."""
MOST = 4096
"""The largest n of x f32 [n, 2]."""
ROOT = "com.apple.CoreML"
OTHERWISE = ("i32", "chooses")
"""What the scenario of native/tests/tensors.cpp meets here: MLMultiArray had no elements of 8 bits before iOS 26, and
threads and processor are Core ML's own choice."""


class Port(NamedTuple):
    """An array that goes in or comes out; a size of None is free, from 1 to MOST."""

    name: str
    shape: Sequence[int | None]
    element: int = FLOAT32


def tiny_tensors(folder: Path) -> str:
    """The model that native/tests/tensors.cpp knows, but for the type of `pixels`: what `--model` takes."""
    inputs = Port("x", (None, 2)), Port("step", (1, 2)), Port("sum", (1, 2)), Port("pixels", (4,), INT32)
    outputs = Port("y", (None, 2)), Port("total", (1, 2)), Port("copy", (4,), INT32)
    operations = [
        _two(_value((), _bytes(1, _bytes(1, struct.pack("<f", 2.0))))),
        _operation("mul", {"x": "x", "y": "two"}, outputs[0]),
        _operation("add", {"x": "step", "y": "sum"}, outputs[1]),
        _operation("identity", {"x": "pixels"}, outputs[2]),
    ]
    return str(_folder(folder / "tensors.mlpackage", specification(inputs, outputs, operations), weights=False))


def package(folder: Path, name: str = "tiny.mlpackage", *, shape: Sequence[int] = (1, 2), weights: bool = True) -> Path:
    """The folder of an ML Program with the input x and the outputs y = x * two and z = y + x, both shaped like x.

    `two` lies in the file of weights, or in the program itself when `weights` is false.
    """
    return _folder(folder / name, model(shape, weights=weights), weights=True)


def model(shape: Sequence[int] = (1, 2), *, weights: bool = True) -> bytes:
    """The specification of that."""
    x, y, z = (Port(name, shape) for name in "xyz")
    two = _file_value(64) if weights else _value((), _bytes(1, _bytes(1, struct.pack("<f", 2.0))))
    operations = [
        _two(two),
        _operation("mul", {"x": "x", "y": "two"}, y),
        _operation("add", {"x": "y", "y": "x"}, z),
    ]
    return specification((x,), (y, z), operations)


def specification(inputs: Sequence[Port], outputs: Sequence[Port], operations: Sequence[bytes]) -> bytes:
    """Model of Model.proto, with an ML Program."""
    features = [_bytes(1, _feature(port, _range(port))) for port in inputs]
    # Of an output with a free size no shape is said.
    features += [_bytes(10, _feature(port if None not in port.shape else port._replace(shape=()))) for port in outputs]
    given = [_bytes(2, port.name.encode()) for port in outputs]
    block = b"".join([*given, *(_bytes(3, operation) for operation in operations)])
    function = (
        b"".join(_bytes(1, _named(port)) for port in inputs) + _bytes(2, OPSET.encode()) + _map(3, {OPSET: block})
    )
    program = _number(1, 1) + _map(2, {"main": function})
    return _number(1, SPECIFICATION) + _bytes(2, b"".join(features)) + _bytes(502, program)


def _folder(target: Path, specified: bytes, *, weights: bool) -> Path:
    root = target / "Data" / ROOT
    root.mkdir(parents=True)
    (root / "model.mlmodel").write_bytes(specified)
    items = {"one": "model.mlmodel"}
    if weights:
        (root / "weights").mkdir()
        (root / "weights" / "weight.bin").write_bytes(blob(struct.pack("<f", 2.0)))
        items["two"] = "weights"
    entries = {
        key: {"author": ROOT, "description": "of a test", "name": item, "path": f"{ROOT}/{item}"}
        for key, item in items.items()
    }
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": "one"}
    (target / "Manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return target


def blob(data: bytes) -> bytes:
    """A file of weights, version 2, with one array of 32-bit floats, whose entry begins at byte 64."""
    head = struct.pack("<II56x", 1, 2)
    entry = struct.pack("<IIQQ40x", 0xDEADBEEF, 2, len(data), 128)  # 2: 32-bit floats; where they begin
    return head + entry + data.ljust(64, b"\0")


def _feature(port: Port, sizes: bytes = b"") -> bytes:
    """FeatureDescription of an array; the shape of one with free sizes is an example."""
    shape = b"".join(_varint(1 if size is None else size) for size in port.shape)
    array = (_bytes(1, shape) if shape else b"") + _number(2, MULTI_ARRAY[port.element]) + sizes
    return _bytes(1, port.name.encode()) + _bytes(3, _bytes(5, array))


def _range(port: Port) -> bytes:
    """ShapeRange, where a size is free."""
    if None not in port.shape:
        return b""
    bounds = [(1, MOST) if size is None else (size, size) for size in port.shape]
    return _bytes(31, b"".join(_bytes(1, _number(1, least) + _number(2, most)) for least, most in bounds))


def _two(value: bytes) -> bytes:
    """The constant that others multiply by."""
    return _operation("const", {}, Port("two", ()), {"val": value})


def _operation(
    kind: str, inputs: Mapping[str, str], output: Port, attributes: Mapping[str, bytes] | None = None
) -> bytes:
    arguments = {name: _bytes(1, _bytes(1, value.encode())) for name, value in inputs.items()}
    name = _bytes(2, _bytes(1, _type((), STRING))) + _bytes(3, _bytes(1, _bytes(4, _bytes(1, output.name.encode()))))
    outputs = _bytes(3, _named(output))
    return _bytes(1, kind.encode()) + _map(2, arguments) + outputs + _map(5, {"name": name, **(attributes or {})})


def _named(port: Port) -> bytes:
    return _bytes(1, port.name.encode()) + _bytes(2, _bytes(1, _type(port.shape, port.element)))


def _type(shape: Sequence[int | None], element: int = FLOAT32) -> bytes:
    """TensorType; a free size is an unknown one."""
    sizes = [_bytes(2, b"") if size is None else _bytes(1, _number(1, size)) for size in shape]
    rank = _number(2, len(shape)) if shape else b""
    return _number(1, element) + rank + b"".join(_bytes(3, size) for size in sizes)


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
