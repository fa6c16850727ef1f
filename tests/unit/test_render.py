"""Rendering: the same input gives the same bytes, whole or not at all, and nobody's work is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.app_errors import FilesChanged, LockDamaged, NewerApp, NotAnApp, TargetBusy, TemplateBroken
from handheld.errors import DiskFull, TargetInTheWay, TargetReadOnly
from handheld.lock import LOCK_NAME, LockedModel, read_lock, write_lock
from handheld.placing import place, recover
from handheld.render import RenderedApp, _is_whole, open_app, render_app
from handheld.shells import check_keys, joined, render_shell
from handheld.spec import TaskChoice
from helpers.apps import made_up_files, plan_of, tree_of
from helpers.lanes import need

Render = Callable[..., RenderedApp]


@pytest.fixture
def render(tmp_path: Path) -> Render:
    def rendered(directory: Path, *choices: TaskChoice, keep_app_toml: bool = False, **more: object) -> RenderedApp:
        plan = plan_of(directory, *choices, **more)  # type: ignore[arg-type]
        return render_app(plan, made_up_files(plan, tmp_path / "cache"), keep_app_toml=keep_app_toml)

    return rendered


@pytest.fixture
def app(tmp_path: Path, render: Render) -> RenderedApp:
    return render(tmp_path / "parrot")


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


# What is written.


def test_the_parts_of_an_app(app: RenderedApp) -> None:
    names = set(tree_of(app.directory))
    assert {
        "app.toml",
        "app.lock.toml",
        "README.md",
        "noxfile.py",
        "fetch.py",
        ".gitignore",
        ".github/workflows/app.yml",
        "LICENSES/Handheld.txt",
        "LICENSES/nlohmann-json.txt",
        "native/core/registry.inc",
        "native/include/handheld.h",
        "native/runtimes/echo/backend.cpp",
        "native/tasks/chat/chat.cpp",
        "native/third_party/nlohmann/include/nlohmann.h",
        "tasks/chat/task.json",
        "tasks/chat/golden.json",
        "tasks/chat/model.echo",
        "android/settings.gradle.kts",
    } <= names
    assert not [name for name in names if name.startswith(("native/tests/", "native/runtimes/llama_cpp/"))]


def test_the_registry_names_what_was_chosen(app: RenderedApp) -> None:
    text = (app.directory / "native/core/registry.inc").read_text()
    assert text == "HH_RUNTIME(echo)\nHH_TASK(chat)\n"


def test_the_manifest_knows_the_model_that_was_copied(app: RenderedApp) -> None:
    manifest = json.loads((app.directory / "tasks/chat/task.json").read_text())
    data = (app.directory / "tasks/chat" / manifest["files"]["weights"]).read_bytes()
    assert manifest["model"]["bytes"] == len(data)
    assert manifest["model"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_native_holds_nothing_of_the_apps_name(tmp_path: Path, render: Render) -> None:
    one = render(tmp_path / "one", name="Parrot").directory / "native"
    other = render(tmp_path / "other", name="Zażółć", package="pl.acme.gesla").directory / "native"
    assert tree_of(one) == tree_of(other)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tree_of(render(tmp_path / "a" / "parrot").directory)
    monkeypatch.chdir("/")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = os.umask(0o077)
    try:
        second = tree_of(render(tmp_path / "deep" / "er" / "parrot").directory)
    finally:
        os.umask(before)
    assert first == second


def test_a_users_cookiecutter_settings_change_nothing(tmp_path: Path, render: Render) -> None:
    first = tree_of(render(tmp_path / "a").directory)
    settings = 'default_context:\n  folder: "elsewhere"\n  app: {name: "Other"}\n'
    Path("~/.cookiecutterrc").expanduser().write_text(settings)
    assert tree_of(render(tmp_path / "b").directory) == first


def test_only_the_chosen_platforms(tmp_path: Path, render: Render) -> None:
    app = render(tmp_path / "parrot", platforms=("android",))
    assert (app.directory / "android").is_dir()
    assert not (app.directory / "ios").exists()
    assert "/android/" in (app.directory / ".gitignore").read_text()
    assert "ios" not in (app.directory / ".github/workflows/app.yml").read_text()


# The lock.


def test_the_lock_lists_every_file_with_its_hash(app: RenderedApp) -> None:
    files = {name: content for name, (_, content) in tree_of(app.directory).items()}
    models = {model.file for model in app.lock.models}
    assert set(files) == set(app.lock.files) | models | {LOCK_NAME}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in app.lock.files.items())


def test_zones(app: RenderedApp) -> None:
    assert {"native/include/handheld.h", "fetch.py", "tasks/chat/task.json"} <= set(app.lock.owned)
    assert {"app.toml", "README.md", "android/settings.gradle.kts"} <= set(app.lock.yours)
    assert not set(app.lock.owned) & set(app.lock.yours)


def test_a_folder_alone_gives_the_app_back(app: RenderedApp) -> None:
    assert open_app(app.directory).lock == app.lock
    assert write_lock(app.lock) == (app.directory / LOCK_NAME).read_text()


def test_a_lock_survives_every_kind_of_text(app: RenderedApp, tmp_path: Path) -> None:
    odd = LockedModel("chat", "tasks/chat/x", 3, "0" * 64, 'a "b" \\ \x7f\n\t🦜', hf="o/r@v/f", text="\u2028")
    lock = replace(app.lock, name="'\"\\$", models=(odd,), yours={'odd "name".kt': "1" * 64})
    (tmp_path / LOCK_NAME).write_text(write_lock(lock), encoding="utf-8")
    assert read_lock(tmp_path, "0.1.0") == lock


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text.replace("epoch = 1", "epoch = 99"), NewerApp),
        (lambda text: text.replace("epoch = 1", ""), LockDamaged),
        (lambda text: text.replace("[app]", "[[app]]"), LockDamaged),
        (lambda text: text[: len(text) // 2] + "<<<<<<< HEAD\n", LockDamaged),
    ],
)
def test_a_damaged_lock(app: RenderedApp, change: Callable[[str], str], error: type[Exception]) -> None:
    path = app.directory / LOCK_NAME
    path.write_text(change(path.read_text()))
    with pytest.raises(error):
        open_app(app.directory)


def test_a_folder_without_an_app(tmp_path: Path) -> None:
    with pytest.raises(NotAnApp):
        open_app(tmp_path)
    with pytest.raises(NotAnApp):
        open_app(tmp_path / "nowhere")


# Templates.


def shell(folder: Path, files: dict[str, str], keys: str = '{"folder": "android"}') -> Path:
    for name, text in files.items():
        path = folder / "{{cookiecutter.folder}}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "cookiecutter.json").write_text(keys)
    return folder


def test_a_slice_is_laid_over_the_shell(tmp_path: Path) -> None:
    base = shell(tmp_path / "shell", {"a/x.kt": "x"})
    overlay = tmp_path / "slice"
    (overlay / "a").mkdir(parents=True)
    (overlay / "a" / "y.kt").write_text("y")
    assert set(joined(base, [overlay, tmp_path / "no such slice"])) == {"a/x.kt", "a/y.kt"}


def test_a_path_that_stands_twice_is_refused(tmp_path: Path) -> None:
    base = shell(tmp_path / "shell", {"a/x.kt": "x"})
    overlay = tmp_path / "slice"
    (overlay / "a").mkdir(parents=True)
    (overlay / "a" / "x.kt").write_text("mine")
    with pytest.raises(TemplateBroken, match=r"a/x\.kt"):
        joined(base, [overlay])


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({"folder": "x", "app": {"name": ""}}, {"folder": "x", "app": {"name": "", "extra": ""}}),
        ({"folder": "x", "app": {"name": "", "more": ""}}, {"folder": "x", "app": {"name": ""}}),
        ({"folder": "x"}, {"folder": "x", "tasks": {}}),
    ],
)
def test_keys_are_the_same_both_ways(tmp_path: Path, declared: dict[str, object], given: dict[str, object]) -> None:
    with pytest.raises(TemplateBroken, match=r"cookiecutter\.json"):
        check_keys(tmp_path, declared, given)
    check_keys(tmp_path, declared, declared)


# An existing folder.


def test_a_folder_with_other_files_is_never_written(tmp_path: Path, render: Render) -> None:
    (tmp_path / "parrot").mkdir()
    (tmp_path / "parrot" / "letter.txt").write_text("dear")
    for force in (False, True):
        with pytest.raises(TargetInTheWay):
            render(tmp_path / "parrot", force=force)
    assert set(tree_of(tmp_path / "parrot")) == {"letter.txt"}
    assert leftovers(tmp_path) == []


def test_an_empty_folder_will_do(tmp_path: Path, render: Render) -> None:
    (tmp_path / "parrot").mkdir()
    assert render(tmp_path / "parrot").fresh


def test_an_app_is_not_replaced_without_force(app: RenderedApp, render: Render) -> None:
    before = tree_of(app.directory)
    with pytest.raises(TargetInTheWay):
        render(app.directory, name="Other")
    assert tree_of(app.directory) == before


def test_made_of_the_same_means_nothing_to_do(app: RenderedApp, render: Render) -> None:
    marker = app.directory / "README.md"
    before = marker.stat().st_ino
    assert not render(app.directory, force=True).fresh
    assert marker.stat().st_ino == before


@pytest.mark.parametrize("name", ["native/include/handheld.h", "README.md", "tasks/chat/model.echo"])
def test_what_is_missing_comes_back(app: RenderedApp, render: Render, name: str) -> None:
    (app.directory / name).unlink()
    assert not _is_whole(app.directory, app.lock)
    assert render(app.directory, force=True).fresh
    assert (app.directory / name).is_file()


def test_your_files_stay(app: RenderedApp, render: Render) -> None:
    readme = app.directory / "README.md"
    readme.write_text("my own words")
    own = app.directory / "android" / "app" / "src" / "Mine.kt"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("class Mine")
    (app.directory / ".git").mkdir()
    (app.directory / ".git" / "HEAD").write_text("ref: refs/heads/main")
    (app.directory / "link").symlink_to("README.md")
    again = render(app.directory, name="Cockatoo", force=True)
    assert again.fresh
    assert readme.read_text() == "my own words"
    assert own.read_text() == "class Mine"
    assert (app.directory / ".git" / "HEAD").is_file()
    assert (app.directory / "link").is_symlink()
    assert "Cockatoo" in (app.directory / "app.toml").read_text()
    assert leftovers(app.directory.parent) == []


def test_changes_in_handhelds_files_are_refused_not_lost(app: RenderedApp, render: Render) -> None:
    header = app.directory / "native/include/handheld.h"
    header.write_text(header.read_text() + "/* mine */\n")
    before = tree_of(app.directory)
    with pytest.raises(FilesChanged, match="changes that would be lost") as refused:
        render(app.directory, name="Cockatoo", force=True)
    assert "native/include/handheld.h" in refused.value.cause
    assert tree_of(app.directory) == before
    assert leftovers(app.directory.parent) == []


def test_a_new_file_never_lands_on_one_of_yours(tmp_path: Path, render: Render) -> None:
    app = render(tmp_path / "parrot", platforms=("android",))
    (app.directory / "ios").write_text("my notes about iOS")
    with pytest.raises(FilesChanged):
        render(app.directory, force=True)
    assert (app.directory / "ios").read_text() == "my notes about iOS"


def test_an_edited_app_toml_is_not_passed_over(app: RenderedApp, render: Render) -> None:
    own = app.directory / "app.toml"
    own.write_text("# my comment\n" + own.read_text())
    with pytest.raises(FilesChanged) as refused:
        render(app.directory, name="Cockatoo", force=True)
    assert "app.toml" in refused.value.cause
    assert "--from app.toml" in refused.value.fix


def test_app_toml_stays_when_the_plan_was_made_from_it(app: RenderedApp, render: Render) -> None:
    own = app.directory / "app.toml"
    own.write_text("# my comment\n" + own.read_text())
    render(app.directory, name="Cockatoo", force=True, keep_app_toml=True)
    assert own.read_text().startswith("# my comment")


def test_a_model_of_before_does_not_stay(app: RenderedApp, render: Render) -> None:
    render(app.directory, TaskChoice("chat", model="smollm2-135m-instruct"), force=True)
    assert not (app.directory / "tasks/chat/model.echo").exists()


# Accidents.


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place(tmp_path / "new" / "deep" / "parrot", fill, None)
    assert list(tmp_path.iterdir()) == []


def test_the_second_of_two_at_once_is_told(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "mine").write_text("mine")
        (tmp_path / "parrot").mkdir()
        (tmp_path / "parrot" / "theirs").write_text("theirs")

    with pytest.raises(TargetBusy):
        place(tmp_path / "parrot", fill, None)
    assert set(tree_of(tmp_path)) == {"parrot/theirs"}


def test_a_full_disk(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "some").write_text("some")
        Path("/dev/full").write_text("more")

    need(Path("/dev/full").exists(), "a Linux", "use Linux")
    with pytest.raises(DiskFull):
        place(tmp_path / "parrot", fill, None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written() -> None:
    need(Path("/sys/kernel").is_dir(), "a Linux", "use Linux")
    with pytest.raises(TargetReadOnly):
        place(Path("/sys/kernel/parrot"), lambda _: None, None)


def dead_process() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_a_killed_run_go(tmp_path: Path, render: Render) -> None:
    (tmp_path / f".parrot.handheld-new-{dead_process()}").mkdir()
    alive = tmp_path / f".parrot.handheld-new-{os.getppid()}"
    alive.mkdir()
    render(tmp_path / "parrot")
    assert leftovers(tmp_path) == [alive.name]


def test_an_app_that_was_moved_aside_by_a_killed_run_comes_back(app: RenderedApp) -> None:
    before = tree_of(app.directory)
    app.directory.rename(app.directory.parent / f".parrot.handheld-old-{dead_process()}")
    recover(app.directory)
    assert tree_of(app.directory) == before


def test_an_app_moved_aside_is_kept_when_another_one_has_its_place(app: RenderedApp) -> None:
    aside = app.directory.parent / f".parrot.handheld-old-{dead_process()}"
    aside.mkdir()
    (aside / "work").write_text("work")
    recover(app.directory)
    assert (aside / "work").is_file()


def test_the_settings_of_git_ignore_the_models(app: RenderedApp) -> None:
    ignored = (app.directory / ".gitignore").read_text().splitlines()
    assert {f"/{model.file}" for model in app.lock.models} <= set(ignored)


def test_app_toml_is_the_plans(app: RenderedApp) -> None:
    assert app.plan is not None
    text = (app.directory / "app.toml").read_text()
    assert text == app.plan.app_toml
    assert tomllib.loads(text)["app"]["name"] == "Parrot"


@pytest.mark.parametrize("name", ["android-template", "ios-template"])
def test_the_cookiecutter_command_renders_the_same_bytes(repository: Path, tmp_path: Path, name: str) -> None:
    template = repository / name
    argv = [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(tmp_path / "theirs")]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    defaults = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    context = {key: value for key, value in defaults.items() if not key.startswith("_")}
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):  # compiled on the fly, into the cache, and from it
        target = tmp_path / "ours" / context["folder"]
        target.mkdir(parents=True)
        render_shell(template, (), context, target, cache)
        assert tree_of(tmp_path / "ours") == tree_of(tmp_path / "theirs")
        shutil.rmtree(tmp_path / "ours")


def test_a_broken_template_names_its_file(tmp_path: Path) -> None:
    base = shell(tmp_path / "shell", {"a/x.kt": "{{ cookiecutter.nobody_gives_this }}"})
    with pytest.raises(TemplateBroken, match=r"a/x\.kt.*nobody_gives_this"):
        render_shell(base, (), {"folder": "android"}, tmp_path / "out")


def test_a_damaged_compiled_template_is_compiled_again(tmp_path: Path) -> None:
    base = shell(tmp_path / "shell", {"x.kt": "{{ cookiecutter.folder }}"})
    for _ in range(2):
        render_shell(base, (), {"folder": "android"}, tmp_path / "out", tmp_path / "cache")
        compiled = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
        assert compiled
        for file in compiled:
            file.write_bytes(file.read_bytes()[:30])
    assert (tmp_path / "out" / "x.kt").read_text() == "android"
