"""The ONNX project's node tests through the core: python -m native.onnx_nodes [--headers FOLDER] [NAME ...].

Each case of the package `onnx` is run by the core with the runtime that takes .onnx, and by Python's onnxruntime on
this machine; the outputs have to be the same, bit for bit. What the core refuses is skipped with its reason, and
counted by it; what both refuse is counted too. Without names all cases are run.

With --headers the functions that the runtime declares by itself are compared with onnxruntime's own C header.
"""

from __future__ import annotations

import ctypes
import math
import re
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
    "float": DType.F32, "float16": DType.F16, "double": DType.F64, "int8": DType.I8, "uint8": DType.U8,
    "int16": DType.I16, "uint16": DType.U16, "int32": DType.I32, "uint32": DType.U32, "int64": DType.I64,
    "uint64": DType.U64, "bool": DType.BOOL, "bfloat16": DType.BF16,
}  # fmt: skip
"""By the name that onnxruntime gives them."""
SIZES = {DType.I8: 1, DType.U8: 1, DType.BOOL: 1, DType.F16: 2, DType.BF16: 2, DType.I16: 2, DType.U16: 2,
         DType.F32: 4, DType.I32: 4, DType.U32: 4, DType.F64: 8, DType.I64: 8, DType.U64: 8}  # fmt: skip
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
    feeds = {port.name: lent(plain(array)) for port, array in zip(session.get_inputs(), inputs, strict=False)}
    values = [tensor_of(name, feed) for name, feed in feeds.items()]
    names = [port.name for port in session.get_outputs()]
    try:
        expected = [tensor_of(name, value) for name, value in zip(names, outputs(session, feeds), strict=True)]
    except RuntimeError:
        return same_failure(task, values)
    got = {value.port: value for value in task.stream(values) if value.kind is Kind.TENSOR}
    for wanted in expected:
        found = got.get(wanted.port)
        if found is None or (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
            return f"{wanted.port}: {wanted.dtype.name} {wanted.shape} was expected, {found!r} came"
        if found.data != wanted.data and not drawn_by_lot(session, feeds):
            return f"{wanted.port}: other numbers"
    return ""


def outputs(session: Any, feeds: Mapping[str, Any]) -> list[Any]:
    """What Python's onnxruntime makes of them.

    Raises:
        RuntimeError: it fails.
    """
    try:
        made: list[Any] = session.run_with_ort_values([port.name for port in session.get_outputs()], feeds)
    except Exception as error:
        raise RuntimeError(str(error)) from error
    return made


def plain(array: Any) -> Any:
    """Some cases give numbers of NumPy, and some their own form of an array."""
    if isinstance(array, TensorProto):
        return numpy_helper.to_array(array)
    return np.asarray(array) if isinstance(array, np.generic) else array


def lent(array: Any) -> Any:
    """An array as onnxruntime's own value; NumPy has no bfloat16 of its own."""
    if not isinstance(array, np.ndarray):
        raise Skipped(f"an input is no array but a {type(array).__name__}")
    whole = np.require(array, requirements="C")
    if whole.dtype.name == "bfloat16":
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(whole.view(np.uint16), TensorProto.BFLOAT16)
    return onnxruntime.OrtValue.ortvalue_from_numpy(whole)


def tensor_of(name: str, value: Any) -> Value:
    """An onnxruntime value as the core's."""
    kind = value.data_type()[len("tensor(") : -1] if value.is_tensor() else value.data_type()
    if kind not in DTYPES:
        raise Skipped(f"Python's onnxruntime makes {kind}")
    dtype, shape = DTYPES[kind], tuple(value.shape())
    size = math.prod(shape) * SIZES[dtype]
    data = ctypes.string_at(value.data_ptr(), size) if size else b""
    return Value(Kind.TENSOR, data, name, dtype=dtype, shape=shape)


def same_failure(task: Task, values: Sequence[Value]) -> str:
    """A run that fails in Python has to fail in the core."""
    try:
        list(task.stream(values))
    except HandheldError:
        raise Skipped("onnxruntime fails in the run, in Python and in the core") from None
    return "the run fails in Python and not in the core"


def drawn_by_lot(session: Any, feeds: Mapping[str, Any]) -> bool:
    """Whether Python does not agree with itself: an operator that draws numbers."""
    first, second = ([tensor_of("", value).data for value in outputs(session, feeds)] for _ in range(2))
    return first != second


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
    header = (folder / "onnxruntime_c_api.h").read_text(encoding="utf-8")
    version = re.search(r"#define ORT_API_VERSION (\d+)", header)
    newer = ", but for those of version 24, which it lacks" if version is None or int(version[1]) < 24 else ""
    print(done.stderr[-2000:] if done.returncode else f"declarations are those of {folder}{newer}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
