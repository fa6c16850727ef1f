"""The ONNX project's node tests through the core: python -m native.onnx_nodes [--headers FOLDER] [NAME ...].

Each case of the package `onnx` is run by the core with the runtime that takes .onnx, and by Python's onnxruntime on
this machine; the outputs have to be the same, bit for bit. What the core refuses is skipped with its reason, and
counted by it; what both refuse is counted too. Without names all cases are run.

With --headers the functions that the runtime declares by itself are compared with onnxruntime's own C header.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from handheld.binding import File, Task, Value
from handheld.build import build_app
from handheld.errors import HandheldError
from handheld.host import find_toolchain
from handheld.progress import SilentProgress
from handheld.status import DType, Kind, Status
from handheld.tools import Tools, open_tools
from native.support import SOURCES, render, tiny_file

RUNTIME = "onnxruntime"
HEADERS = Path("/usr/include/onnxruntime")
"""Where Debian's libonnxruntime-dev has them."""
DTYPES = {
    "float32": DType.F32, "float16": DType.F16, "float64": DType.F64, "int8": DType.I8, "uint8": DType.U8,
    "int16": DType.I16, "uint16": DType.U16, "int32": DType.I32, "uint32": DType.U32, "int64": DType.I64,
    "uint64": DType.U64, "bool": DType.BOOL,
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}
QUIET = 4
"""onnxruntime's log level for fatal errors alone: refused models are expected here."""


class Skipped(Exception):
    """A case that cannot be compared, with the reason."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A built core and a manifest; each case brings its model as memory."""

    library: Path
    manifest: Path


def main(arguments: Sequence[str]) -> int:
    """Run the cases; prints failures, the skipped ones by reason, and one closing line."""
    given = list(arguments)
    folder = HEADERS
    if "--headers" in given:
        at = given.index("--headers")
        folder = Path(given[at + 1])
        del given[at : at + 2]
    tools = open_tools()
    onnxruntime.set_default_logger_severity(QUIET)
    with tempfile.TemporaryDirectory() as name:
        lane = prepare(Path(name), tools)
        outcomes = list(run_all(lane, given))
    print_reasons(outcomes)
    same_header = compare_header(folder, tools)
    counts = Counter(kind for _, kind, _ in outcomes)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] or same_header is False else 0


def prepare(folder: Path, tools: Tools) -> Lane:
    """Render and build an app of the task for any model."""
    app = render(folder / "app", RUNTIME, tiny_file(RUNTIME, "tensors", folder), tools, task="tensors")
    return Lane(build_app(app, tools, SilentProgress()).library, app.directory / app.lock.tasks[0].manifest)


