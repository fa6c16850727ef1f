"""Pictures for tests: photographs out of scikit-image's package, and pictures as the core takes them."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Sequence

from PIL import Image

from handheld import archives
from handheld.abi import ValueStruct
from handheld.binding import Value
from handheld.progress import SilentProgress
from handheld.status import Kind, Pixels
from handheld.tools import Tools

PACKAGE = "scikit-image==0.26.0"
SHA256 = "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af"
BYTES = 13_711_217
PHOTOS = ("chelsea.png", "coffee.png", "camera.png", "rocket.jpg", "astronaut.png")
"""A cat, a cup, a man with a camera on a tripod (grey), a rocket, an astronaut; free, see its data/README.txt."""
TURNED = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""Pillow counts against the clock."""


def photo_bytes(tools: Tools) -> dict[str, bytes]:
    """The files of PHOTOS, by name, out of the package; fetched once into the cache of `tools`."""
    archive = tools.fetch_pypi(PACKAGE, SHA256, "wheel", SilentProgress(), BYTES, "3.11")
    found = {}
    for name in PHOTOS:
        with archives.member(archive, "wheel", f"skimage/data/{name}") as file:
            found[name] = file.read()
    return found


def photos(tools: Tools) -> dict[str, Image.Image]:
    """PHOTOS as RGB pictures."""
    return {name: Image.open(io.BytesIO(data)).convert("RGB") for name, data in photo_bytes(tools).items()}


def picture_value(picture: Image.Image, port: str | None = None) -> Value:
    """A picture as the core takes it."""
    return Value(
        Kind.IMAGE,
        picture.convert("RGBA").tobytes(),
        port,
        pixels=Pixels.RGBA8,
        width=picture.width,
        height=picture.height,
        row_strides=(picture.width * 4,),
        pixel_strides=(4,),
    )


def upright(picture: Image.Image, rotation: int) -> Image.Image:
    """What a picture with this rotation shows."""
    return picture.transpose(TURNED[rotation]) if rotation else picture


class Planes:
    """An image value and the memory that it points to. `planes` are bytes with their row and pixel strides."""

    def __init__(
        self, size: tuple[int, int], pixels: Pixels, rotation: int, planes: Sequence[tuple[bytes, int, int]]
    ) -> None:
        self.value = ValueStruct(struct_size=ctypes.sizeof(ValueStruct), kind=Kind.IMAGE, pixels=pixels)
        self.value.width, self.value.height = size
        self.value.rotation = rotation
        self._memory = [ctypes.create_string_buffer(data, len(data)) for data, _, _ in planes]
        for index, (data, row, pixel) in enumerate(planes):
            address = ctypes.addressof(self._memory[index])
            self.value.row_strides[index], self.value.pixel_strides[index] = row, pixel
            if index == 0:
                self.value.data, self.value.size = address, len(data)
            else:
                self.value.planes[index - 1] = address

    @classmethod
    def rgba(cls, picture: Image.Image, rotation: int = 0, padding: int = 0) -> Planes:
        """An RGB picture as rgba8, each row followed by `padding` bytes."""
        row = picture.width * 4
        data = picture.convert("RGBA").tobytes()
        padded = b"".join(data[at : at + row] + b"\xee" * padding for at in range(0, len(data), row))
        return cls(picture.size, Pixels.RGBA8, rotation, [(padded, row + padding, 4)])
