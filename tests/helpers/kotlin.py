"""Kotlin as far as tests must understand it: does it parse, and how long are its functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_kotlin
from tree_sitter import Language, Node, Parser, Tree

_PARSER = Parser(Language(tree_sitter_kotlin.language()))


@dataclass(frozen=True, slots=True)
class Function:
    """One function, with the number of lines from its first modifier to its last brace."""

    name: str
    lines: int
    external: bool


def faults(source: str) -> list[str]:
    """Where the text is not Kotlin, as "line: text"; empty if all of it is."""
    return [f"{node.start_point.row + 1}: {_text(node)[:60]!r}" for node in _faulty(_parse(source).root_node)]


def functions(source: str) -> list[Function]:
    """All named functions, also those inside classes and other functions."""
    return [_function(node) for node in _walk(_parse(source).root_node) if node.type == "function_declaration"]


def sources(folder: Path) -> list[Path]:
    """All .kt and .kts files below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix in {".kt", ".kts"})


def _parse(source: str) -> Tree:
    return _PARSER.parse(source.encode())


def _function(node: Node) -> Function:
    name = next(_text(child) for child in node.children if child.type == "identifier")
    modifiers = next((_text(child) for child in node.children if child.type == "modifiers"), "")
    return Function(name, node.end_point.row - node.start_point.row + 1, "external" in modifiers.split())


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _faulty(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    else:
        for child in node.children:
            if child.has_error or child.is_missing:
                yield from _faulty(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
