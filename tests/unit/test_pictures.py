"""Picture files as prompts."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from handheld.app_errors import PictureUnreadable, PillowMissing
from handheld.pictures import read_picture
from handheld.run import prompt_value
from handheld.status import Kind, Pixels

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)
ORIENTATION = 0x0112
"""The number of the tag in EXIF."""


def two_pixels() -> Image.Image:
    """Red, and blue on its right."""
    picture = Image.new("RGBA", (2, 1), RED)
    picture.putpixel((1, 0), BLUE)
    return picture


def png(picture: Image.Image, turn: int = 1) -> bytes:
    exif, file = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = turn
    picture.save(file, "PNG", exif=exif)
    return file.getvalue()


def test_a_file_and_a_pipe_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "two.png").write_bytes(png(two_pixels()))
    value = read_picture(str(tmp_path / "two.png"))
    assert value == read_picture(png(two_pixels()))
    assert (value.kind, value.pixels, value.width, value.height) == (Kind.IMAGE, Pixels.RGBA8, 2, 1)
    assert (value.data, value.row_strides, value.pixel_strides) == (bytes(RED + BLUE), (8,), (4,))


def test_a_camera_s_turn_is_undone() -> None:
    value = read_picture(png(two_pixels(), turn=6))  # to be turned by 90 degrees clockwise
    assert (value.width, value.height, value.data) == (1, 2, bytes(RED + BLUE))


def test_the_kind_of_the_first_input_decides() -> None:
    assert prompt_value(png(two_pixels()), {"kind": "image"}).kind is Kind.IMAGE
    assert prompt_value("two.png", {"kind": "text"}).text == "two.png"


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    (tmp_path / "cut.png").write_bytes(png(Image.new("RGB", (64, 64)))[:60])
    for name in ("note.txt", "cut.png", "missing.png"):
        with pytest.raises(PictureUnreadable, match=name) as refused:
            read_picture(str(tmp_path / name))
        assert refused.value.exit_code == 4
        assert "Fix: " in refused.value.as_text()


def test_without_pillow_the_command_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(PillowMissing, match="decoded with the package Pillow") as missing:
        read_picture("two.png")
    assert 'pip install "handheld[image]"' in missing.value.as_text()
