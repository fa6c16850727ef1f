"""Kotlin as far as tests must understand it: does it parse, and how long are its functions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tree_sitter_kotlin
from tree_sitter import Language, Node, Parser, Tree

from helpers.syntax import faults_of, text, walk

_PARSER = Parser(Language(tree_sitter_kotlin.language()))


@dataclass(frozen=True, slots=True)
class Function:
    """One function, with the number of lines from its first modifier to its last brace."""

    name: str
    lines: int
    external: bool


def faults(source: str) -> list[str]:
    """Where the text is not Kotlin, as "line: text"; empty if all of it is."""
    return faults_of(_parse(source).root_node)


def functions(source: str) -> list[Function]:
    """All named functions, also those inside classes and other functions."""
    return [_function(node) for node in walk(_parse(source).root_node) if node.type == "function_declaration"]


def sources(folder: Path) -> list[Path]:
    """All .kt and .kts files below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix in {".kt", ".kts"})


def _parse(source: str) -> Tree:
    return _PARSER.parse(source.encode())


def _function(node: Node) -> Function:
    name = next(text(child) for child in node.children if child.type == "identifier")
    modifiers = next((text(child) for child in node.children if child.type == "modifiers"), "")
    return Function(name, node.end_point.row - node.start_point.row + 1, "external" in modifiers.split())
