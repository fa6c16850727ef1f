"""House rules that a linter does not know."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from handheld.tools import Tools
from helpers.lanes import need

FUNCTION_LINES = 60
FILE_LINES = 550
HAND_WRITTEN = {".py", ".cpp", ".hpp", ".h", ".kt", ".swift"}
LONG_BY_NATURE = ("generator/handheld/errors.py", "tests/")
"""Every sentence a person can meet stands in one file; tests are lists of cases."""
HOSTS = re.compile(
    # The namespace of Maven's own files is a name, not an address.
    r"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|maven\.(org|apache(?!\.org/(POM|xsd|SETTINGS)/))|repo1|crates|golang|debian)",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![A-Za-z0-9_.])/(work|root|home|Users)/[a-z]")


def texts(repository: Path, tools: Tools) -> dict[str, str]:
    need(tools.find("git") and (repository / ".git").exists(), "a git checkout", "git clone")
    names = tools.run(["git", "ls-files", "-z"], cwd=repository).stdout.split("\0")
    found: dict[str, str] = {}
    for name in filter(None, names):
        path = repository / name
        if path.is_file() and b"\0" not in path.read_bytes()[:8000]:
            found[name] = path.read_text(encoding="utf-8")
    return found


def test_functions_are_short(repository: Path) -> None:
    long = []
    for path in sorted((repository / "generator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{path.name}: {node.name} has {lines} lines")
    assert long == []


def test_files_are_short(repository: Path, own_tools: Tools) -> None:
    sizes = {
        name: len(text.splitlines())
        for name, text in texts(repository, own_tools).items()
        if Path(name).suffix in HAND_WRITTEN and not name.startswith(LONG_BY_NATURE)
    }
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}


def test_registries_are_named_by_coordinates_only(repository: Path, own_tools: Tools) -> None:
    found = [name for name, text in texts(repository, own_tools).items() if HOSTS.search(text)]
    assert found == []


def test_nothing_belongs_to_one_machine(repository: Path, own_tools: Tools) -> None:
    own = "tests/contract/test_style.py"
    found = [name for name, text in texts(repository, own_tools).items() if MACHINE.search(text) and name != own]
    assert found == []
