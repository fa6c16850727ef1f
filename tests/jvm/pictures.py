"""Pictures of every screen: kept small as docs, and compared with the last accepted ones."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

ACCEPTED = Path("docs/pictures/android")
COLOURS = (64, 128, 256)
"""Of the palette that an accepted picture is kept with: as few as will do. Anti-aliased text needs its greys."""
SHADE = 40
"""Of 255: what the palette and another processor's rounding may change in a channel."""
PIXELS = 40
"""That many may differ more: a tenth of a letter's size, whatever the size of the picture."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a picture is not the accepted one."""

    name: str
    reason: str


def compare(taken: Path, accepted: Path) -> list[Difference]:
    """Hold all pictures of a folder against the accepted ones; a missing or a left-over one is a difference too."""
    new, old = _names(taken), _names(accepted)
    missing = [Difference(name, "has never been accepted") for name in sorted(new - old)]
    gone = [Difference(name, "is accepted, but no test takes it any more") for name in sorted(old - new)]
    changed = [_difference(taken / name, accepted / name) for name in sorted(new & old)]
    return [*missing, *gone, *(found for found in changed if found)]


def accept(taken: Path, accepted: Path, differences: Sequence[Difference]) -> None:
    """Make the new pictures the accepted ones; those that are still right keep their bytes."""
    accepted.mkdir(parents=True, exist_ok=True)
    for difference in differences:
        source, target = taken / difference.name, accepted / difference.name
        if source.is_file():
            target.write_bytes(small(source))
        else:
            target.unlink()


def small(picture: Path) -> bytes:
    """A picture as PNG with a palette; whole when the palette would lose one of its rarer colours."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    for colours in COLOURS:
        reduced = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        if _differing(image, reduced.convert("RGB"))[0] == 0:
            return _png(reduced)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.png")}


def _difference(new: Path, old: Path) -> Difference | None:
    with Image.open(new) as one, Image.open(old) as other:
        if one.size != other.size:
            return Difference(new.name, f"measures {one.size} pixels, not {other.size}")
        count, where = _differing(one.convert("RGB"), other.convert("RGB"))
    return Difference(new.name, f"{count} pixels differ, in {where}") if count > PIXELS else None


def _differing(one: Image.Image, other: Image.Image) -> tuple[int, tuple[int, int, int, int] | None]:
    """How many pixels differ by more than a shade in one of their channels, and the box that holds them."""
    bands = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    differing = most.point(lambda value: 255 if value > SHADE else 0)
    return differing.histogram()[255], differing.getbbox()
