"""The app's icon in the app's own colour: a picture with a palette needs one entry changed, and no image library."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE = b"PLTE"


def recolour(png: bytes, color: str) -> bytes:
    """Give a PNG with a palette whose first entry, the background, is `color`.

    Args:
        png: A whole PNG file.
        color: "#RRGGBB".

    Raises:
        ValueError: it is no PNG, or one without a palette.
    """
    if not png.startswith(SIGNATURE):
        raise ValueError("not a PNG file")
    at = len(SIGNATURE)
    while at + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        begin, end = at + 8, at + 8 + length
        if kind == PALETTE:
            palette = bytes.fromhex(color[1:]) + png[begin + 3 : end]
            check = struct.pack(">I", zlib.crc32(kind + palette))
            return png[:begin] + palette + check + png[end + 4 :]
        at = end + 4  # the chunk's own check
    raise ValueError("a PNG file without a palette")
