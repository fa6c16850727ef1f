"""Workflows of this project and of rendered apps, checked by actionlint and zizmor: part of `nox -s lint`.

    PYTHONPATH=tests python tests/workflows/check.py

Both tools are pinned: actionlint is built by Go from a version whose hash is compared, zizmor stands in
constraints.txt. Both have to find what is planted for them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from handheld import resources
from handheld.shells import render_shell
from handheld.tools import open_tools

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SHELL = resources.root() / "templates/shared"
ACTIONLINT = "github.com/rhysd/actionlint"
VERSION, SUM = "v1.7.12", "h1:vQ4GeJN86C0QH+gTUQcs8McmK62OLT3kmakPMtEWYnY="
APPS: tuple[tuple[str, ...], ...] = (("android", "ios"), ("android",), ("ios",))
"""The platforms of the apps whose workflow is looked at."""
CHECKOUT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
FAULTS = (
    ("a misspelt key", "actionlint", "    timeout-minutes:", "    timeout-minute:", "timeout-minute"),
    ("an unknown part of the matrix", "actionlint", "matrix.api", "matrix.level", '"level" is not defined'),
    ("an action by its tag", "zizmor", f"checkout@{CHECKOUT}", "checkout@v7", "unpinned"),
    ("credentials left behind", "zizmor", "        with: { persist-credentials: false }\n", "", "artipacked"),
    ("every permission", "zizmor", "permissions: {}", "permissions: write-all", "excessive-permissions"),
)
"""Name, tool, what is replaced, by what, and a part of the answer."""


def main() -> int:
    """Check all; the exit code is 0 when there is nothing to say, and everything planted was found."""
    linter = actionlint()
    if linter is None:
        sys.stdout.write("actionlint needs Go: https://go.dev/doc/install\n")
        return 1 if os.environ.get("CI", "").lower() == "true" else 0
    tools: dict[str, Callable[[Path], str]] = {"actionlint": partial(by_actionlint, linter), "zizmor": by_zizmor}
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = [own(Path(scratch) / "own"), *(rendered(Path(scratch) / "-".join(on), on) for on in APPS)]
        for folder in folders:
            wrong += [f"{folder.name}: {said}" for check in tools.values() if (said := check(folder))]
            wrong += [f"{folder.name}: {line}" for line in unpinned(folder)]
        both = folders[1]
        for name, tool, old, new, answer in FAULTS:
            if answer not in (said := tools[tool](planted(both, old, new))):
                wrong.append(f"{tool} did not find {name}; it said: {said[:500]}")
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"workflows: {len(folders)} looked at, {len(FAULTS)} faults planted, {len(wrong)} complaints\n")
    return 1 if wrong else 0


def own(folder: Path) -> Path:
    """A copy of this project's workflows."""
    shutil.copytree(REPOSITORY / ".github/workflows", folder / ".github/workflows")
    return folder


def rendered(folder: Path, platforms: tuple[str, ...]) -> Path:
    """What lies beside the projects of an app for these platforms."""
    context: dict[str, Any] = json.loads((SHELL / "cookiecutter.json").read_text(encoding="utf-8"))
    context["platforms"]["items"] = list(platforms)
    folder.parent.mkdir(parents=True, exist_ok=True)
    raw = {key: value for key, value in context.items() if not key.startswith("_")}
    render_shell(SHELL, [], raw, folder)
    return folder


def planted(folder: Path, old: str, new: str) -> Path:
    """A copy with a fault in each workflow."""
    copy = folder.with_name("planted")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    for path in workflows(copy):
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise LookupError(f"{path.name} has no {old!r}: the fault needs another place")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def workflows(folder: Path) -> list[Path]:
    """The workflow files of a repository; there has to be one."""
    found = sorted((folder / ".github/workflows").glob("*.yml"))
    if not found:
        raise LookupError(f"{folder} has no workflow")
    return found


def unpinned(folder: Path) -> list[str]:
    """Actions without a commit's hash and the version that it is."""
    lines = [line for path in workflows(folder) for line in path.read_text(encoding="utf-8").splitlines()]
    uses = [line.strip() for line in lines if "uses:" in line]
    return [line for line in uses if not re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)]


def actionlint() -> Path | None:
    """The pinned actionlint, built once; None without Go."""
    tools = open_tools()
    target = tools.cache / f"actionlint-{VERSION}"
    program = target / "actionlint"
    go = shutil.which("go")
    if go is None:
        return None
    if not program.is_file():
        environ = {**os.environ, "GOBIN": str(target), "GOFLAGS": "-mod=mod"}
        subprocess.run([go, "install", f"{ACTIONLINT}/cmd/actionlint@{VERSION}"], env=environ, check=True)
    built = subprocess.run([go, "version", "-m", str(program)], capture_output=True, text=True, check=True).stdout
    if f"{ACTIONLINT}\t{VERSION}\t{SUM}" not in built:
        raise RuntimeError(f"{program} was not built from {ACTIONLINT} {VERSION} {SUM}")
    return program


def by_actionlint(program: Path, folder: Path) -> str:
    """What actionlint says, its own checks alone; nothing when all is right."""
    command = [str(program), "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", *map(str, workflows(folder))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def by_zizmor(folder: Path) -> str:
    """What zizmor says, offline and at its most careful; nothing when all is right."""
    program = str(Path(sys.executable).with_name("zizmor"))
    options = ["--offline", "--no-progress", "--persona=pedantic", "--format=plain", "--color=never"]
    command = [program, *options, *map(str, workflows(folder))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
