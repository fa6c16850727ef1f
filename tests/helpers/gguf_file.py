"""Writes GGUF files byte by byte, also wrong ones."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

ALIGNMENT = 32
F32 = 0


def text(value: str | bytes) -> bytes:
    """A length and the bytes."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def value(content: object) -> bytes:
    """A type number and the value: texts, u32 (or u64 when larger), booleans, floats, lists of texts or numbers."""
    match content:
        case bool():
            return struct.pack("<I?", 7, content)
        case int():
            return struct.pack("<II", 4, content) if content < 1 << 32 else struct.pack("<IQ", 10, content)
        case float():
            return struct.pack("<If", 6, content)
        case str() | bytes():
            return struct.pack("<I", 8) + text(content)
        case [str(), *texts]:
            return struct.pack("<IIQ", 9, 8, len(texts) + 1) + b"".join(
                text(str(item)) for item in (content[0], *texts)
            )
        case [*numbers]:
            return struct.pack("<IIQ", 9, 5, len(numbers)) + struct.pack(f"<{len(numbers)}i", *numbers)
        case _:
            raise TypeError(content)


def tensor(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    """One tensor's entry in the header."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def header(keys: Mapping[str, object], tensors: Sequence[bytes] = (), version: int = 3) -> bytes:
    """The whole header, padded."""
    data = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    data += b"".join(text(name) + value(content) for name, content in keys.items()) + b"".join(tensors)
    return data + bytes(-len(data) % ALIGNMENT)


MODEL_KEYS: Mapping[str, object] = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.license": "mit",
    "llama.context_length": 512,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.ggml.token_type": [1, 2, 3],
    "tokenizer.chat_template": "{{ messages }}",
}


def small_model(keys: Mapping[str, object] = MODEL_KEYS, version: int = 3) -> bytes:
    """A whole file with one tensor of 64 f32 values."""
    return header(keys, [tensor("weights", [8, 8], F32, 0)], version) + bytes(range(256))


def write_model(path: Path, data: bytes | None = None) -> Path:
    """Write a model file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small_model() if data is None else data)
    return path
