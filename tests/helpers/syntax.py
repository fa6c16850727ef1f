"""What all languages of tree-sitter have in common."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node


def faults_of(root: Node) -> list[str]:
    """Where the text is not of its language, as "line: text"; empty if all of it is."""
    return [f"{node.start_point.row + 1}: {text(node)[:60]!r}" for node in _faulty(root)]


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def _faulty(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    else:
        for child in node.children:
            if child.has_error or child.is_missing:
                yield from _faulty(child)


def text(node: Node) -> str:
    """What a node stands for, as it is written."""
    return (node.text or b"").decode()
