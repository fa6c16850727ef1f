"""The model that tests give to the runtime `litert`, written with the package `flatbuffers`: no converter is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import flatbuffers

FLOAT32, INT32, UINT8, INT64 = 0, 2, 3, 4
"""Element types, as in TensorFlow Lite's schema."""
ADD, MUL, RESHAPE, SHAPE = 0, 18, 22, 77
"""Built-in operators."""
OPTIONS = {ADD: 11, MUL: 21, RESHAPE: 17, SHAPE: 55}
"""The type of each one's options."""


def tiny_tensors(folder: Path) -> str:
    """The model that native/tests/tensors.cpp knows: what `--model` takes."""
    path = folder / "tiny.tflite"
    tensors = [
        Tensor("x", FLOAT32, (1, 2), signature=(-1, 2)),
        Tensor("step", FLOAT32, (1, 2)),
        Tensor("sum", FLOAT32, (1, 2)),
        Tensor("pixels", UINT8, (4,), scale=0.5, zero_point=128),
        Tensor("two", FLOAT32, (), data=b"\0\0\0\x40"),
        Tensor("four", INT32, (1,), data=b"\4\0\0\0"),
        Tensor("y", FLOAT32, (1, 2), signature=(-1, 2)),
        Tensor("total", FLOAT32, (1, 2)),
        Tensor("copy", UINT8, (4,), scale=0.5, zero_point=128),
    ]
    operators = [(MUL, (0, 4), (6,)), (ADD, (1, 2), (7,)), (RESHAPE, (3, 5), (8,))]
    path.write_bytes(model(tensors, operators, (0, 1, 2, 3), (6, 7, 8)))
    return str(path)


def for_two_processors() -> bytes:
    """Three operators that GPUs have, and one on whole numbers of 64 bits, which they leave to the CPU."""
    tensors = [Tensor(name, FLOAT32, (1, 4)) for name in ("x", "a", "b", "y")]
    tensors += [Tensor("two", FLOAT32, (), data=b"\0\0\0\x40"), Tensor("n", INT64, (1, 4)), Tensor("m", INT64, (1, 4))]
    operators = [(MUL, (0, 4), (1,)), (ADD, (1, 1), (2,)), (MUL, (2, 4), (3,)), (ADD, (5, 5), (6,))]
    return model(tensors, operators, (0, 5), (3, 6))


def identity(element: int, signature: Sequence[int]) -> bytes:
    """The input x, given back as y."""
    shape = [max(size, 1) for size in signature]
    every = Tensor("every", INT32, (1,), data=b"\xff\xff\xff\xff")  # one axis, as long as there are elements
    x, y = (Tensor(name, element, shape, signature=signature) for name in "xy")
    return model([x, every, y], [(RESHAPE, (0, 1), (2,))], (0,), (2,))


class Tensor:
    """One array. `signature` has -1 where the size is free; `data` makes it a constant."""

    def __init__(
        self,
        name: str,
        element: int,
        shape: Sequence[int],
        *,
        signature: Sequence[int] = (),
        data: bytes = b"",
        scale: float | None = None,
        zero_point: int = 0,
    ) -> None:
        self.name, self.element, self.shape, self.signature = name, element, shape, signature
        self.data, self.scale, self.zero_point = data, scale, zero_point

    def write(self, builder: flatbuffers.Builder, buffer: int) -> int:
        """A Tensor table."""
        name, shape = builder.CreateString(self.name), _numbers(builder, self.shape, 4)
        signature = _numbers(builder, self.signature, 4) if self.signature else 0
        quantization = 0
        if self.scale is not None:
            builder.StartVector(4, 1, 4)
            builder.PrependFloat32(self.scale)
            scales, zeros = builder.EndVector(), _numbers(builder, (self.zero_point,), 8)
            quantization = _table(builder, 7, {2: scales, 3: zeros})
        builder.StartObject(10)
        for slot, offset in ((0, shape), (3, name), (4, quantization), (7, signature)):
            if offset:
                builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        builder.PrependInt8Slot(1, self.element, 0)
        builder.PrependUint32Slot(2, buffer, 0)
        builder.PrependBoolSlot(8, True, False)  # the number of dimensions is known
        return int(builder.EndObject())


