"""The shells are cookiecutter templates that stand alone, and cookiecutter's three silences are guarded."""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from handheld.catalog import load_catalog
from handheld.catalog_keys import APP_PLATFORMS
from handheld.render import _context, _shared_context
from handheld.shells import _paths
from helpers.apps import made_up_files, plan_of

SHELLS = (*(f"{platform}-template" for platform in APP_PLATFORMS), "templates/shared")


def defaults_of(shell: Path) -> dict[str, object]:
    parsed: dict[str, object] = json.loads((shell / "cookiecutter.json").read_text())
    return parsed


@pytest.mark.parametrize("platform", APP_PLATFORMS)
def test_keys_are_the_same_both_ways(repository: Path, tmp_path: Path, platform: str) -> None:
    shell = repository / f"{platform}-template"
    given = _paths(_context(plan_of(tmp_path / "app"), platform, shell))
    declared = {name for name in _paths(defaults_of(shell)) if not name.startswith("_")}
    assert declared == given


def test_keys_of_what_both_share(repository: Path, tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "app")
    given = _paths(_shared_context(plan, made_up_files(plan, tmp_path)))
    declared = {name for name in _paths(defaults_of(repository / "templates/shared")) if not name.startswith("_")}
    assert declared == given


@pytest.mark.parametrize("platform", APP_PLATFORMS)
def test_facts_stand_once(repository: Path, platform: str) -> None:
    shell = repository / f"{platform}-template"
    assert defaults_of(shell)["facts"] == tomllib.loads((shell / "facts.toml").read_text())


def lists_at_the_top(values: Mapping[str, object]) -> Iterator[str]:
    return (name for name, value in values.items() if isinstance(value, list) and not name.startswith("_"))


@pytest.mark.parametrize("shell", SHELLS)
def test_no_list_is_a_menu(repository: Path, shell: str) -> None:
    assert list(lists_at_the_top(defaults_of(repository / shell))) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_pattern_that_copies_matches_a_file(repository: Path, shell: str) -> None:
    folder = next((repository / shell).glob("{{cookiecutter*"))
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    defaults = defaults_of(repository / shell)
    patterns = [*_listed(defaults, "_copy_without_render"), *_listed(defaults, "_recolour")]
    assert [pattern for pattern in patterns if not fnmatch.filter(names, pattern)] == []


def _listed(defaults: Mapping[str, object], key: str) -> list[str]:
    found = defaults.get(key, [])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("shell", SHELLS)
def test_the_plain_command_renders_a_shell(repository: Path, tmp_path: Path, shell: str) -> None:
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", tmp_path, repository / shell]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()), "something was written"


def test_a_slice_never_lands_on_the_shell(repository: Path) -> None:
    for task in load_catalog(repository).tasks.values():
        for platform in APP_PLATFORMS:
            shell = next((repository / f"{platform}-template").glob("{{cookiecutter*"))
            slice_ = task.folder / platform
            assert slice_.is_dir(), f"{task.name} has nothing for {platform}"
            both = [
                path for path in slice_.rglob("*") if path.is_file() and (shell / path.relative_to(slice_)).exists()
            ]
            assert both == []
