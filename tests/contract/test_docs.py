"""The pages lead somewhere: every relative link has its file, and every written page can be reached from the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def links(page: Path) -> Iterator[Path]:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            yield (page.parent / target).resolve()


def pages(repository: Path) -> list[Path]:
    return [repository / "README.md", *sorted((repository / "docs").rglob("*.md"))]


def test_every_link_has_its_file(repository: Path) -> None:
    dead = {page: [str(link) for link in links(page) if not link.exists()] for page in pages(repository)}
    assert {str(page): found for page, found in dead.items() if found} == {}


def test_every_written_page_is_reached_from_the_readme(repository: Path) -> None:
    reached, waiting = set[Path](), [repository / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        waiting += sorted(page.glob("*.md")) if page.is_dir() else links(page) if page.suffix == ".md" else []
    left = [page for page in pages(repository) if page not in reached and page.parent.name != "generated"]
    assert [str(page) for page in left] == []
