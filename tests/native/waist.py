"""What hh_task_* costs over a runtime's own C API: the same library, model and input, in interleaved pairs."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handheld.render import RenderedApp
from handheld.tools import Tools
from native.figures import PAIRS, Contestant, Figure, paired
from native.support import build, manifest, render, tiny_model, weights

MOST_SHARE, MOST_MICROSECONDS = 1.02, 5.0
CALLS = 20_000
"""Of a model with one operator, in one measurement."""
PICTURES = 8
PICTURE = (1, 3, 224, 224)
"""How often EfficientNet-Lite0 runs in one measurement, and what it takes."""
SIZES = (1, 2)
"""Of the one operator's input."""


def one_multiplication(runtime: str, folder: Path) -> Path:
    """A model with the input x, f32 [1, 2], and the output y = 2 x, in the format of the runtime."""
    made: Any = tiny_model(runtime)
    if runtime == "litert":
        x, two, y = (
            made.Tensor("x", 0, SIZES),
            made.Tensor("two", 0, (), data=struct.pack("<f", 2)),
            made.Tensor("y", 0, SIZES),
        )
        path = folder / "one.tflite"
        path.write_bytes(made.model([x, two, y], [(made.MUL, (0, 1), (2,))], (0,), (2,)))
        return path
    ports = [made.value("x", 1, SIZES)], [made.value("y", 1, SIZES)]
    path = folder / "one.onnx"
    path.write_bytes(made.model(made.graph([made.node("Add", ["x", "x"], ["y"])], *ports)))
    return path


def compare(
    app: RenderedApp, programs: Path, runtime: str, shape: Sequence[int], name: str, times: int
) -> list[tuple[float, float]]:
    """CPU seconds of `times` requests, ours and the plain program's, for each pair after the first."""
    sizes = [str(size) for size in shape]
    ours = Contestant([programs / "bench_waist", manifest(app), name, *sizes])
    plain = Contestant([programs / f"plain_{runtime}", weights(app), name, *sizes])
    pairs = []
    for pair in range(PAIRS + 1):
        a, b = ours.ask(str(times)), plain.ask(str(times))
        assert a["sum"] == b["sum"], "they computed the same"
        if pair > 0:  # the first pair fills the caches
            pairs.append((a["cpu_s"], b["cpu_s"]))
    ours.close()
    plain.close()
    return pairs


def of_runtime(runtime: str, folder: Path, tools: Tools) -> list[Figure]:
    """What one call costs more, and what a network of usual size does."""
    folder.mkdir()
    app = render(folder / "app", runtime, str(one_multiplication(runtime, folder)), tools, task="tensors")
    targets = ["bench_waist", f"plain_{runtime}"]
    programs = build(app, folder / "programs", targets, tools, arguments=["-DHH_TEST_SHARED=ON"])
    extra = [1e6 * (ours - plain) / CALLS for ours, plain in compare(app, programs, runtime, SIZES, "x", CALLS)]
    title = f"CPU time of a request beyond {runtime}'s own C API, one operator"
    figure = paired(title, MOST_MICROSECONDS, "less", extra)
    figures = [Figure(figure.name, figure.median, figure.low, figure.high, figure.gate, figure.better, "us")]
    if runtime == "onnxruntime":
        source = render(folder / "eyes", runtime, "efficientnet-lite0", tools, task="classify")
        whole = render(folder / "whole", runtime, str(weights(source)), tools, task="tensors")
        pairs = compare(whole, programs, runtime, PICTURE, "input", PICTURES)
        title = f"CPU time, core : {runtime}'s own C API, EfficientNet-Lite0"
        figures.append(paired(title, MOST_SHARE, "less", [ours / plain for ours, plain in pairs]))
    return figures


def measure(tools: Tools) -> list[Figure]:
    """The figures of every runtime of shape `tensors` whose library is opened."""
    with tempfile.TemporaryDirectory() as name:
        return [f for runtime in ("onnxruntime", "litert") for f in of_runtime(runtime, Path(name) / runtime, tools)]
