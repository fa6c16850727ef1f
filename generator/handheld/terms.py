"""Makes published terms readable in a terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

_HIDDEN = frozenset(["head", "nav", "footer", "script", "style", "svg", "button", "noscript", "template"])
_BLOCKS = re.compile("address|article|aside|blockquote|br|d[dlt]|div|h[1-6]|hr|li|main|ol|p|pre|section|table|tr|ul")


def readable(path: Path) -> str:
    """The text of a file; of an HTML page without tags, navigation and scripts."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix.lower() not in (".html", ".htm"):
        return text.strip()
    reader = _Reader()
    # What stands above a page's first heading is its navigation.
    start = re.search(r"(?i)<h1\b", text)
    reader.feed(text[start.start() :] if start else text)
    reader.close()
    lines = (re.sub(r"\s+", " ", line).strip(" ") for line in "".join(reader.parts).splitlines())
    lines = (line for line in lines if line != "-")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line at each block, and note where hidden parts begin."""
        del attrs
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif _BLOCKS.fullmatch(tag):
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line at each block, and note where hidden parts end."""
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif _BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what a person would see."""
        if not self._hidden:
            self.parts.append(data.replace("\n", " "))
