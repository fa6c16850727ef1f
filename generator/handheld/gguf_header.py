"""Reads the header of a GGUF file (versions 2 and 3): a few keys, and whether the file is as long as its tensors say.

Layout after the specification in ggml's docs/gguf.md. Every count and length comes from the file and is checked against
its size before use, so that a damaged or hostile file gives a sentence, never a long wait or a large allocation.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

MAGIC = b"GGUF"
MAX_KEYS = 65_536
MAX_TENSORS = 1_000_000
MAX_ITEMS = 10_000_000
"""Of one array; the largest vocabularies have 300,000."""
MAX_TEXT = 16 * 1024 * 1024
MAX_DIMENSIONS = 4
DEFAULT_ALIGNMENT = 32

_U32 = Struct("<I")
_U64 = Struct("<Q")
_TENSOR_TAIL = Struct("<IQ")
_SCALARS = dict(enumerate(map(Struct, ("<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?"))))
_SCALARS |= {10: Struct("<Q"), 11: Struct("<q"), 12: Struct("<d")}
_STRING, _ARRAY = 8, 9

_BLOCKS = {
    # ggml_type: (elements, bytes) of one block
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


class HeaderError(Exception):
    """A sentence part that says what is wrong with the file, without its name."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What the header says. `context` is tokens; `size_needed` the least bytes that a whole file has.

    `embeds` is true for models that give vectors: their header says how the vectors of the tokens become one, or that
    attention looks both ways.
    """

    version: int
    architecture: str | None
    name: str | None
    licence: str | None
    context: int | None
    chat_template: bool
    embeds: bool
    tensors: int
    size_needed: int


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of `path`.

    Raises:
        HeaderError: the header is damaged, or the file ends before its last tensor.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 24:
            raise HeaderError(f"it ends after {size} bytes, within its header")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(data, size)


def _read(data: mmap.mmap, size: int) -> GgufHeader:
    cursor = _Cursor(data, size)
    if cursor.take(4) != MAGIC:
        raise HeaderError("it does not begin with the letters GGUF")
    version = cursor.u32()
    if version not in (2, 3):
        turned = int.from_bytes(version.to_bytes(4, "little"), "big")
        reason = "is made for big-endian machines" if turned in (2, 3) else f"has version {version}; 2 and 3 are known"
        raise HeaderError(f"its header {reason}")
    tensors = cursor.count("tensors", MAX_TENSORS)
    keys = _keys(cursor, cursor.count("keys", MAX_KEYS))
    end = _tensors_end(cursor, tensors, _alignment(keys))
    if end > size:
        raise HeaderError(f"it should have at least {end:,} bytes and has {size:,}: it is truncated")
    architecture = _text(keys, "general.architecture")
    context = keys.get(f"{architecture}.context_length")
    return GgufHeader(
        version=version,
        architecture=architecture,
        name=_text(keys, "general.name"),
        licence=_text(keys, "general.license"),
        context=context if isinstance(context, int) and not isinstance(context, bool) and context > 0 else None,
        chat_template=bool(_text(keys, "tokenizer.chat_template")),
        embeds=bool(keys.get(f"{architecture}.pooling_type")) or keys.get(f"{architecture}.attention.causal") is False,
        tensors=tensors,
        size_needed=end,
    )


class _Cursor:
    """A place in the file that only moves forward and never past its end."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data, self.size, self.place = data, size, 0

    def take(self, count: int) -> bytes:
        start = self.skip(count)
        return self.data[start : start + count]

    def skip(self, count: int) -> int:
        start = self.place
        if count > self.size - start:
            raise HeaderError(f"it ends after {self.size:,} bytes, within its header")
        self.place = start + count
        return start

    def u32(self) -> int:
        return int(_U32.unpack_from(self.data, self.skip(4))[0])

    def u64(self) -> int:
        return int(_U64.unpack_from(self.data, self.skip(8))[0])

    def count(self, what: str, limit: int) -> int:
        number = self.u64()
        if number > limit:
            raise HeaderError(f"its header speaks of {number:,} {what}, more than the {limit:,} that are plausible")
        return number

    def text(self) -> str:
        try:
            return self.take(self.count("bytes in one text", MAX_TEXT)).decode("utf-8")
        except UnicodeDecodeError:
            raise HeaderError("a text in its header is not UTF-8") from None

    def skip_texts(self, count: int) -> None:
        # A vocabulary has hundreds of thousands: the loop touches locals only.
        read: Callable[[mmap.mmap, int], tuple[int]] = _U64.unpack_from
        data, place, last = self.data, self.place, self.size - 8
        for _ in range(count):
            if place > last:
                break
            place += 8 + read(data, place)[0]
        else:
            self.skip(place - self.place)
            return
        self.skip(self.size)


def _keys(cursor: _Cursor, count: int) -> dict[str, object]:
    keys: dict[str, object] = {}
    for _ in range(count):
        name = cursor.text()
        if name in keys:
            raise HeaderError(f"its header has the key '{name}' twice")
        keys[name] = _value(cursor, name)
    return keys


def _value(cursor: _Cursor, name: str) -> object:
    kind = cursor.u32()
    if kind == _STRING:
        return cursor.text()
    if kind == _ARRAY:
        _skip_array(cursor, name)
        return None
    return _scalar(kind, name).unpack_from(cursor.data, cursor.skip(_scalar(kind, name).size))[0]


def _skip_array(cursor: _Cursor, name: str) -> None:
    kind = cursor.u32()
    count = cursor.count(f"items of '{name}'", MAX_ITEMS)
    if kind == _STRING:
        cursor.skip_texts(count)
    else:
        cursor.skip(count * _scalar(kind, name).size)


def _scalar(kind: int, name: str) -> Struct:
    scalar = _SCALARS.get(kind)
    if scalar is None:
        raise HeaderError(f"the key '{name}' in its header has the unknown type {kind}")
    return scalar


def _alignment(keys: dict[str, object]) -> int:
    alignment = keys.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment > 1 << 20 or alignment & (alignment - 1):
        raise HeaderError(f"its alignment is {alignment!r}, not a power of two")
    return alignment


def _tensors_end(cursor: _Cursor, count: int, alignment: int) -> int:
    """The byte after the last tensor's data."""
    end = 0
    for _ in range(count):
        name = cursor.text()
        dimensions = cursor.u32()
        if dimensions > MAX_DIMENSIONS:
            raise HeaderError(f"its tensor '{name}' has {dimensions} dimensions; {MAX_DIMENSIONS} at most are possible")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.u64()
        kind, offset = _TENSOR_TAIL.unpack_from(cursor.data, cursor.skip(_TENSOR_TAIL.size))
        if offset % alignment:
            raise HeaderError(f"its tensor '{name}' begins at {offset:,}, which is no multiple of {alignment}")
        # Types that are newer than this table only count with their place.
        per_block, block_bytes = _BLOCKS.get(kind, (elements or 1, 0))
        end = max(end, offset + -(-elements // per_block) * block_bytes)
    return -(-cursor.place // alignment) * alignment + end if count else cursor.place


def _text(keys: dict[str, object], name: str) -> str | None:
    value = keys.get(name)
    return value if isinstance(value, str) and value else None
