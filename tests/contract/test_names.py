"""One folder for each runtime and task: nothing outside it names it, and nothing has to be told that it is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handheld.catalog import load_catalog
from handheld.catalog_keys import SHAPES

WHERE = (
    "generator/handheld",
    "native/core",
    "native/processing",
    "native/include",
    "native/bindings",
    "native/CMakeLists.txt",
    "native/CMakePresets.json",
    "native/Package.swift",
    "android-template",
    "ios-template",
    "templates/shared",
)
"""What may know no runtime, task or model."""
NOT_SHIPPED = ("/Tests/", "/androidTest/")
"""Tests inside may take one as their example."""
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*|<!--.*?-->|^\s*#(?!include|define)[^\n]*", re.DOTALL | re.MULTILINE)
CODE = {
    ".py",
    ".cpp",
    ".hpp",
    ".h",
    ".kt",
    ".kts",
    ".swift",
    ".json",
    ".txt",
    ".xml",
    ".toml",
    ".yml",
    ".pbxproj",
    ".inc",
}


def code_of(path: Path) -> str:
    """What a file does: its text without comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return COMMENTS.sub("", text)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def patterns(names: list[str]) -> dict[str, re.Pattern[str]]:
    """A plain word is a name only as a whole text or a folder; anything else wherever it stands."""
    return {
        name: re.compile(rf"[\"'/]{name}[\"'/]" if name.isalpha() else rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        for name in names
    }


def found(root: Path, names: list[str]) -> Iterator[str]:
    for place in WHERE:
        start = root / place
        files = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in files:
            inner = path.relative_to(root).as_posix()
            if path.is_file() and path.suffix in CODE and not any(part in f"/{inner}" for part in NOT_SHIPPED):
                code = code_of(path)
                yield from (f"{inner}: {name}" for name, pattern in patterns(names).items() if pattern.search(code))


def names_in(root: Path) -> list[str]:
    catalog = load_catalog(root)
    models = [model.name for task in catalog.tasks.values() for model in task.models]
    return sorted({*catalog.runtimes, *catalog.tasks, *models} - set(SHAPES))  # a shape's name is everybody's


def test_no_name_outside_its_folder(repository: Path) -> None:
    assert list(found(repository, names_in(repository))) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("generator/handheld/x.py", 'if task == "chat":\n    pass\n'),
        ("native/core/x.cpp", '#include "runtimes/llama_cpp/backend.hpp"\n'),
        ("android-template/x.kt", 'val start = "tasks/chat/task.json"\n'),
        ("templates/shared/x.json", '{"model": "gemma-3-270m"}\n'),
    ],
)
def test_a_name_is_found(repository: Path, tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    for place in WHERE:
        if not (tmp_path / place).exists():
            (tmp_path / place).mkdir(parents=True)
    assert len(list(found(tmp_path, names_in(repository)))) == 1


def test_words_of_a_comment_are_free(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""Runs "chat"."""\n# "chat"\nsay(\'chatty\')\n')
    assert not patterns(["chat"])["chat"].search(code_of(path))
