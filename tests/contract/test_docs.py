"""The pages lead somewhere: every relative link has its file, and every written page can be reached from the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from handheld.tools import Tools

LINK = re.compile(r"(?:\]\(|src=\")([^)#\s\"]+)[^)\"]*[)\"]")


CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
"""In C++ a link's brackets are a function."""


def links(page: Path) -> Iterator[Path]:
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
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


PAGE = re.compile(r"docs/(?:guide|how-to|decisions)/[\w-]+\.md")


def test_every_page_that_the_code_names_is_there(repository: Path, own_tools: Tools) -> None:
    listed = own_tools.run(["git", "ls-files", "--", ":!*.md", ":!tests/render/snapshots"], cwd=repository)
    named = {
        (name, page)
        for name in listed.stdout.splitlines()
        for page in PAGE.findall((repository / name).read_bytes().decode("utf-8", errors="ignore"))
    }
    assert named
    assert sorted(pair for pair in named if not (repository / pair[1]).exists()) == []
