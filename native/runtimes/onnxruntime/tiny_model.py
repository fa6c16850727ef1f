"""The model that tests give to the runtime `onnxruntime`, written byte by byte: no package is needed for it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

FLOAT, UINT8 = 1, 2
"""Element types, as in onnx.TensorProto."""


def tiny_tensors(folder: Path) -> str:
    """The model that native/tests/tensors.cpp knows: what `--model` takes."""
    path = folder / "tiny.onnx"
    nodes = [
        node("Mul", ["x", "two"], ["y"]),
        node("Add", ["step", "sum"], ["total"]),
        node("Identity", ["pixels"], ["copy"]),
    ]
    row: Sequence[int | str] = [1, 2]
    inputs = [value("x", FLOAT, ["n", 2]), value("step", FLOAT, row), value("sum", FLOAT, row)]
    inputs.append(value("pixels", UINT8, [4]))
    outputs = [value("y", FLOAT, ["n", 2]), value("total", FLOAT, row), value("copy", UINT8, [4])]
    two = _number(2, FLOAT) + _bytes(8, b"two") + _bytes(9, struct.pack("<f", 2.0))
    path.write_bytes(model(graph(nodes, inputs, outputs, [two])))
    return str(path)


def elsewhere(name: str, file: str) -> bytes:
    """TensorProto of one float, whose bytes lie in another file."""
    location = _bytes(13, _bytes(1, b"location") + _bytes(2, file.encode()))
    return _number(1, 1) + _number(2, FLOAT) + _bytes(8, name.encode()) + location + _number(14, 1)


def model(graph_: bytes, opset: int = 13, domains: Sequence[str] = ()) -> bytes:
    """ModelProto, with version 1 of each of the operator sets `domains`."""
    others = b"".join(_bytes(8, _bytes(1, domain.encode()) + _number(2, 1)) for domain in domains)
    return _number(1, 8) + _bytes(2, b"tests") + _bytes(7, graph_) + _bytes(8, _number(2, opset)) + others


def remark(text: bytes) -> bytes:
    """More of a model: ModelProto.doc_string."""
    return _bytes(6, text)


def graph(
    nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], initializers: Sequence[bytes] = ()
) -> bytes:
    """GraphProto; `initializers` are scalars."""
    fields = ((1, nodes), (5, initializers), (11, inputs), (12, outputs))
    return _bytes(2, b"tiny") + b"".join(_bytes(number, item) for number, items in fields for item in items)


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "") -> bytes:
    """NodeProto without attributes."""
    names = [(1, name) for name in inputs] + [(2, name) for name in outputs] + [(4, operator)]
    return b"".join(_bytes(number, name.encode()) for number, name in names) + _bytes(7, domain.encode())


def value(name: str, element: int, shape: Sequence[int | str]) -> bytes:
    """ValueInfoProto of a tensor; a text is a free size."""
    sizes = b"".join(_bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d.encode())) for d in shape)
    tensor = _number(1, element) + _bytes(2, sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _number(field: int, value_: int) -> bytes:
    return _varint(field << 3) + _varint(value_)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content
