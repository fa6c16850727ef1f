"""The Xcode project read by npm's `xcode` and `@bacons/xcode`: two parsers that were not written by us."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "node"


@dataclass(frozen=True, slots=True)
class Parsers:
    """A folder with the two packages and our program over them."""

    folder: Path

    def read(self, project: Path) -> subprocess.CompletedProcess[str]:
        """Let both read an .xcodeproj."""
        argv = ["node", str(self.folder / "check.mjs"), str(project), project.stem]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def complaints(self, project: Path) -> list[str]:
        """What is wrong with an .xcodeproj, as sentences; empty if nothing is."""
        done = self.read(project)
        if done.returncode != 0:
            return [f"{project.name} cannot be read: {done.stderr.strip()[-300:]}"]
        said = json.loads(done.stdout)
        return [*said["complaints"], *_differences(said, project)]


def _differences(said: dict[str, Any], project: Path) -> Iterator[str]:
    module = project.stem
    if not said["same"]:
        yield "npm's xcode writes the project file with other bytes"
    if {target["name"] for target in said["targets"]} != {module, f"{module}Tests", f"{module}UITests"}:
        yield f"the targets are {said['targets']}"
    app: dict[str, Any] = next((target for target in said["targets"] if target["name"] == module), {})
    if app.get("folders") != ["App"] or app.get("products") != ["Handheld"]:
        yield f"the app is made of {app}"
    if said["packages"] != ["../native"] or said["scheme"] != module or said["workspace"] != ["self:"]:
        yield f"package, scheme, workspace: {said['packages']}, {said['scheme']}, {said['workspace']}"


def install(folder: Path) -> Parsers:
    """Bring the pinned packages, once. None of their scripts is run, and each has to have the hash that we know.

    Raises:
        RuntimeError: npm failed, or a package is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "check.mjs"):
        shutil.copy(HERE / name, folder)
    if not (folder / "node_modules" / "xcode").is_dir():
        argv = ["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"npm install failed: {done.stderr.strip()[-400:]}")
    installed = json.loads((folder / "node_modules" / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    found = {
        f"{name.rpartition('node_modules/')[2]} {package['version']} {package['integrity']}"
        for name, package in installed.items()
    }
    known = set((HERE / "integrity.txt").read_text(encoding="utf-8").splitlines()[1:])
    if found != known:
        raise RuntimeError(f"npm brought other packages than integrity.txt lists: {sorted(found ^ known)}")
    return Parsers(folder)


def check_that_they_find_faults(parsers: Parsers, project: Path, scratch: Path) -> list[str]:
    """Damage a copy of the project in two ways; each has to be noticed."""
    wrong = []
    text = (project / "project.pbxproj").read_text(encoding="utf-8")
    begin = text.index("/* Begin XCLocalSwiftPackageReference section */")
    end = text.index("/* End XCLocalSwiftPackageReference section */")
    faults = {"a reference to nothing": text[:begin] + text[end:], "a missing brace": text.replace("};", "}", 1)}
    for name, damaged in faults.items():
        copy = scratch / "damaged" / project.name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(project, copy)
        (copy / "project.pbxproj").write_text(damaged, encoding="utf-8")
        if not parsers.complaints(copy):
            wrong.append(f"{name} in {project.name} was not noticed")
    return wrong