def run_all(lane: Lane, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Gives name, outcome ("passed", "failed" or "skipped") and reason of each case."""
    for case in collect_testcases(None):
        if names and case.name not in names:
            continue
        try:
            reason = run_case(lane, case)
            yield case.name, "failed" if reason else "passed", reason
        except Skipped as skipped:
            yield case.name, "skipped", str(skipped)
        except (HandheldError, ValueError, TypeError) as error:
            yield case.name, "failed", f"{type(error).__name__}: {error}"


def run_case(lane: Lane, case: Any) -> str:
    """Gives why the case failed, or nothing.

    Raises:
        Skipped: the core refuses the model with a reason, or Python's onnxruntime cannot run it either.
    """
    model = case.model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = QUIET
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime raises a class of its own for each status
        return refused_too(lane, model, str(error))
    try:
        task = Task(lane.library, lane.manifest, files=[File("weights", data=model)], options={"threads": 1})
        with task:
            task.load()
            return "; ".join(filter(None, (compare(task, session, inputs) for inputs, _ in case.data_sets)))
    except HandheldError as error:
        if getattr(error, "status", None) == Status.UNSUPPORTED:
            raise Skipped(kind_of(error.what)) from None
        raise


def refused_too(lane: Lane, model: bytes, why: str) -> str:
    """What Python's onnxruntime does not load the core must not load either, and must say why."""
    try:
        with Task(lane.library, lane.manifest, files=[File("weights", data=model)], options={"threads": 1}) as task:
            task.load()
    except HandheldError:
        operator = "NOT_IMPLEMENTED" in why or "is not a registered" in why
        does = "has no code for an operator" if operator else "refuses the model"
        raise Skipped(f"onnxruntime {onnxruntime.__version__} {does}, in Python and in the core") from None
    return f"Python's onnxruntime refuses the model and the core does not: {why}"


def compare(task: Task, session: Any, inputs: Sequence[Any]) -> str:
    """Run one data set on both sides; gives the difference, or nothing."""
    feeds = {port.name: plain(array) for port, array in zip(session.get_inputs(), inputs, strict=False)}
    for array in feeds.values():
        if not isinstance(array, np.ndarray) or array.dtype.name not in DTYPES:
            kind = array.dtype.name if isinstance(array, np.ndarray) else type(array).__name__
            raise Skipped(f"Python's onnxruntime takes no input of {kind} from NumPy")
    try:
        expected = session.run(None, feeds)
    except Exception:  # noqa: BLE001
        return same_failure(task, feeds)
    expected = [plain(array) for array in expected]
    strange = [array for array in expected if not isinstance(array, np.ndarray) or array.dtype.name not in DTYPES]
    if strange:
        raise Skipped(f"Python's onnxruntime gives no output of {type(strange[0]).__name__} to NumPy")
    got = {value.port: array_of(value) for value in task.stream(values_of(feeds)) if value.kind is Kind.TENSOR}
    for port, wanted in zip(session.get_outputs(), expected, strict=True):
        found = got.get(port.name)
        if found is None or found.dtype != wanted.dtype or found.shape != wanted.shape:
            return f"{port.name}: {wanted.dtype} {wanted.shape} was expected, {found!r} came"
        if found.tobytes() != wanted.tobytes() and not drawn_by_lot(session, feeds):
            return f"{port.name}: other numbers, {np.max(np.abs(found.astype(float) - wanted.astype(float)))} apart"
    return ""


def plain(array: Any) -> Any:
    """Some cases give numbers of NumPy, and some their own form of an array."""
    if isinstance(array, TensorProto):
        return numpy_helper.to_array(array)
    return np.asarray(array) if isinstance(array, np.generic) else array


def same_failure(task: Task, feeds: Mapping[str, Any]) -> str:
    """A run that fails in Python has to fail in the core."""
    try:
        list(task.stream(values_of(feeds)))
    except HandheldError:
        raise Skipped("onnxruntime fails in the run, in Python and in the core") from None
    return "the run fails in Python and not in the core"


def drawn_by_lot(session: Any, feeds: Mapping[str, Any]) -> bool:
    """Whether Python does not agree with itself: an operator that draws numbers."""
    first, second = session.run(None, feeds), session.run(None, feeds)
    return any(one.tobytes() != two.tobytes() for one, two in zip(first, second, strict=True))


def values_of(feeds: Mapping[str, Any]) -> list[Value]:
    """The arrays as the core takes them."""
    return [
        Value(Kind.TENSOR, np.ascontiguousarray(a).tobytes(), name, dtype=DTYPES[a.dtype.name], shape=a.shape)
        for name, a in feeds.items()
    ]


def array_of(value: Value) -> Any:
    """A tensor as NumPy has it."""
    return np.frombuffer(value.data, NAMES[value.dtype]).reshape(value.shape)


def kind_of(sentence: str) -> str:
    """The reason without names, so that cases with the same one are counted together."""
    small = "numbers of fewer than 8 bits"
    for part in ("texts (a string tensor)", "a sequence of values", "an optional value", "complex numbers", small):
        if part in sentence:
            what = f"{part}, or in a layout of 8 bits that only some chips know" if part == small else part
            return f"the core carries dense arrays of numbers; the model has {what}"
    return sentence


def print_reasons(outcomes: Sequence[tuple[str, str, str]]) -> None:
    """Every failure, and the skipped cases by reason, the most frequent first."""
    for name, kind, reason in outcomes:
        if kind == "failed":
            print(f"failed: {name}: {reason}")
    reasons = Counter(reason for _, kind, reason in outcomes if kind == "skipped")
    for reason, count in reasons.most_common():
        first = next(name for name, _, why in outcomes if why == reason)
        print(f"skipped {count}: {reason} (such as {first})")


def compare_header(folder: Path, tools: Tools) -> bool | None:
    """Compile ort_header.cpp against the real header; None when there is none."""
    if not (folder / "onnxruntime_c_api.h").is_file():
        print("declarations not compared: no header (sudo apt install libonnxruntime-dev, or --headers FOLDER)")
        return None
    source = SOURCES / "ort_header.cpp"
    command: list[str | Path] = [find_toolchain(tools).cxx, "-std=c++20", "-fsyntax-only", "-Wno-ignored-attributes"]
    done = tools.run([*command, "-I", SOURCES.parent, "-isystem", folder, source], check=False)
    print(done.stderr[-2000:] if done.returncode else f"declarations are those of {folder}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
