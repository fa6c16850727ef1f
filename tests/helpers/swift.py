"""Swift as far as tests must understand it: does it parse, what could stop an app, which texts it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tree_sitter_swift
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_swift.language()))
_SHOWN = frozenset(
    {
        "Text",
        "Label",
        "Button",
        "Section",
        "LabeledContent",
        "NavigationLink",
        "ContentUnavailableView",
        "ProgressView",
        "DisclosureGroup",
        "row",
        "button",
        "String",
    }
)
"""Calls whose first argument is looked up in a strings catalogue, those of our own views among them."""


def faults(source: str) -> list[str]:
    """Where the text is not Swift, as "line: text"; empty if all of it is."""
    return [f"{node.start_point.row + 1}: {_text(node)[:60]!r}" for node in _faulty(_tree(source))]


def dangers(source: str) -> list[str]:
    """What ends the app when it goes wrong, as "line: text": `x!`, `try!`, `as!` and implicitly unwrapped types."""
    found = []
    for node in _walk(_tree(source)):
        unwraps = node.type == "bang" and node.parent is not None and node.parent.type == "postfix_expression"
        forces = node.type in {"try_operator", "as_operator"} and _text(node).endswith("!")
        if unwraps or forces or node.type == "!":
            found.append(f"{node.start_point.row + 1}: {_text(node.parent or node)[:60]!r}")
    return found


def shown_texts(source: str) -> set[str]:
    """The keys of a strings catalogue that the source needs; what is interpolated is %@."""
    keys = set()
    for node in _walk(_tree(source)):
        if node.type != "call_expression" or _text(node.children[0]) not in _SHOWN:
            continue
        argument = next((child for child in _walk(node) if child.type == "value_argument"), None)
        if argument is None or argument.parent is None or argument.parent.parent != node.children[1]:
            continue
        label = _text(argument.children[0]) if argument.children[0].type == "value_argument_label" else None
        literal = next((child for child in argument.children if child.type == "line_string_literal"), None)
        wanted = "localized" if _text(node.children[0]) == "String" else None
        if literal is not None and label == wanted:
            keys.add(_key(literal))
    return keys


def types(source: str) -> dict[str, list[str]]:
    """The types that the source declares, with what they inherit from or conform to."""
    found = {}
    for node in _walk(_tree(source)):
        name = node.child_by_field_name("name")
        if node.type == "class_declaration" and name is not None:
            parents = [_text(child) for child in node.children if child.type == "inheritance_specifier"]
            found[_text(name)] = parents
    return found


def sources(folder: Path) -> list[Path]:
    """All .swift files below a folder, sorted."""
    return sorted(folder.rglob("*.swift"))


def _key(literal: Node) -> str:
    parts = []
    for child in literal.children:
        match child.type:
            case "line_str_text":
                parts.append(_text(child))
            case "str_escaped_char":
                parts.append(_text(child)[1:])
            case "interpolated_expression":
                parts.append("%@")
            case _:
                pass
    return "".join(parts)


def _tree(source: str) -> Node:
    return _PARSER.parse(source.encode()).root_node


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
