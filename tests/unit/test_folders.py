"""Models that are folders: recognised, hashed as a whole, copied into an app, fetched again, never half there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handheld.catalog import load_catalog
from handheld.errors import ModelDamaged, NotAModel
from handheld.facts import gather_facts, inspect_model
from handheld.lock import LOCK_NAME, Lock, LockedModel, write_lock
from handheld.models import fetch_models
from handheld.plan import make_plan
from handheld.progress import SilentProgress
from handheld.render import RenderedApp, render_app
from handheld.resources import root
from handheld.spec import Request, read_spec
from handheld.store import tree_bytes, tree_sha256
from helpers.apps import made_up_files
from helpers.cache import tools_in
from native.support import tiny_model

coreml: Any = tiny_model("coreml")
"""Writes a package of a few bytes."""
FORMATS = ("gguf", "onnx", "mlpackage")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made: Path = coreml.package(tmp_path / "own")
    return made


def by_hand(folder: Path) -> str:
    """The hash of a folder as the documentation has it."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# What a folder is.


def test_a_package_is_a_model_whatever_it_is_called(package: Path) -> None:
    found = inspect_model(package, FORMATS)
    assert (found.format, found.bytes) == (
        "mlpackage",
        sum(p.stat().st_size for p in package.rglob("*") if p.is_file()),
    )
    other = package.rename(package.with_name("other"))
    assert inspect_model(other, FORMATS).format == "mlpackage"
    with pytest.raises(NotAModel, match="it is a Core ML package"):
        inspect_model(other, ("gguf",))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"coremldata.bin": ""}, "a compiled Core ML model"),
        ({"saved_model.pb": ""}, "a TensorFlow SavedModel"),
        ({"config.json": "{}"}, "a folder as Hugging Face keeps models"),
        ({"Manifest.json": "{}"}, "a folder"),
        ({"Manifest.json": "no JSON"}, "a folder"),
        ({}, "a folder"),
    ],
)
def test_other_folders_are_named(tmp_path: Path, files: dict[str, str], said: str) -> None:
    folder = tmp_path / "m.mlpackage"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    with pytest.raises(NotAModel, match=f"it is {said}") as caught:
        inspect_model(folder, FORMATS)
    assert caught.value.fix


def test_a_file_that_is_called_like_a_package_is_named(tmp_path: Path, package: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "m"), "zip", package)).rename(tmp_path / "m.mlpackage")
    with pytest.raises(NotAModel, match="it is a packed Core ML model") as caught:
        inspect_model(packed, FORMATS)
    assert caught.value.fix.startswith("Unpack it and give the file inside: unzip")
    model = package / "Data" / "com.apple.CoreML" / "model.mlmodel"
    with pytest.raises(NotAModel, match=r"it is a Core ML model that is one file \(\.mlmodel\)") as caught:
        inspect_model(model, FORMATS)
    assert "skip_model_load=True" in caught.value.fix


def test_a_link_in_a_package_is_refused(package: Path, tmp_path: Path) -> None:
    (package / "Data" / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(ModelDamaged, match="Data/elsewhere is a link"):
        inspect_model(package, FORMATS)


# The hash.


def test_the_hash_is_that_of_names_and_contents(package: Path, tmp_path: Path) -> None:
    (package / "Data.old").write_text("sorts between Data and Data/")
    assert tree_sha256(package) == by_hand(package)
    copy = Path(shutil.copytree(package, tmp_path / "copy"))
    assert (tree_sha256(copy), tree_bytes(copy)) == (tree_sha256(package), tree_bytes(package))
    (copy / "Manifest.json").rename(copy / "manifest.json")
    assert tree_sha256(copy) != tree_sha256(package)


# In an app.


def rendered(package: Path, tmp_path: Path, *, force: bool = False) -> RenderedApp:
    catalog = load_catalog(root())
    request = Request("Lab", models=(str(package),), directory=tmp_path / "lab", force=force)
    spec = read_spec(request, catalog)
    plan = make_plan(spec, catalog, gather_facts(spec, catalog))
    files = made_up_files(plan, tmp_path / "made-up")
    models = fetch_models(replace(plan, sources=()), tools_in(tmp_path), SilentProgress()).models
    return render_app(plan, replace(files, models=models))


def test_an_app_gets_the_whole_folder(package: Path, tmp_path: Path) -> None:
    app = rendered(package, tmp_path)
    (task,), (model,) = app.lock.tasks, app.lock.models
    copy = app.directory / model.file
    assert (task.name, app.lock.platforms) == ("tensors", ("ios",))
    assert (model.file, model.local) == ("tasks/tensors/tiny.mlpackage", "tiny.mlpackage")
    assert (model.bytes, model.sha256) == (tree_bytes(package), by_hand(package)) == (tree_bytes(copy), by_hand(copy))
    assert not [name for name in app.lock.files if name.startswith(model.file)]
    manifest = json.loads((app.directory / task.manifest).read_text())
    assert (manifest["files"], manifest["model"]["sha256"]) == ({"weights": "tiny.mlpackage"}, model.sha256)
    assert not rendered(package, tmp_path, force=True).fresh


def test_a_changed_model_takes_the_place_of_the_old_one(package: Path, tmp_path: Path) -> None:
    before = rendered(package, tmp_path)
    (package / "Data" / "com.apple.CoreML" / "notes").write_text("new")
    (before.directory / "mine.txt").write_text("mine")
    app = rendered(package, tmp_path, force=True)
    assert app.fresh
    assert by_hand(app.directory / app.lock.models[0].file) == by_hand(package) != before.lock.models[0].sha256
    assert (app.directory / "mine.txt").read_text() == "mine"


# fetch.py.


@pytest.fixture
def clone(tmp_path: Path, package: Path, repository: Path) -> Path:
    """An app's folder after a clone, in which nothing is but fetch.py and the lock."""
    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(next((repository / "templates/shared").glob("{{*")) / "fetch.py", app)
    sha256 = by_hand(package)
    model = LockedModel("talk", "tasks/talk/tiny.mlpackage", tree_bytes(package), sha256, "MIT", local="tiny.mlpackage")
    lock = Lock("0.1.0", "handheld==0.1.0", "", "P", "P", "p", "a.b", (), (), (), (model,), ())
    (app / LOCK_NAME).write_text(write_lock(lock))
    shutil.copytree(package, tmp_path / "cache" / "models" / sha256 / "tiny.mlpackage")
    return app


def fetch(app: Path) -> tuple[int, str]:
    environ = {**os.environ, "HANDHELD_CACHE": str(app.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "fetch.py"], cwd=app, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_fetch_brings_a_folder(clone: Path, package: Path) -> None:
    target = clone / "tasks" / "talk" / "tiny.mlpackage"
    for damage in (lambda: None, lambda: (target / "Manifest.json").write_text("x"), (target / "more").touch):
        damage()
        assert fetch(clone)[0] == 0
        assert by_hand(target) == by_hand(package)
        assert [path.name for path in target.parent.iterdir()] == ["tiny.mlpackage"]
    assert "there" in fetch(clone)[1]


def test_fetch_keeps_no_folder_that_is_another(clone: Path) -> None:
    cached = next((clone.parent / "cache" / "models").glob("*/*"))
    (cached / "Manifest.json").write_text("x")
    code, said = fetch(clone)
    assert (code, list((clone / "tasks" / "talk").iterdir())) == (4, [])
    assert "is not what it should be" in said
