"""The task classify beside each runtime's own Python: python -m native.parity [--record] [RUNTIME ...].

Every runtime whose folder has a reference.py, with every model of the task that it takes, on five photographs. Pillow
and NumPy prepare them for the reference, the core does it for itself. `--record` keeps the figures in
docs/generated/parity.json and parity.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handheld.binding import Task
from handheld.build import build_app
from handheld.catalog import Model, Runtime, load_catalog
from handheld.conversion import environment_python
from handheld.progress import SilentProgress, make_progress
from handheld.resources import root
from handheld.tools import Tools, open_tools, python
from helpers.pictures import PHOTOS, photos, picture_value
from native.records import add_record
from native.support import RUNTIMES, manifest, render, weights

RECORD = "--record"
RESULTS = Path("docs/generated/parity.json")
TASK = "classify"
SIDE, SHARE, MEAN, DEVIATION = 224, 0.875, 127, 128
"""The task's own defaults."""
LEVEL = 1 / 256
"""What one step of a quantised probability is."""
ALLOWED = {"float32": 1e-3, "uint8": 2 * LEVEL}


def main(arguments: list[str]) -> int:
    """Compare all, or the named runtimes; prints a line for each picture and the closing line."""
    names = [argument for argument in arguments if argument != RECORD]
    tools = open_tools()
    rows = [row for runtime, model in pairs(names) for row in compared(runtime, model, tools)]
    for row in rows:
        print(" ".join(f"{name}={value}" for name, value in row.items()))
    failed = sum(not row["good"] for row in rows)
    if RECORD in arguments:
        write_page(add_record(RESULTS, {"rows": rows}, tools))
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed or len(rows) < len(PHOTOS) else 0


def pairs(names: Sequence[str]) -> Iterator[tuple[Runtime, Model]]:
    """What there is to compare."""
    catalog = load_catalog(root())
    for runtime in catalog.runtimes.values():
        if (RUNTIMES / runtime.name / "reference.py").is_file() and (not names or runtime.name in names):
            yield from ((runtime, model) for model in catalog.tasks[TASK].models if model.format in runtime.formats)


def compared(runtime: Runtime, model: Model, tools: Tools) -> Iterator[dict[str, Any]]:
    """A row for each photograph."""
    interpreter = python()
    if runtime.conversion is not None:
        interpreter = str(environment_python(runtime.conversion, model.title, tools, make_progress(sys.stderr)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = render(folder / "app", runtime.name, model.name, tools, task=TASK, progress=make_progress(sys.stderr))
        library = build_app(app, tools, SilentProgress()).library
        labels = json.loads(manifest(app).read_text(encoding="utf-8"))["options"]["labels"]["default"]
        with Task(library, manifest(app), options={"threads": 1}) as task:
            task.load()
            task.configure({"top_k": len(labels)})
            loaded: Any = task.info()["loaded"]
            (spec,) = loaded["inputs"]
            for photo in PHOTOS:
                picture = photos(tools)[photo]
                scores = next(iter(task.stream([picture_value(picture)])))
                found = dict(zip(scores.labels, memoryview(scores.data).cast("f"), strict=True))
                (folder / "in").write_bytes(prepared(picture, spec).tobytes())
                program = RUNTIMES / runtime.name / "reference.py"
                tools.run([interpreter, program, weights(app), folder / "in", folder / "out"])
                dtype = "uint8" if spec["type"] == "u8" else "float32"
                theirs = np.fromfile(folder / "out", dtype=dtype) * (LEVEL if dtype == "uint8" else 1)
                yield row_of((runtime.name, model.name, photo), [found[label] for label in labels], theirs, dtype)


def prepared(picture: Image.Image, spec: Mapping[str, Any]) -> NDArray[Any]:
    """The model's input as whoever trained it would make it, in the numbers that stand for it."""
    side = min(picture.size) * SHARE
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    square = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    values: NDArray[Any] = (np.asarray(square, dtype=np.float32) - MEAN) / DEVIATION
    if spec["type"] == "u8":
        values = np.clip(np.rint(values / spec["scale"]) + spec["zero_point"], 0, 255).astype(np.uint8)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if spec["shape"][1] == 3 else values)


def row_of(what: tuple[str, str, str], ours: Sequence[float], theirs: NDArray[Any], dtype: str) -> dict[str, Any]:
    """How far the two are apart."""
    apart = float(np.abs(np.asarray(ours) - theirs).max())
    # Quantised scores may be equal.
    same = theirs[int(np.argmax(ours))] == theirs.max()
    names = dict(zip(("runtime", "model", "picture"), what, strict=True))
    return {**names, "top1": bool(same), "apart": float(f"{apart:.2g}"), "good": bool(same) and apart <= ALLOWED[dtype]}


def write_page(history: Sequence[Mapping[str, Any]]) -> None:
    """parity.md: every run, the newest first."""
    lines = ["# The task classify beside each runtime's own Python", ""]
    lines += [
        "Written by `nox -s parity -- --record`; do not edit. Allowed: the same first label, probabilities within"
    ]
    lines += ["0.001, quantised ones within two levels (0.0078)."]
    for entry in reversed(history):
        lines += ["", f"## {entry['date']}, commit {entry['commit']}", ""]
        lines += ["| runtime | model | picture | same first label | largest difference |", "|---|---|---|---|---|"]
        for row in entry["rows"]:
            top = "yes" if row["top1"] else "no"
            lines += [f"| {row['runtime']} | {row['model']} | {row['picture']} | {top} | {row['apart']:g} |"]
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
