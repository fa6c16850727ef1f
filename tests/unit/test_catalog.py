"""The registry: what it reads, and that every wrong file is named with its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handheld.catalog import Catalog, load_catalog
from handheld.catalog_keys import APP_PLATFORMS, SHAPES, SLOTS
from handheld.errors import CatalogueWrong, NotToml, Unreadable
from helpers.catalogues import BETA, DEFAULT_MODEL, TASK, RuntimeText, text_model, write_catalogue


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_catalogue(tmp_path)
    return tmp_path


def runtime_file(root: Path) -> Path:
    return root / "native" / "runtimes" / "alpha" / "runtime.toml"


def task_file(root: Path) -> Path:
    return root / "templates" / "tasks" / "talk" / "task.toml"


def test_what_is_read(root: Path) -> None:
    catalog = load_catalog(root)
    assert list(catalog.runtimes) == ["alpha", "beta"]
    alpha = catalog.runtimes["alpha"]
    assert (alpha.title, alpha.shapes, alpha.formats, alpha.cancel) == ("Alpha.c", ("generate",), ("gguf",), "one step")
    assert alpha.accelerators == {"host": ("cpu",), "android": ("cpu",), "ios": ("cpu",)}
    assert alpha.folder == runtime_file(root).parent
    task = catalog.tasks["talk"]
    assert task.entries == {"android": "TalkTask", "ios": "TalkTask"}
    assert task.slots["android"]["permissions"] == ("android.permission.RECORD_AUDIO",)
    assert task.slots["ios"]["usage"] == {"NSMicrophoneUsageDescription": "To listen."}
    assert [setting.name for setting in (*task.settings, *task.options)] == ["warmth", "stop", "mode", "steps", "loud"]
    assert task.settings[1].default == ()
    assert set(task.goldens) == {"default", "plain"}
    assert task.default_model is not None
    assert (task.default_model.name, task.default_model.text) == ("plain", "hello")


def test_every_slot_is_there(root: Path) -> None:
    catalog = load_catalog(root)
    for owned in [r.slots for r in catalog.runtimes.values()] + [task.slots for task in catalog.tasks.values()]:
        assert {name: set(slots) for name, slots in owned.items()} == {n: set(s) for n, s in SLOTS.items()}


def test_nothing_is_registered_twice_or_by_chance(tmp_path: Path) -> None:
    assert load_catalog(tmp_path) == Catalog(tmp_path, {}, {})
    (tmp_path / "native" / "runtimes" / "empty").mkdir(parents=True)
    assert load_catalog(tmp_path).runtimes == {}


def test_a_task_may_have_no_default_model(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, text_model("one", "x"))
    assert catalog.tasks["talk"].default_model is None


SOURCE = """
[[source]]
name = "lib"
version = "1"
licence = "MIT"
licence_file = "vendor/lib/LICENSE"
pypi = "lib==1"
kind = "sdist"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
bytes = 1
root = "vendor/lib"
into = "lib"
files = ["a/**"]
"""
RUNTIME_CHANGES = [
    ('licence = "MIT"\n', "", "`licence` is missing"),
    ('licence = "MIT"\n', 'lisence = "MIT"\n', "`lisence` is unknown (did you mean `licence`?)"),
    ('name = "alpha"', 'name = "omega"', "`name` is 'omega', its folder 'alpha'"),
    ('name = "alpha"', 'name = "Alpha"', "`name` is 'Alpha', which does not have the form"),
    (
        'shapes = ["generate"]',
        'shapes = ["genrate"]',
        "`shapes[0]` is 'genrate'; possible: 'tensors', 'generate', 'embed'",
    ),
    ('shapes = ["generate"]', "shapes = []", "`shapes` needs at least 1"),
    ('shapes = ["generate"]', 'shapes = "generate"', "`shapes` has to be a list of texts, not a text"),
    ('formats = ["gguf"]', 'formats = ["GGUF"]', "`formats[0]` is 'GGUF'"),
    ('file_forms = ["path"]', 'file_forms = ["url"]', "`file_forms[0]` is 'url'"),
    ('cancel = "one step"', 'cancel = "one step"\nhosts = ["beos"]', "`hosts[0]` is 'beos'; possible: 'linux'"),
    (
        '["host", "android", "ios"]\naccelerators = { host = ["cpu"], ',
        '["android", "ios"]\nhosts = ["linux"]\naccelerators = { ',
        "`hosts` belongs to the platform 'host'",
    ),
    ('"host", "android", "ios"]', '"host", "android"]', "`accelerators` has to list exactly the platforms"),
    ('"host", "android", "ios"]', '"host", "android", "web"]', "`platforms[2]` is 'web'"),
    (
        'cancel = "one step"',
        'cancel = "one step"\nsource = 3',
        "`source` has to be a list of tables, not a whole number",
    ),
    ('cancel = "one step"', 'cancel = "one step"\nandroid = { gradle = [] }', "`android.gradle` is unknown"),
    (
        'cancel = "one step"',
        'cancel = "one step"\nhost = { cmake_arguments = ["-fast"] }',
        "`host.cmake_arguments[0]` is",
    ),
    (
        'cancel = "one step"',
        'cancel = "one step"\nios = { swift_packages = [] }',
        "`ios.swift_packages` is unknown",
    ),
]
SOURCE_CHANGES = [
    ("0000000000000000", "000000000000000X", "`source[0].sha256` is"),
    ('pypi = "lib==1"', 'pypi = "lib"', "`source[0].pypi` is 'lib'"),
    ('kind = "sdist"', 'kind = "egg"', "`source[0].kind` is 'egg'; possible: 'sdist', 'wheel'"),
    ("bytes = 1", "bytes = 0", "`source[0].bytes` is 0; the least is 1"),
    ('into = "lib"', 'into = "../lib"', "`source[0].into` is '../lib'"),
    ('root = "vendor/lib"', 'root = "/vendor"', "`source[0].root` is '/vendor'"),
    ('files = ["a/**"]', 'files = ["../a"]', "`source[0].files[0]` is '../a'"),
    ('files = ["a/**"]', "files = []", "`source[0].files` needs at least 1"),
    ('"vendor/lib/LICENSE"', '"../LICENSE"', "`source[0].licence_file` is '../LICENSE'"),
    ('files = ["a/**"]', 'files = ["a/**"]\n' + SOURCE.strip(), "`source[1].name` repeats 'lib'"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), RUNTIME_CHANGES, ids=[row[2] for row in RUNTIME_CHANGES])
def test_a_wrong_runtime(root: Path, old: str, new: str, sentence: str) -> None:
    assert_refused(root, runtime_file(root), old, new, sentence)


@pytest.mark.parametrize(("old", "new", "sentence"), SOURCE_CHANGES, ids=[row[2] for row in SOURCE_CHANGES])
def test_a_wrong_source(root: Path, old: str, new: str, sentence: str) -> None:
    path = runtime_file(root)
    path.write_text(path.read_text() + SOURCE)
    assert load_catalog(root).runtimes["alpha"].sources[0].into == "lib"
    assert_refused(root, path, old, new, sentence)


TASK_CHANGES = [
    ('title = "Talk"', "", "`title` is missing"),
    ('name = "talk"', 'name = "tell"', "`name` is 'tell', its folder 'talk'"),
    ('kind = "text"', 'kind = "txt"', "`port[0].kind` is 'txt'; possible: 'text', 'audio', 'image'"),
    ('kind = "text"', 'kind = "end"', "`port[0].kind` is 'end'"),
    ('direction = "in"', 'direction = "out"', "`port` has no input"),
    ('direction = "in"', 'direction = "up"', "`port[0].direction` is 'up'"),
    ('type = "number"', 'type = "float"', "`setting[0].type` is 'float'; possible: 'number'"),
    ("default = 0.5", "default = 2.5", "`setting[0].default` is 2.5; the most is 2.0"),
    ("default = 0.5", 'default = "warm"', "`setting[0].default` has to be a number, not a text"),
    ("default = 0.5", "defalt = 0.5", "`setting[0].defalt` is unknown (did you mean `default`?)"),
    ("default = 4", "default = 4.0", "`option[1].default` has to be a whole number, not a number"),
    ('default = "plain"', 'default = "plein"', "`option[0].default` is 'plein'; possible: 'plain', 'fancy'"),
    ('choices = ["plain", "fancy"]\n', "", "`option[0].choices` belongs to the type 'choice'"),
    ("default = false", "default = false\nminimum = 0", "`option[2]` has a range, but is no number"),
    ("default = false", 'default = false\nchoices = ["a"]', "`option[2].choices` belongs to the type 'choice'"),
    ('name = "stop"', 'name = "warmth"', "`setting[1].name` repeats 'warmth'"),
    ("default = true", 'default = "yes"', "`model[0].default` has to be true or false"),
    ('text = "hello"', 'text = "hallo"', "`model[0].text` has 5 bytes and the sha256"),
    ('text = "hello"', "", "`model[0]` needs either `part` or `text`"),
    ('file = "plain.bt"', 'file = "../plain.bt"', "`model[0].file` is '../plain.bt'"),
    ("default = true", "default = true\nterms = true", "`model[0].licence_text` is missing: terms have to be shown"),
    ('entry = "TalkTask"\nusage', 'entry = "talkTask"\nusage', "`ios.entry` is 'talkTask'"),
    ('entry = "TalkTask"\nusage', "usage", "`ios.entry` is missing"),
    (
        "minimum = 1",
        'shapes = ["tensors"]\nminimum = 1',
        "`option[1].shapes` names a shape that the task does not ask for",
    ),
    (
        "default = true",
        'default = true\nshape = "tensors"',
        "`model[0].shape` is 'tensors', which the task does not ask",
    ),
    ('kind = "text"', 'kind = "text"\nshapes = ["embed"]', "`port` has no input for the shape 'generate'"),
    ("usage = {", "usages = {", "`ios.usages` is unknown (did you mean `usage`?)"),
    ('["android.permission.RECORD_AUDIO"]', '["a b"]', "`android.permissions[0]` is 'a b'"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), TASK_CHANGES, ids=[row[2] for row in TASK_CHANGES])
def test_a_wrong_task(root: Path, old: str, new: str, sentence: str) -> None:
    assert_refused(root, task_file(root), old, new, sentence)


def assert_refused(root: Path, path: Path, old: str, new: str, sentence: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueWrong) as caught:
        load_catalog(root)
    assert str(path) in caught.value.what
    assert sentence in caught.value.what
    assert caught.value.exit_code == 4


def test_two_defaults(root: Path) -> None:
    with task_file(root).open("a") as file:
        file.write(text_model("second", "x", more="default = true\n"))
    with pytest.raises(CatalogueWrong, match="`model` has several with `default = true`"):
        load_catalog(root)


def test_a_file_that_cannot_be_read(root: Path) -> None:
    runtime_file(root).write_text("name = ")
    with pytest.raises(NotToml, match=re.escape(str(runtime_file(root)))):
        load_catalog(root)
    runtime_file(root).write_bytes(b'name = "\xff"')
    with pytest.raises(NotToml):
        load_catalog(root)
    runtime_file(root).unlink()
    runtime_file(root).mkdir()
    with pytest.raises(Unreadable):
        load_catalog(root)


# The real one.


def test_the_real_catalogue(repository: Path) -> None:
    catalog = load_catalog(repository)
    assert catalog.runtimes
    assert catalog.tasks
    for task in catalog.tasks.values():
        assert task.default_model is not None
        assert set(task.entries) == set(APP_PLATFORMS)
        for shape in task.shapes:
            assert any(shape in runtime.shapes for runtime in catalog.runtimes.values())
        for model in task.models:
            assert any(model.format in runtime.formats for runtime in catalog.runtimes.values())


def test_no_catalogue_name_stands_in_the_generator(repository: Path) -> None:
    catalog = load_catalog(repository)
    names = {name for runtime in catalog.runtimes.values() for name in (runtime.name, runtime.title)}
    names |= set(catalog.tasks) | {model.name for task in catalog.tasks.values() for model in task.models}
    names |= {source.name for runtime in catalog.runtimes.values() for source in runtime.sources}
    names -= set(SHAPES)  # a shape's name is everybody's
    # Words of the language that are names too: in text they may stand, as values they may not.
    pattern = re.compile("|".join(f"""["']{re.escape(name)}["']""" for name in sorted(names)), re.IGNORECASE)
    hits = [
        f"{path.name}: {found[0]}"
        for path in (repository / "generator" / "handheld").glob("*.py")
        for found in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert hits == []


def test_the_helpers_are_real() -> None:
    assert BETA.toml() != RuntimeText().toml()
    assert TASK.count("[[port]]") == 1
    assert "hello" in DEFAULT_MODEL
