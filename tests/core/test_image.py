"""Image processing of the core against Pillow: to the last bit where Pillow works in RGB, too."""

from __future__ import annotations

import ctypes
import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps

from handheld.status import DType, Pixels, Status
from handheld.tools import Tools
from helpers.pictures import PHOTOS, Planes, photos, upright
from native.support import build, render, run_checks, tiny_file

FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
)
"""In the order of the core's enum."""
SIZES = ((1, 1), (1, 400), (400, 1), (2, 3), (3, 2), (7, 5), (16, 16), (31, 64), (64, 31), (333, 77), (129, 255))
CODES = {DType.F32: "f", DType.U8: "B", DType.I8: "b"}
"""Of the module struct."""
Box = tuple[float, float, float, float]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, tools: Tools) -> Path:
    """The test programs of native/processing/image, as this processor runs them and in plain C++."""
    folder = tmp_path_factory.mktemp("image")
    app = render(folder / "app", "echo", tiny_file("echo", "generate", folder), tools)
    return build(app, folder / "programs", ("image", "image_calls", "image_calls_plain"), tools)


class Calls:
    """The doors of image_calls.cpp."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))

    def resized(
        self,
        planes: Planes,
        size: tuple[int, int],
        sampling: Image.Resampling,
        box: Box | None = None,
        *,
        limited: bool = False,
    ) -> Image.Image:
        part = (ctypes.c_float * 4)(*box) if box else None
        return self._picture("image_resize", size, planes, limited, FILTERS.index(sampling), *size, part)

    def cropped(
        self, planes: Planes, size: tuple[int, int], sampling: Image.Resampling, share: float = 1
    ) -> Image.Image:
        return self._picture("image_crop", size, planes, FILTERS.index(sampling), *size, ctypes.c_double(share))

    def framed(
        self, planes: Planes, size: tuple[int, int], sampling: Image.Resampling, fill: tuple[int, int, int]
    ) -> Image.Image:
        colour = (ctypes.c_uint8 * 3)(*fill)
        return self._picture("image_letterbox", size, planes, FILTERS.index(sampling), *size, colour)

    def tensor(
        self,
        picture: Image.Image,
        dtype: DType,
        *,
        planar: bool = False,
        mean: Sequence[float] = (0, 0, 0),
        deviation: Sequence[float] = (1, 1, 1),
        scale: float = 1,
        zero_point: int = 0,
        blue_first: bool = False,
    ) -> list[float]:
        out = ctypes.create_string_buffer(struct.calcsize(CODES[dtype]) * picture.width * picture.height * 3)
        three = ctypes.c_float * 3
        status = self._library.image_tensor(
            picture.convert("RGBA").tobytes(), *picture.size, int(dtype), planar, three(*mean), three(*deviation),
            ctypes.c_float(scale), zero_point, blue_first, out, ctypes.c_size_t(ctypes.sizeof(out)),
        )  # fmt: skip
        assert status == Status.OK
        return [value for (value,) in struct.iter_unpack(CODES[dtype], out.raw)]

    def _picture(self, function: str, size: tuple[int, int], planes: Planes, *arguments: object) -> Image.Image:
        out = ctypes.create_string_buffer(size[0] * size[1] * 4)
        status = getattr(self._library, function)(ctypes.byref(planes.value), *arguments, out)
        assert status == Status.OK
        return Image.frombytes("RGBX", size, out.raw).convert("RGB")


@pytest.fixture(params=["image_calls", "image_calls_plain"])
def calls(request: pytest.FixtureRequest, programs: Path) -> Calls:
    return Calls(next(programs.glob(f"lib{request.param}.*")))


@pytest.fixture(scope="session")
def pictures(tools: Tools) -> dict[str, Image.Image]:
    return photos(tools)


def noise(size: tuple[int, int], seed: int, *, hard: bool = False) -> Image.Image:
    """A random picture; `hard`: of black and white alone, where bicubic runs over on both sides."""
    picture = Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))
    return picture.point(lambda level: 255 * (level > 127)) if hard else picture


def difference(one: Image.Image, other: Image.Image) -> int:
    """The greatest difference of two values."""
    assert one.size == other.size
    counts = ImageChops.difference(one, other).histogram()
    return max(number % 256 for number, count in enumerate(counts) if count)


@pytest.mark.parametrize("sampling", FILTERS, ids=lambda sampling: sampling.name)
def test_every_pair_of_sizes_is_resized_as_by_pillow(calls: Calls, sampling: Image.Resampling) -> None:
    for number, size in enumerate(SIZES):
        picture = noise(size, number, hard=number % 2 == 0)
        for wanted in SIZES:
            assert (
                difference(calls.resized(Planes.rgba(picture), wanted, sampling), picture.resize(wanted, sampling)) == 0
            ), (size, wanted)


@pytest.mark.parametrize("seed", range(8))
def test_random_pictures_are_turned_cut_and_resized_as_by_pillow(calls: Calls, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        size, wanted = [(chance.randint(1, 200), chance.randint(1, 200)) for _ in range(2)]
        picture = noise(size, chance.randint(0, 1 << 30), hard=chance.random() < 0.5)
        rotation, sampling = chance.choice((0, 90, 180, 270)), chance.choice(FILTERS)
        turned = upright(picture, rotation)
        left, top = chance.uniform(0, turned.width * 0.9), chance.uniform(0, turned.height * 0.9)
        box = (left, top, chance.uniform(left + 0.5, turned.width), chance.uniform(top + 0.5, turned.height))
        if box[2] > turned.width or box[3] > turned.height or chance.random() < 0.5:
            box = (0, 0, turned.width, turned.height)
        ours = calls.resized(Planes.rgba(picture, rotation, chance.choice((0, 1, 60))), wanted, sampling, box)
        assert difference(ours, turned.resize(wanted, sampling, box)) == 0, (size, wanted, rotation, sampling, box)


@pytest.mark.parametrize("name", PHOTOS)
def test_photographs_are_cropped_and_framed_as_by_pillow(
    calls: Calls, pictures: dict[str, Image.Image], name: str
) -> None:
    picture = pictures[name]
    for rotation in (0, 90):
        turned, planes = upright(picture, rotation), Planes.rgba(picture, rotation)
        for sampling in (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
            for size in ((224, 224), (320, 180), (99, 301)):
                assert difference(calls.cropped(planes, size, sampling), ImageOps.fit(turned, size, sampling)) == 0
                padded = ImageOps.pad(turned, size, sampling, color=(9, 8, 7))
                assert difference(calls.framed(planes, size, sampling, (9, 8, 7)), padded) == 0


def test_a_share_of_the_crop_is_the_middle(calls: Calls) -> None:
    picture = noise((200, 160), 1)
    part = (30.0, 10.0, 170.0, 150.0)  # 7/8 of the square in the middle
    ours = calls.cropped(Planes.rgba(picture), (64, 64), Image.Resampling.BICUBIC, 0.875)
    assert difference(ours, picture.resize((64, 64), Image.Resampling.BICUBIC, part)) == 0


def repeated(plane: bytes, width: int, size: tuple[int, int]) -> bytes:
    """A chroma plane of `width` at the size of its picture, each value four times."""
    return bytes(plane[y // 2 * width + x // 2] for y in range(size[1]) for x in range(size[0]))


def yuv_planes(size: tuple[int, int], layout: str, rotation: int, seed: int) -> tuple[Planes, Image.Image]:
    """A random picture in one of the camera's layouts, and the same as Pillow's YCbCr."""
    chance = random.Random(seed)
    columns, rows = (size[0] + 1) // 2, (size[1] + 1) // 2
    luma = chance.randbytes(size[0] * size[1])
    u, v = chance.randbytes(columns * rows), chance.randbytes(columns * rows)
    channels = [
        Image.frombytes("L", size, data) for data in (luma, repeated(u, columns, size), repeated(v, columns, size))
    ]
    same = Image.merge("YCbCr", channels)
    if layout == "i420":
        chroma = [(u, columns, 1), (v, columns, 1)]
    else:  # one plane of pairs; both pointers lie in it, one byte apart
        first, second = (u, v) if layout == "nv12" else (v, u)
        pairs = bytes(byte for pair in zip(first, second, strict=True) for byte in pair)
        begins = {"nv12": (pairs, pairs[1:]), "nv21": (pairs[1:], pairs)}[layout]
        chroma = [(begin, columns * 2, 2) for begin in begins]
    return Planes(size, Pixels.YUV420, rotation, [(luma, size[0], 1), *chroma]), same


@pytest.mark.parametrize("layout", ["i420", "nv12", "nv21"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 7), (64, 48), (33, 1)])
def test_a_camera_s_picture_has_the_colours_of_jpeg(calls: Calls, layout: str, size: tuple[int, int]) -> None:
    for rotation in (0, 90, 180, 270):
        planes, same = yuv_planes(size, layout, rotation, sum(size))
        expected = upright(same.convert("RGB"), rotation)
        plain = calls.resized(planes, expected.size, Image.Resampling.BILINEAR)
        assert difference(plain, expected) <= 1
        # From the same colours on, there is nothing to differ in.
        for sampling in FILTERS:
            assert difference(calls.resized(planes, (9, 4), sampling), plain.resize((9, 4), sampling)) == 0


@pytest.mark.parametrize(
    ("yuv", "rgb"),
    [
        ((16, 128, 128), (0, 0, 0)),
        ((235, 128, 128), (255, 255, 255)),
        ((81, 90, 240), (255, 0, 0)),
        ((145, 54, 34), (0, 255, 0)),
        ((41, 240, 110), (0, 0, 255)),
        ((0, 128, 128), (0, 0, 0)),
        ((255, 128, 128), (255, 255, 255)),
    ],
)
def test_the_range_of_video_is_stretched(calls: Calls, yuv: tuple[int, ...], rgb: tuple[int, ...]) -> None:
    """The primary colours in 8-bit BT.601, which is how test pictures of television have them."""
    planes = Planes((1, 1), Pixels.YUV420, 0, [(bytes([level]), 1, 1) for level in yuv])
    found = calls.resized(planes, (1, 1), Image.Resampling.NEAREST, limited=True).tobytes()
    assert max(abs(a - b) for a, b in zip(found, rgb, strict=True)) <= 1


def test_tensors_hold_normalised_values(calls: Calls) -> None:
    picture = noise((5, 4), 3)
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    pixels = list(picture.tobytes())
    expected = [(p - mean[i % 3]) / deviation[i % 3] for i, p in enumerate(pixels)]
    rows = calls.tensor(picture, DType.F32, mean=mean, deviation=deviation)
    assert rows == pytest.approx(expected, abs=1e-6)
    planes = calls.tensor(picture, DType.F32, planar=True, mean=mean, deviation=deviation)
    assert planes == [value for channel in range(3) for value in rows[channel::3]]
    swapped = calls.tensor(picture, DType.U8, blue_first=True)
    assert swapped == [pixels[i - i % 3 + 2 - i % 3] for i in range(len(pixels))]


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "convert"),
    [
        (DType.U8, 1, 0, lambda p: p),
        (DType.I8, 1, -128, lambda p: p - 128),
        (DType.U8, 2, 10, lambda p: min(255, (p + 1) // 2 + 10)),
        (DType.I8, 0.5, 0, lambda p: min(127, 2 * p)),
        (DType.U8, -1, 200, lambda p: max(0, 200 - p)),
    ],
)
def test_quantised_tensors_round_and_stay_in_range(
    calls: Calls, dtype: DType, scale: float, zero_point: int, convert: Callable[[int], int]
) -> None:
    picture = Image.frombytes("RGB", (256, 1), bytes(level for level in range(256) for _ in range(3)))
    found = calls.tensor(picture, dtype, scale=scale, zero_point=zero_point)
    assert found[::3] == [convert(level) for level in range(256)]


def test_pictures_that_lie_about_themselves_are_refused(programs: Path, tools: Tools) -> None:
    checks = run_checks(programs / "image", [], tools)
    assert checks.failed == 0, checks.output
    assert checks.done > 1000
