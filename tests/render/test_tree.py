"""The whole tree of an app, against what was agreed on, and every file of it read by something that understands it.

`pytest tests/render --update-snapshots` writes what is agreed on anew; the diff shows which files a change reaches.
"""

from __future__ import annotations

import ast
import configparser
import hashlib
import json
import plistlib
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from handheld.render import render_app
from helpers.apps import made_up_files, plan_of, tree_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
APART = ("native/", "app.lock.toml")
"""native/ is a copy, compared with its source below; the lock holds a commit and the hashes of everything."""
NAMES = {
    "plain": ("Parrot", None),
    "signs": ("Ben & Jerry's #1; 50% (off)", None),
    "polish": ("Zażółć gęślą jaźń", None),
    "chinese": ("鹦鹉", "com.example.yingwu"),
    "arabic": ("ببغاء", "com.example.babagha"),
    "yaml": ("it's @home: no!", None),
    "percent": ("%d of ?x", None),
}


def render(folder: Path, name: str, package: str | None) -> Path:
    plan = plan_of(folder / "app", name=name, package=package)
    return render_app(plan, made_up_files(plan, folder / "cache")).directory


@pytest.fixture(scope="module", params=NAMES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp(request.param), *NAMES[request.param])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def test_the_whole_tree(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tree = tree_of(render(tmp_path, *NAMES["plain"]))
    lines = [f"{mode:o} {digest(data)} {name}" for name, (mode, data) in tree.items() if not name.startswith(APART)]
    path = SNAPSHOTS / "parrot.txt"
    if request.config.getoption("--update-snapshots"):
        path.write_text("\n".join(lines) + "\n")
    agreed = path.read_text().splitlines() if path.is_file() else []
    by_name = {line.split(" ", 2)[2]: line for line in lines}
    before = {line.split(" ", 2)[2]: line for line in agreed}
    difference = {
        "missing": sorted(set(before) - set(by_name)),
        "extra": sorted(set(by_name) - set(before)),
        "changed": sorted(name for name in set(by_name) & set(before) if by_name[name] != before[name]),
    }
    assert difference == {"missing": [], "extra": [], "changed": []}, "meant? pytest tests/render --update-snapshots"


def test_native_is_a_copy(tmp_path: Path, repository: Path) -> None:
    app = render(tmp_path, *NAMES["plain"])
    made = {"native/core/registry.inc", "native/Package.swift"}
    for name, (_, content) in tree_of(app).items():
        if name.startswith("native/") and not name.startswith("native/third_party/") and name not in made:
            of_task = name.removeprefix("native/tasks/")
            task, _, rest = of_task.partition("/")
            source = repository / "templates/tasks" / task / "native" / rest if of_task != name else repository / name
            assert source.read_bytes() == content, name


def test_the_package_names_the_oldest_processor(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path / "app"), processor="A13")
    newer = render_app(plan, made_up_files(plan, tmp_path / "cache")).directory / "native" / "Package.swift"
    usual = render(tmp_path / "usual", *NAMES["plain"]) / "native" / "Package.swift"
    lines = [path.read_text().splitlines() for path in (usual, newer)]
    differing = [pair for pair in zip(*lines, strict=True) if len(set(pair)) == 2]
    assert differing == [('let oldestProcessor = "apple-a12"', 'let oldestProcessor = "apple-a13"')]


def _xml(text: str) -> object:
    return ET.fromstring(text)


def _properties(text: str) -> object:
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.read_string(f"[all]\n{text}")
    return parser


def _size_of_png(data: bytes) -> tuple[int, int]:
    """Width and height, from the header; the end must be there too."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[-8:-4] != b"IEND":
        raise ValueError("no whole PNG")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


READERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".xml": _xml,
    ".xcscheme": _xml,
    ".xcworkspacedata": _xml,
    ".py": ast.parse,
    ".yml": yaml.safe_load,
    ".plist": lambda text: plistlib.loads(text.encode()),
    ".entitlements": lambda text: plistlib.loads(text.encode()),
    ".xcprivacy": lambda text: plistlib.loads(text.encode()),
    ".properties": _properties,
    ".xctestplan": json.loads,
    ".xcstrings": json.loads,
    ".swift-format": json.loads,
}
ELSEWHERE = {".kt", ".kts", ".swift", ".pbxproj", ".pro", ".editorconfig"}
"""Read by test_android.py and test_ios.py."""
PLAIN = {".md", ".txt", ".gitignore", ".echo", ""}


def test_every_file_can_be_read(app: Path) -> None:
    wrong = []
    for name, (_, content) in tree_of(app).items():
        if name.startswith("native/"):
            continue
        suffix = Path(name).suffix or (Path(name).name if name.rpartition("/")[2].startswith(".") else "")
        assert suffix in {*READERS, *ELSEWHERE, *PLAIN, ".png"}, f"{name}: nobody reads such a file"
        try:
            if suffix == ".png":
                _size_of_png(content)
            else:
                READERS.get(suffix, str)(content.decode("utf-8"))
        except Exception as error:  # noqa: BLE001 - whatever a parser says
            wrong.append(f"{name}: {error}")
    assert wrong == []


def test_no_template_is_left_in_a_file(tmp_path: Path) -> None:
    for name, (_, content) in tree_of(render(tmp_path, *NAMES["plain"])).items():
        if not name.startswith("native/"):
            assert b"cookiecutter" not in content, name
            assert "{{" not in name, name


def test_the_name_is_written_as_it_is(app: Path) -> None:
    name = tomllib.loads((app / "app.toml").read_text())["app"]["name"]
    assert name in {given for given, _ in NAMES.values()}
    assert tomllib.loads((app / "app.lock.toml").read_text())["app"]["name"] == name
