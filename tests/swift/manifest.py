"""The package's manifest with every part in it at once, evaluated as on this machine and as on a Mac.

Nothing is fetched or compiled: what a part says for a Mac alone is seen by the compiler at least, and what it has
fetched there is looked at.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handheld.render import PARTS_MARK
from swift.toolchain import Swift

NATIVE = Path(__file__).resolve().parents[2] / "native"
MAC_ONLY = "#if os(macOS)"
METAL_TARGET, METAL_DEFINE = "CGgmlMetal", "HH_METAL"


def joined() -> str:
    """native/Package.swift with the part of each runtime and task that has one, as a rendered app has its own."""
    tasks = sorted((NATIVE.parent / "templates" / "tasks").glob("*/native/swiftpm.swift"))
    parts = [*sorted(NATIVE.glob("runtimes/*/swiftpm.swift")), *tasks]
    text = (NATIVE / "Package.swift").read_text(encoding="utf-8")
    head, mark, tail = text.partition(next(line for line in text.splitlines(True) if line.startswith(PARTS_MARK)))
    snippets = ['let oldestProcessor = "apple-a12"\n', *(part.read_text(encoding="utf-8") for part in parts)]
    return "".join([head, mark, "\n", "\n".join(snippets), tail])


def problems(swift: Swift, folder: Path) -> tuple[int, list[str]]:
    """Evaluate it in a new folder; gives how many targets are fetched on a Mac, and what is wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest, text = folder / "Package.swift", joined()
    wrong, fetched = [], 0
    for where, as_there in (("here", text), ("a Mac", text.replace(MAC_ONLY, "#if !os(macOS)"))):
        manifest.write_text(as_there, encoding="utf-8")
        done = swift.run(["swift", "package", "dump-package"], folder, quiet=True)
        if done.returncode != 0:
            wrong.append(f"on {where} the manifest does not compile:\n{done.stdout[-3000:]}")
            continue
        targets = json.loads(done.stdout[done.stdout.index("{") :])["targets"]
        wrong += [f"on {where} {said}" for said in _complaints(targets)]
        if as_there is not text:
            wrong += [f"on {where} {said}" for said in _without_metal(targets)]
        fetched = sum(target["type"] == "binary" for target in targets)
    return fetched, wrong


def _complaints(targets: list[dict[str, Any]]) -> list[str]:
    names = [target["name"] for target in targets]
    wrong = [f"two targets are called {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    for target in targets:
        needed = [item for kinds in target["dependencies"] for item in kinds.values()]
        wrong += [f"{target['name']} needs {item[0]}, which is no target" for item in needed if item[0] not in names]
        if target["type"] == "binary" and not (
            str(target.get("url", "")).startswith("https://")
            and re.fullmatch("[0-9a-f]{64}", str(target.get("checksum", "")))
        ):
            wrong.append(f"{target['name']} is fetched without a checksum")
    return wrong


def _without_metal(targets: list[dict[str, Any]]) -> Iterator[str]:
    """What keeps an iPhone's or a Mac's core from Metal."""
    core = next(target for target in targets if target["name"] == "CHandheld")
    needed = {item[0]: item[-1] for kinds in core["dependencies"] for item in kinds.values()}
    if not _for_apple(needed.get(METAL_TARGET)):
        yield f"{METAL_TARGET} is no part of the core on iOS and macOS"
    defined = [setting for setting in core["settings"] if setting["kind"].get("define", {}).get("_0") == METAL_DEFINE]
    if [_for_apple(setting.get("condition")) for setting in defined] != [True]:
        yield f"{METAL_DEFINE} is not defined on iOS and macOS alone"


def _for_apple(condition: object) -> bool:
    return isinstance(condition, dict) and sorted(condition.get("platformNames", [])) == ["ios", "macos"]
