"""What the tests of fetching share: made packages, and a catalogue that offers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from handheld.catalog import Catalog
from helpers.catalogues import write_catalogue
from helpers.fetching import TERMS, joined
from helpers.gguf_file import small_model
from helpers.packages import Package, make_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    return tmp_path / "links"


@pytest.fixture
def wheel(links: Path) -> Package:
    return make_wheel(links, "tinymodel", "1.0", {"tinymodel/m.gguf": small_model(), "tinymodel/LICENSE": b"be nice"})


@pytest.fixture
def parts(links: Path) -> list[Package]:
    data = small_model()
    half = len(data) // 2
    return [
        make_wheel(links, "part1", "1", {"p/m.part0": data[:half], "p/TERMS.html": TERMS}),
        make_wheel(links, "part2", "1", {"p/m.part1": data[half:]}),
    ]


@pytest.fixture
def catalog(tmp_path: Path, parts: list[Package]) -> Catalog:
    return write_catalogue(tmp_path / "root", joined(parts))
