"""Swift as far as tests must understand it: does it parse, what could stop an app, which texts it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tree_sitter_swift
from tree_sitter import Language, Node, Parser

from helpers.syntax import faults_of, text, walk

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
    return faults_of(_tree(source))


def dangers(source: str) -> list[str]:
    """What ends the app when it goes wrong, as "line: text": `x!`, `try!`, `as!` and implicitly unwrapped types."""
    found = []
    for node in walk(_tree(source)):
        unwraps = node.type == "bang" and node.parent is not None and node.parent.type == "postfix_expression"
        forces = node.type in {"try_operator", "as_operator"} and text(node).endswith("!")
        if unwraps or forces or node.type == "!":
            found.append(f"{node.start_point.row + 1}: {text(node.parent or node)[:60]!r}")
    return found


def shown_texts(source: str) -> set[str]:
    """The keys of a strings catalogue that the source needs; what is interpolated is %@."""
    keys = set()
    for node in walk(_tree(source)):
        if node.type != "call_expression" or text(node.children[0]) not in _SHOWN:
            continue
        argument = next((child for child in walk(node) if child.type == "value_argument"), None)
        if argument is None or argument.parent is None or argument.parent.parent != node.children[1]:
            continue
        label = text(argument.children[0]) if argument.children[0].type == "value_argument_label" else None
        literal = next((child for child in argument.children if child.type == "line_string_literal"), None)
        wanted = "localized" if text(node.children[0]) == "String" else None
        if literal is not None and label == wanted:
            keys.add(_key(literal))
    return keys


def wordless_symbols(source: str) -> list[str]:
    """Pictures that are in no label, as "line: text": a screen reader has nothing to say about them."""
    found = []
    for node in walk(_tree(source)):
        if node.type == "call_expression" and text(node.children[0]) == "Image":
            parents = list(_parents(node))
            if not any(parent.type == "call_expression" and text(parent).startswith("Label") for parent in parents):
                found.append(f"{node.start_point.row + 1}: {text(node)[:60]!r}")
    return found


def types(source: str) -> dict[str, list[str]]:
    """The types that the source declares, with what they inherit from or conform to."""
    found = {}
    for node in walk(_tree(source)):
        name = node.child_by_field_name("name")
        if node.type == "class_declaration" and name is not None:
            parents = [text(child) for child in node.children if child.type == "inheritance_specifier"]
            found[text(name)] = parents
    return found


def sources(folder: Path) -> list[Path]:
    """All .swift files below a folder, sorted."""
    return sorted(folder.rglob("*.swift"))


def _key(literal: Node) -> str:
    parts = []
    for child in literal.children:
        match child.type:
            case "line_str_text":
                parts.append(text(child))
            case "str_escaped_char":
                parts.append(text(child)[1:])
            case "interpolated_expression":
                parts.append("%@")
            case _:
                pass
    return "".join(parts)


def _tree(source: str) -> Node:
    return _PARSER.parse(source.encode()).root_node


def _parents(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node
