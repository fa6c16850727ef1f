"""Picture files for tasks on this machine; on a phone, decoding is the platform's part."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from handheld.app_errors import PictureUnreadable, PillowMissing
from handheld.binding import Value
from handheld.status import Kind, Pixels


def read_picture(source: str | bytes) -> Value:
    """Decode a picture, given as a path or as the file's bytes, to an upright rgba8 value.

    Raises:
        MachineError: Pillow is not installed.
        FileError: there is no such file, or it is no picture.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - an optional part
    except ImportError:
        raise PillowMissing(sys.executable) from None
    name = source if isinstance(source, str) else "standard input"
    try:
        with Image.open(Path(source) if isinstance(source, str) else io.BytesIO(source)) as picture:
            shown = ImageOps.exif_transpose(picture).convert("RGBA")
    except UnidentifiedImageError:
        raise PictureUnreadable(name, "it is of no kind that Pillow knows") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: of a damaged PNG
        raise PictureUnreadable(name, getattr(error, "strerror", None) or str(error)) from error
    return Value(
        Kind.IMAGE,
        shown.tobytes(),
        pixels=Pixels.RGBA8,
        width=shown.width,
        height=shown.height,
        row_strides=(shown.width * 4,),
        pixel_strides=(4,),
    )
