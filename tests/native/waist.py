"""What hh_task_* costs over a runtime's own C or C++ API: the same library, model and input, in interleaved pairs."""

from __future__ import annotations

import struct
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handheld.catalog import load_catalog
from handheld.conversion import find_environment
from handheld.render import RenderedApp
from handheld.resources import root
from handheld.tools import Tools
from native.figures import PAIRS, Contestant, Figure, paired
from native.support import build, manifest, render, tiny_model, weights

MOST_SHARE, MOST_MICROSECONDS = 1.02, 5.0
CALLS = 20_000
"""Of a model with one operator, in one measurement."""
PICTURES = 32
"""How often EfficientNet-Lite0 runs in one measurement."""
TASK = "classify"
"""Whose model EfficientNet-Lite0 is."""


@dataclass(frozen=True, slots=True)
class Input:
    """The only input of a model: `element` is f32 or u8."""

    name: str
    element: str
    shape: Sequence[int]


ONE = Input("x", "f32", (1, 2))
"""Of the models with one operator."""


def one_onnx(made: Any) -> bytes:
    """The output y = x + x."""
    ports = [made.value("x", 1, ONE.shape)], [made.value("y", 1, ONE.shape)]
    return bytes(made.model(made.graph([made.node("Add", ["x", "x"], ["y"])], *ports)))


def one_tflite(made: Any) -> bytes:
    """The output y = 2 x."""
    x, y = (made.Tensor(name, made.FLOAT32, ONE.shape) for name in "xy")
    two = made.Tensor("two", made.FLOAT32, (), data=struct.pack("<f", 2))
    return bytes(made.model([x, two, y], [(made.MUL, (0, 1), (2,))], (0,), (2,)))


def one_pte(made: Any) -> bytes:
    """The output y = x + x."""
    array = made.Array(made.FLOAT32, ONE.shape)
    add = made.Call("aten::add", "out", (0, 0, 1, 2, 2))
    names = '{"inputs": [{"name": "x"}], "outputs": [{"name": "y"}]}'
    return bytes(made.program([array, 1, array], [add], (0,), (2,), names=names))


@dataclass(frozen=True, slots=True)
class Subject:
    """How a runtime is measured: its model with one operator, and its EfficientNet-Lite0 with what that takes."""

    suffix: str
    one: Callable[[Any], bytes]
    network: str
    input: Input


PLANES, PIXELS = (1, 3, 224, 224), (1, 224, 224, 3)
SUBJECTS: Mapping[str, Subject] = {
    "executorch": Subject(".pte", one_pte, "efficientnet-lite0-pte", Input("input", "f32", PLANES)),
    "litert": Subject(".tflite", one_tflite, "efficientnet-lite0-int8", Input("images", "u8", PIXELS)),
    "onnxruntime": Subject(".onnx", one_onnx, "efficientnet-lite0", Input("input", "f32", PLANES)),
}
"""Every runtime of shape `tensors` whose library is opened; native/tests/plain has a program for each."""


def compare(app: RenderedApp, programs: Path, runtime: str, given: Input, times: int) -> list[tuple[float, float]]:
    """CPU seconds of `times` requests, ours and the plain program's, for each pair.

    Each pair has new processes: where the system puts a process's memory decides about two percent of its time.
    """
    words = [given.name, given.element, *(str(size) for size in given.shape)]
    pairs = []
    for _ in range(PAIRS):
        ours = Contestant([programs / "bench_waist", manifest(app), *words])
        plain = Contestant([programs / f"plain_{runtime}", weights(app), *words])
        for contestant in (ours, plain):
            contestant.ask(str(times // 8))  # fills the caches
        a, b = ours.ask(str(times)), plain.ask(str(times))
        assert a["sum"] == b["sum"] != 0, f"they computed the same: {a}, {b}"
        pairs.append((a["cpu_s"], b["cpu_s"]))
        ours.close()
        plain.close()
    return pairs


def of_runtime(runtime: str, folder: Path, tools: Tools) -> list[Figure]:
    """What one call costs more, and what a network of usual size does."""
    subject = SUBJECTS[runtime]
    folder.mkdir()
    one = (folder / "one").with_suffix(subject.suffix)
    one.write_bytes(subject.one(tiny_model(runtime)))
    app = render(folder / "app", runtime, str(one), tools, task="tensors")
    targets = ["bench_waist", f"plain_{runtime}"]
    programs = build(app, folder / "programs", targets, tools, arguments=["-DHH_TEST_SHARED=ON"])
    extra = [1e6 * (ours - plain) / CALLS for ours, plain in compare(app, programs, runtime, ONE, CALLS)]
    title = f"CPU time of a request beyond {runtime}'s own API, one operator"
    figure = paired(title, MOST_MICROSECONDS, "less", extra)
    figures = [Figure(figure.name, figure.median, figure.low, figure.high, figure.gate, figure.better, "us")]
    if lacking := lacks(runtime, subject, tools):
        print(lacking, file=sys.stderr)
        return figures
    source = render(folder / "eyes", runtime, subject.network, tools, task=TASK)
    whole = render(folder / "whole", runtime, str(weights(source)), tools, task="tensors")
    pairs = compare(whole, programs, runtime, subject.input, PICTURES)
    title = f"CPU time, core : {runtime}'s own API, EfficientNet-Lite0"
    return [*figures, paired(title, MOST_SHARE, "less", [ours / plain for ours, plain in pairs])]


def lacks(runtime: str, subject: Subject, tools: Tools) -> str:
    """Why EfficientNet-Lite0 is left out, or nothing: gigabytes are not downloaded for a bench."""
    catalog = load_catalog(root())
    conversion = catalog.runtimes[runtime].conversion
    model = next(model for model in catalog.tasks[TASK].models if model.name == subject.network)
    if model.convert is None or conversion is None or find_environment(conversion, model.title, tools) is not None:
        return ""
    return f"left out: {model.title}, as what makes it is not here; `nox -s parity -- {runtime}` brings it"


def measure(tools: Tools) -> list[Figure]:
    """The figures of every runtime of shape `tensors` whose library is opened."""
    with tempfile.TemporaryDirectory() as name:
        return [figure for runtime in SUBJECTS for figure in of_runtime(runtime, Path(name) / runtime, tools)]
