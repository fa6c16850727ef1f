"""The model that tests give to the runtime `executorch`, written with the package `flatbuffers`: no compiler is needed.

The tables are those of ExecuTorch's schema/program.fbs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import flatbuffers

UINT8, INT64, FLOAT32 = 0, 4, 6
"""Element types (ScalarType)."""
NULL, INT, TENSOR, STRING, INTS = 1, 2, 5, 6, 7
"""What a value is (KernelTypes)."""
KERNEL, DELEGATE = 1, 2
"""What an instruction does (InstructionArguments)."""
MOST = 4096
"""The largest n of x f32 [n, 2]."""


def tiny_tensors(folder: Path) -> str:
    """The model that native/tests/tensors.cpp knows: what `--model` takes."""
    path = folder / "tiny.pte"
    values = [
        Array(FLOAT32, (MOST, 2), free=True),  # x
        Array(FLOAT32, (1, 2)),  # step
        Array(FLOAT32, (1, 2)),  # sum
        Array(UINT8, (4,)),  # pixels
        1,
        None,
        Array(FLOAT32, (MOST, 2), free=True),  # y
        Array(FLOAT32, (1, 2)),  # total
        Array(UINT8, (4,)),  # copy
    ]
    calls = [
        Call("aten::add", "out", (0, 0, 4, 6, 6)),
        Call("aten::add", "out", (1, 2, 4, 7, 7)),
        Call("aten::clone", "out", (3, 5, 8, 8)),
    ]
    whole = {"scale": 0.5, "zero_point": 128}
    names = {
        "inputs": [{"name": "x", "shape": ["n", 2]}, {"name": "step"}, {"name": "sum"}, {"name": "pixels", **whole}],
        "outputs": [{"name": "y", "shape": ["n", 2]}, {"name": "total"}, {"name": "copy", **whole}],
    }
    path.write_bytes(program(values, calls, (0, 1, 2, 3), (6, 7, 8), names=json.dumps(names)))
    return str(path)


def identity(
    element: int,
    shape: Sequence[int],
    *,
    order: Sequence[int] = (),
    copy: str = "aten::view_copy",
    names: bool = True,
    method: str = "forward",
    delegate: str | None = None,
) -> bytes:
    """The input x, of at most this shape, given back as y by the operator `copy`; the rest is as in program()."""
    port = Array(element, shape, free=True, order=order)
    said = {"inputs": [{"name": "x", "shape": ["n"]}], "outputs": [{"name": "y", "shape": ["n"]}]}
    every = -1  # one axis, as long as there are elements
    calls = [Call(copy, "out", (0, 1, 3, 3))]
    text = json.dumps(said) if names else None
    return program([port, [2], every, port], calls, (0,), (3,), method=method, names=text, delegate=delegate)


class Array(NamedTuple):
    """A tensor without data; with `free`, its sizes are the largest ones."""

    element: int
    shape: Sequence[int]
    free: bool = False
    order: Sequence[int] = ()

    @property
    def bytes(self) -> int:
        """What it takes of the planned memory, aligned."""
        count = 8  # of the largest element
        for size in self.shape:
            count *= size
        return -(-count // 16) * 16


class Call(NamedTuple):
    """An operator with its arguments, by their places in the values; outputs come last, and once more."""

    name: str
    overload: str
    arguments: Sequence[int]


Value = Array | int | str | list[int] | None
"""A list holds the places of its numbers."""


def program(
    values: Sequence[Value],
    calls: Sequence[Call],
    inputs: Sequence[int],
    outputs: Sequence[int],
    *,
    method: str = "forward",
    names: str | None = None,
    delegate: str | None = None,
) -> bytes:
    """A whole file: one method, and the constant method that names its inputs and outputs."""
    builder = flatbuffers.Builder(1024)
    plans = [_plan(builder, method, values, calls, (inputs, outputs), delegate)]
    if names is not None:
        plans.append(_plan(builder, "handheld_io", [names], [], ((), (0,)), None))
    empty = _table(builder, 1, {})
    inline = _table(builder, 1, {0: _bytes(builder, b"nothing that a delegate knows")})
    constants = _table(builder, 2, {1: _numbers(builder, (0,), 8)})  # one offset: there are none
    parts = {1: _tables(builder, plans), 2: _tables(builder, [empty]), 3: _tables(builder, [inline]), 5: constants}
    builder.Finish(_table(builder, 8, parts), b"ET12")
    return bytes(builder.Output())


def _plan(
    builder: flatbuffers.Builder,
    name: str,
    values: Sequence[Value],
    calls: Sequence[Call],
    ports: tuple[Sequence[int], Sequence[int]],
    delegate: str | None,
) -> int:
    at, written = 0, []
    for value in values:
        written.append(_value(builder, value, at))
        at += value.bytes if isinstance(value, Array) else 0
    kernels = sorted({(call.name, call.overload) for call in calls})
    operators = [
        _table(builder, 2, {0: builder.CreateString(operator), 1: builder.CreateString(overload)})
        for operator, overload in kernels
    ]
    steps = [_instruction(builder, KERNEL, kernels.index((call.name, call.overload)), call.arguments) for call in calls]
    delegates = []
    if delegate is not None:
        builder.StartObject(2)
        reference = builder.EndObject()  # inline, the first one
        identity, specs = builder.CreateString(delegate), _tables(builder, [])
        delegates.append(_table(builder, 3, {0: identity, 1: reference, 2: specs}))
        steps.append(_instruction(builder, DELEGATE, 0, (*ports[0], *ports[1])))
    chain = {0: _numbers(builder, ()), 1: _numbers(builder, ()), 2: _tables(builder, steps)}
    chains = _tables(builder, [_table(builder, 4, chain)])
    kept = {0: builder.CreateString(name), 2: _tables(builder, written), 5: chains, 6: _tables(builder, operators)}
    kept |= {3: _numbers(builder, ports[0]), 4: _numbers(builder, ports[1]), 7: _tables(builder, delegates)}
    return _table(builder, 10, {**kept, 8: _numbers(builder, (0, at), 8)})


def _value(builder: flatbuffers.Builder, value: Value, at: int) -> int:
    match value:
        case Array():
            kind, inner = TENSOR, _array(builder, value, at)
        case int():
            builder.StartObject(1)
            builder.PrependInt64Slot(0, value, 0)
            kind, inner = INT, builder.EndObject()
        case list():
            kind, inner = INTS, _table(builder, 1, {0: _numbers(builder, value, 8)})
        case str():
            kind, inner = STRING, _table(builder, 1, {0: builder.CreateString(value)})
        case None:
            kind, inner = NULL, _table(builder, 0, {})
    builder.StartObject(2)
    builder.PrependUint8Slot(0, kind, 0)
    builder.PrependUOffsetTRelativeSlot(1, inner, 0)
    return int(builder.EndObject())


def _array(builder: flatbuffers.Builder, array: Array, at: int) -> int:
    sizes = _numbers(builder, array.shape)
    order = _bytes(builder, bytes(array.order or range(len(array.shape))))
    builder.StartObject(3)
    builder.PrependUint32Slot(0, 1, 0)
    builder.PrependUint32Slot(1, at, 0)
    place = builder.EndObject()
    builder.StartObject(10)
    builder.PrependInt8Slot(0, array.element, 0)
    for slot, offset in ((2, sizes), (3, order), (6, place)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.PrependInt8Slot(8, int(array.free), 0)
    return int(builder.EndObject())


def _instruction(builder: flatbuffers.Builder, kind: int, index: int, arguments: Sequence[int]) -> int:
    places = _numbers(builder, arguments)
    builder.StartObject(2)
    builder.PrependInt32Slot(0, index, 0)
    builder.PrependUOffsetTRelativeSlot(1, places, 0)
    call = builder.EndObject()
    builder.StartObject(2)
    builder.PrependUint8Slot(0, kind, 0)
    builder.PrependUOffsetTRelativeSlot(1, call, 0)
    return int(builder.EndObject())


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


def _bytes(builder: flatbuffers.Builder, data: bytes) -> int:
    builder.StartVector(1, len(data), 16)
    for byte in reversed(data):
        builder.PrependByte(byte)
    return int(builder.EndVector())


def _numbers(builder: flatbuffers.Builder, numbers: Sequence[int], size: int = 4) -> int:
    builder.StartVector(size, len(numbers), size)
    for number in reversed(numbers):
        builder.PrependInt64(number) if size == 8 else builder.PrependInt32(number)
    return int(builder.EndVector())
