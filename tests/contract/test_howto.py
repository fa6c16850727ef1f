"""The how-to pages keep their word: who follows one gets a working app, and changes nothing outside the new folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from handheld.build import BuiltApp
from handheld.tools import Tools
from helpers.howto import StepFailed, blocks, follow
from helpers.lanes import need

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = REPOSITORY / "docs" / "how-to"
NEW_FOLDERS = {"add-a-runtime.md": "native/runtimes/reverse", "add-a-task.md": "templates/tasks/gist"}
COPIED = ("native", "templates", "android-template", "ios-template", "generator", "docs", "tests")
MADE_BY_TOOLS = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", ".build")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the repository, and the environment in which `handheld` is that copy's."""

    folder: Path
    environ: Mapping[str, str]

    def tree(self) -> dict[str, str]:
        """Every file with its hash; what commands make in build/ is left out."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
        names = {path.relative_to(self.folder).as_posix(): path for path in files}
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in names.items()
            if not name.startswith("build/")
        }


@dataclass(frozen=True, slots=True)
class Followed:
    """A checkout in which a page was followed, and its files before that."""

    page: str
    checkout: Checkout
    before: Mapping[str, str]


def check_out(folder: Path, tools: Tools) -> Checkout:
    need(tools.find("git"), "git", "sudo apt install git")
    need(tools.find("perl"), "perl", "sudo apt install perl")
    checkout = folder / "handheld"
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, checkout / name, ignore=MADE_BY_TOOLS)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(REPOSITORY / name, checkout / name)
    (folder / "bin").mkdir()
    command = folder / "bin" / "handheld"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m handheld "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    own = {
        "PATH": f"{folder / 'bin'}:{tools.environ['PATH']}",
        "PYTHONPATH": str(checkout / "generator"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "HANDHELD_CACHE": str(tools.cache),
        "LC_ALL": "C.UTF-8",
        "GIT_CEILING_DIRECTORIES": str(folder),  # `git apply` must not find a repository around the temporary folder
    }
    return Checkout(checkout, {**tools.environ, **own})


@pytest.fixture(scope="module", params=sorted(NEW_FOLDERS))
def followed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, own_tools: Tools, echo_built: BuiltApp
) -> Followed:
    assert echo_built.library.is_file(), "sources are in the cache, and most objects are built"
    checkout = check_out(tmp_path_factory.mktemp("checkout"), own_tools)
    before = checkout.tree()
    follow((PAGES / request.param).read_text(encoding="utf-8"), checkout.folder, checkout.environ)
    return Followed(request.param, checkout, before)


def test_who_follows_the_page_gets_an_app_whose_golden_case_passes(followed: Followed) -> None:
    lab = followed.checkout.folder / "build" / "lab"
    assert (lab / "app.lock.toml").is_file()
    again = subprocess.run(
        ["handheld", "run", str(lab), "--golden", "--json"],
        env=followed.checkout.environ, capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    assert '"passed": true' in again.stdout


def test_nothing_outside_the_new_folder_changes(followed: Followed) -> None:
    folder = NEW_FOLDERS[followed.page] + "/"
    after = followed.checkout.tree()
    changed = {name for name in followed.before.keys() | after.keys() if followed.before.get(name) != after.get(name)}
    assert changed
    assert {name for name in changed if not name.startswith(folder)} == set()


def test_example_and_copy_fit_into_one_app(followed: Followed) -> None:
    example = {"add-a-runtime.md": "echo", "add-a-task.md": "chat"}[followed.page]
    new = [path for path in (followed.checkout.folder / NEW_FOLDERS[followed.page]).rglob("*") if path.is_file()]
    assert new
    assert [path for path in new if example in path.name.lower() and path.parent.name != "golden"] == []
    for app in (followed.checkout.folder / "build").glob("*/app.lock.toml"):
        # All Swift files of an app are one module, in which a file's name stands once.
        names = [path.name for path in (app.parent / "ios" / "App").rglob("*.swift")]
        assert names
        assert len(set(names)) == len(names)


def test_what_the_checkout_now_renders_passes_its_tests(followed: Followed) -> None:
    # Names of every kind, icons and colours have nothing to do with a new folder.
    files = ["tests/render/test_android.py", "tests/render/test_ios.py", "-k", "not name and not icon and not colour"]
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", "build/tests"]
    finished = subprocess.run(
        [*pytest_, *files],
        cwd=followed.checkout.folder,
        env=followed.checkout.environ,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-2000:]
    assert " passed" in finished.stdout


# The pages are really followed: a step that is wrong does not pass.


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, own_tools: Tools) -> Checkout:
    return check_out(tmp_path_factory.mktemp("checkout"), own_tools)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```sh\nfalse\ntrue\n```\n", "exit code 1"),
        ("```sh\nhandheld new Lab --task nonsense\n```\n", "nonsense"),
        ("```diff\n--- a/LICENSE\n+++ b/LICENSE\n@@ -1 +1 @@\n-not there\n+there\n```\n", "does not apply"),
        ("```sh\necho one\n```\n```text\ntwo\n```\n", "'two' was not printed"),
        ("```sh\nprintf 'one\\ntwo\\n'\n```\n```text\ntwo\none\n```\n", "'one' was not printed"),
        ("```python\nprint()\n```\n", "nobody can follow"),
        ("```sh\ntrue\n", "has no end"),
    ],
)
def test_a_wrong_step_fails(page: str, said: str, checkout: Checkout) -> None:
    with pytest.raises(StepFailed, match=said):
        follow(page, checkout.folder, checkout.environ)


@pytest.mark.parametrize("name", sorted(NEW_FOLDERS))
def test_a_page_that_has_fallen_behind_fails(name: str, own_tools: Tools, tmp_path: Path) -> None:
    page = (PAGES / name).read_text(encoding="utf-8")
    diff = next(block for block in blocks(page) if block.language == "diff")
    line = next(line for line in diff.text.splitlines() if line.startswith(("-name ", "-#")))
    outdated = page.replace(diff.text, diff.text.replace(line, f"{line} as it was once"))
    checkout = check_out(tmp_path, own_tools)
    with pytest.raises(StepFailed, match="patch"):
        follow(outdated, checkout.folder, checkout.environ)


def test_every_page_here_is_followed() -> None:
    assert {path.name for path in PAGES.glob("*.md")} == set(NEW_FOLDERS)