def model(
    tensors: Sequence[Tensor],
    operators: Sequence[tuple[int, Sequence[int], Sequence[int]]],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> bytes:
    """A whole file with one signature; operators are (code, inputs, outputs), by the tensors' places."""
    builder = flatbuffers.Builder(1024)
    codes = sorted({code for code, _, _ in operators})
    constants = [tensor for tensor in tensors if tensor.data]
    buffers = _tables(builder, [_buffer(builder, data) for data in (b"", *(tensor.data for tensor in constants))])
    written = [t.write(builder, 1 + constants.index(t) if t in constants else 0) for t in tensors]
    steps = [_operator(builder, codes.index(code), OPTIONS[code], ins, outs) for code, ins, outs in operators]
    ports = [_numbers(builder, places, 4) for places in (inputs, outputs)]
    graph = _table(builder, 5, {0: _tables(builder, written), 1: ports[0], 2: ports[1], 3: _tables(builder, steps)})
    maps = [_tables(builder, [_port(builder, tensors[i].name, i) for i in places]) for places in (inputs, outputs)]
    signature = _table(builder, 5, {0: maps[0], 1: maps[1], 2: builder.CreateString("serving_default")})
    vectors = {1: _codes(builder, codes), 2: _tables(builder, [graph]), 4: buffers, 7: _tables(builder, [signature])}
    builder.StartObject(8)
    for slot, offset in vectors.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependUint32Slot(0, 3, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    return bytes(builder.Output())


def _codes(builder: flatbuffers.Builder, codes: Sequence[int]) -> int:
    offsets = []
    for code in codes:
        builder.StartObject(4)
        builder.PrependInt8Slot(0, code, 0)
        builder.PrependInt32Slot(2, 1, 1)
        builder.PrependInt32Slot(3, code, 0)
        offsets.append(builder.EndObject())
    return _tables(builder, offsets)


def _operator(builder: flatbuffers.Builder, code: int, kind: int, inputs: Sequence[int], outputs: Sequence[int]) -> int:
    ports = [_numbers(builder, places, 4) for places in (inputs, outputs)]
    builder.StartObject(1)
    builder.PrependInt8Slot(0, INT32 if kind == OPTIONS[SHAPE] else 0, 0)  # what sizes are given as
    options = builder.EndObject()
    builder.StartObject(5)
    builder.PrependUint32Slot(0, code, 0)
    builder.PrependUOffsetTRelativeSlot(1, ports[0], 0)
    builder.PrependUOffsetTRelativeSlot(2, ports[1], 0)
    builder.PrependUint8Slot(3, kind, 0)
    builder.PrependUOffsetTRelativeSlot(4, options, 0)
    return int(builder.EndObject())


def _port(builder: flatbuffers.Builder, name: str, place: int) -> int:
    text = builder.CreateString(name)
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUint32Slot(1, place, 0)
    return int(builder.EndObject())


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    if not data:
        return _table(builder, 1, {})
    builder.StartVector(1, len(data), 16)
    for byte in reversed(data):
        builder.PrependByte(byte)
    return _table(builder, 1, {0: builder.EndVector()})


def _table(builder: flatbuffers.Builder, slots: int, offsets: dict[int, int]) -> int:
    builder.StartObject(slots)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(builder.EndObject())


def _tables(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: flatbuffers.Builder, numbers: Sequence[int], size: int) -> int:
    builder.StartVector(size, len(numbers), size)
    for number in reversed(numbers):
        builder.PrependInt64(number) if size == 8 else builder.PrependInt32(number)
    return int(builder.EndVector())
