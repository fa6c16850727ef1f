"""Reads the tensors of a file that torch.save() wrote, without torch, and without calling what a pickle names.

Of the two forms that such a file has, this is the older one: four pickles, then for each storage its length and bytes.
"""

from __future__ import annotations

import collections
import pickle
from collections.abc import Sequence
from pathlib import Path


class Stored:
    """A tensor: where it lies in a storage, and with which strides (in elements)."""

    def __init__(self, storage: tuple[str, str], offset: int, size: Sequence[int], stride: Sequence[int]) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), tuple(stride)


class Weights(pickle.Unpickler):
    """Reads nothing but tensors in dictionaries: a pickle may ask for any function, and gets only these."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: Stored(storage, offset, size, stride)
        if (module, name) in (("torch", "FloatStorage"), ("torch", "LongStorage")):
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of weights")

    def persistent_load(self, pid: tuple[object, ...]) -> tuple[str, str]:
        _, kind, key, *_ = pid
        return str(kind), str(key)


def read(path: Path) -> dict[str, tuple[tuple[int, ...], bytes]]:
    """Every tensor of 32-bit floats: its shape, and its bytes in row-major order."""
    with path.open("rb") as file:
        for _ in range(3):  # a magic number, the protocol, facts of the machine
            Weights(file).load()
        tensors: dict[str, Stored] = Weights(file).load()
        storages = {}
        sizes = {stored.storage[1]: 4 if stored.storage[0] == "FloatStorage" else 8 for stored in tensors.values()}
        for key in Weights(file).load():
            count = int.from_bytes(file.read(8), "little")
            storages[key] = file.read(count * sizes[key])
    floats = {name: stored for name, stored in tensors.items() if stored.storage[0] == "FloatStorage"}
    return {name: (stored.size, in_order(stored, storages[stored.storage[1]])) for name, stored in floats.items()}


def in_order(stored: Stored, storage: bytes) -> bytes:
    """The elements as they follow one another in the shape, whatever the strides are."""
    elements = memoryview(storage).cast("f")
    *outer, last = stored.size or (1,)
    *steps, step = stored.stride or (1,)
    starts = [stored.offset]
    for count, stride in zip(outer, steps, strict=True):
        starts = [start + index * stride for start in starts for index in range(count)]
    return b"".join(elements[start : start + (last - 1) * step + 1 : step].tobytes() for start in starts)
