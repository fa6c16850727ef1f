"""Where the shells, the core and the catalogue lie: the repository in a checkout, `handheld/_data` in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def root() -> Path:
    """The folder that holds native/, templates/, android-template/ and ios-template/."""
    package = Path(__file__).resolve().parent
    packed = package / "_data"
    return packed if packed.is_dir() else package.parent.parent
