"""The icon's colour: one palette entry is replaced, everything else stays, and what is no such picture is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from handheld.icon import recolour
from handheld.identity import accents

TEMPLATE = "ios-template/{{cookiecutter.folder}}/App/Assets.xcassets/AppIcon.appiconset/AppIcon.png"


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Each chunk of a PNG; fails when a check is wrong or something is left over."""
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        body = png[at + 4 : at + 8 + length]
        assert zlib.crc32(body) == struct.unpack_from(">I", png, at + 8 + length)[0]
        found.append((body[:4], body[4:]))
        at += 12 + length
    assert at == len(png)
    return found


def pixels(png: bytes) -> bytes:
    return zlib.decompress(b"".join(body for kind, body in chunks(png) if kind == b"IDAT"))


@pytest.fixture
def icon(repository: Path) -> bytes:
    return (repository / TEMPLATE).read_bytes()


@pytest.mark.parametrize("name", ["Parrot", "नमस्ते", "Tom & Jerry's"])
def test_background_becomes_the_apps_colour(icon: bytes, name: str) -> None:
    color, _ = accents(name)
    made = recolour(icon, color)
    before, after = chunks(icon), chunks(made)
    assert [kind for kind, _ in after] == [kind for kind, _ in before]
    palette = dict(after)[b"PLTE"]
    assert palette[:3] == bytes.fromhex(color[1:])
    assert palette[3:] == b"\xff\xff\xff"
    assert pixels(made) == pixels(icon)
    assert recolour(made, "#" + dict(before)[b"PLTE"][:3].hex()) == icon


def test_first_colour_is_the_background(icon: bytes) -> None:
    assert pixels(icon)[1] == 0, "the corner's eight pixels have the first colour"


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82"]
)
def test_what_has_no_palette_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        recolour(data, "#000000")
