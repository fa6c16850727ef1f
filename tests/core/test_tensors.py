"""Shape `tensors` from Python: element types, models that are refused, a library that is missing."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.conftest import Core
from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.catalog import load_catalog
from handheld.resources import root
from handheld.status import DType, Kind, Status
from handheld.tools import Tools, python
from native.support import tiny_model

onnx: Any = tiny_model("onnxruntime")
"""Writes ONNX models of a few bytes."""
executorch: Any = tiny_model("executorch")
"""Writes ExecuTorch's programs."""
litert: Any = tiny_model("litert")
"""Writes models of LiteRT."""
SIZES = {DType.F16: 2, DType.BF16: 2, DType.I16: 2, DType.U16: 2, DType.F64: 8, DType.I64: 8, DType.U64: 8,
         DType.F32: 4, DType.I32: 4, DType.U32: 4, DType.I8: 1, DType.U8: 1, DType.BOOL: 1}  # fmt: skip
ONNX_TYPES = {DType.F32: 1, DType.U8: 2, DType.I8: 3, DType.U16: 4, DType.I16: 5, DType.I32: 6, DType.I64: 7,
              DType.BOOL: 9, DType.F16: 10, DType.F64: 11, DType.U32: 12, DType.U64: 13, DType.BF16: 16}  # fmt: skip

LITERT_TYPES = {DType.F32: 0, DType.F16: 1, DType.I32: 2, DType.U8: 3, DType.I64: 4, DType.BOOL: 6, DType.I16: 7,
                DType.I8: 9, DType.F64: 10, DType.U64: 12, DType.U32: 15, DType.U16: 16, DType.BF16: 18}  # fmt: skip
PTE_TYPES = {DType.U8: 0, DType.I8: 1, DType.I16: 2, DType.I32: 3, DType.I64: 4, DType.F16: 5, DType.F32: 6,
             DType.F64: 7, DType.BOOL: 11, DType.BF16: 15, DType.U16: 27, DType.U32: 28, DType.U64: 29}  # fmt: skip
LOAD = """
import json, pathlib, sys
from handheld.app_errors import CoreError
from handheld.binding import Task
with Task(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) as task:
    try:
        task.load()
    except CoreError as error:
        print(json.dumps([error.status, error.what]))
"""


@pytest.fixture(scope="session")
def ort(cores: Callable[..., Core]) -> Core:
    """The core with onnxruntime, and what a test gives as a model."""
    return cores("onnxruntime", "tensors")


def opened(core: Core, model: bytes, **options: object) -> Task:
    return Task(core.library, core.manifest, files=[File("weights", data=model)], options={"threads": 1, **options})


def identity(element: int, shape: list[int | str]) -> bytes:
    ports = [onnx.value("x", element, shape)], [onnx.value("y", element, shape)]
    model: bytes = onnx.model(onnx.graph([onnx.node("Identity", ["x"], ["y"])], *ports), opset=16)
    return model


def tensors(values: Iterator[Value]) -> list[Value]:
    return [value for value in values if value.kind is Kind.TENSOR]


def test_every_element_type_has_a_size() -> None:
    assert set(SIZES) == set(DType) == set(ONNX_TYPES) == set(LITERT_TYPES) == set(PTE_TYPES)


@pytest.mark.parametrize("dtype", list(DType))
def test_every_element_type_comes_back_as_it_went_in(portable_core: Core, dtype: DType) -> None:
    name = portable_core.weights.suffix.removeprefix(".")
    echo = f"echo\ninput x {dtype.name.lower()} n\noutput y = 1 x\n".encode()
    tflite = litert.identity(LITERT_TYPES[dtype], [-1])
    pte = executorch.identity(PTE_TYPES[dtype], (8,))
    model = {"echo": echo, "onnx": identity(ONNX_TYPES[dtype], ["n"]), "tflite": tflite, "pte": pte}[name]
    data = bytes(range(2)) * (3 * SIZES[dtype] // 2) if dtype is not DType.BOOL else b"\1\0\1"
    data = data.ljust(3 * SIZES[dtype], b"\1")
    with opened(portable_core, model) as task:
        task.load()
        (out,) = tensors(task.stream([Value(Kind.TENSOR, data, "x", dtype=dtype, shape=(3,))]))
        assert (out.port, out.dtype, out.shape, out.data) == ("y", dtype, (3,), data)
        summary = [value.text for value in task.stream([Value.of("1 x.0=2", "example")]) if value.kind is Kind.TEXT]
        assert summary[0].startswith(f"in x {dtype.name.lower()} [2] = ")


def test_scale_and_zero_point_are_told_and_not_applied(cores: Callable[..., Core]) -> None:
    with Task((core := cores("echo", "tensors")).library, core.manifest) as task:
        task.load()
        loaded: Any = task.info()["loaded"]
    assert loaded["inputs"][3] == {"name": "pixels", "type": "u8", "shape": [4], "scale": 0.5, "zero_point": 128}


def refusal(core: Core, model: bytes) -> tuple[int, str]:
    with pytest.raises(CoreError) as caught, opened(core, model) as task:
        task.load()
    return caught.value.status, caught.value.what


def test_a_missing_operator_is_named(ort: Core) -> None:
    node = onnx.node("Frobnicate", ["x"], ["y"], domain="org.example")
    ports = [onnx.value("x", 1, [1])], [onnx.value("y", 1, [1])]
    graph = onnx.graph([node], *ports)
    for model in (onnx.model(graph), onnx.model(graph, domains=["org.example"])):
        status, sentence = refusal(ort, model)
        assert status == Status.UNSUPPORTED
        assert "the operator org.example:Frobnicate, which" in sentence
    status, sentence = refusal(ort, onnx.model(onnx.graph([onnx.node("Nonsense", ["x"], ["y"])], *ports)))
    assert status == Status.UNSUPPORTED
    assert "the operator Nonsense, which" in sentence


def test_outputs_that_litert_would_lose_are_refused(cores: Callable[..., Core]) -> None:
    arrays = [litert.Tensor(name, 0, (1, 2), signature=(-1, 2)) for name in "xy"]
    shape, sizes, nothing = (litert.Tensor(name, litert.INT32, (2,)) for name in ("shape", "sizes", "nothing"))
    nothing.data = bytes(8)
    steps = [(litert.SHAPE, (0,), (1,)), (litert.ADD, (1, 2), (3,)), (litert.RESHAPE, (0, 3), (4,))]
    model = litert.model([arrays[0], shape, nothing, sizes, arrays[1]], steps, (0,), (4,))
    with opened(cores("litert", "tensors"), model) as task:
        task.load()
        with pytest.raises(CoreError) as caught:
            list(task.stream([Value(Kind.TENSOR, struct.pack("<2f", 1, 2), "x", shape=(1, 2))]))
    assert caught.value.status == Status.UNSUPPORTED
    assert "computes the shape of an output while it runs" in caught.value.what


def test_texts_are_refused_with_the_reason(ort: Core) -> None:
    status, sentence = refusal(ort, identity(8, [1]))
    assert status == Status.UNSUPPORTED
    assert 'The model\'s input "x" holds texts (a string tensor)' in sentence


def test_an_operator_set_of_the_future_is_named(ort: Core) -> None:
    ports = [onnx.value("x", 1, [1])], [onnx.value("y", 1, [1])]
    status, sentence = refusal(ort, onnx.model(onnx.graph([onnx.node("Identity", ["x"], ["y"])], *ports), opset=999))
    assert status == Status.UNSUPPORTED
    assert "opset" in sentence


def test_weights_in_another_file_are_named_with_what_joins_them(ort: Core) -> None:
    ports = [onnx.value("x", 1, [1])], [onnx.value("y", 1, [1])]
    weights = [onnx.elsewhere("w", "weights.data")]
    status, sentence = refusal(ort, onnx.model(onnx.graph([onnx.node("Add", ["x", "w"], ["y"])], *ports, weights)))
    assert status == Status.UNSUPPORTED
    assert "keeps weights in another file" in sentence
    assert "onnx.save_model(onnx.load(" in sentence


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"GGUF\3\0\0\0" + bytes(60), "a GGUF model (.gguf)"),
        (b"\x1c\0\0\0TFL3" + bytes(60), "a LiteRT model (.tflite)"),
        (b"\x1c\0\0\0ET12" + bytes(60), "an ExecuTorch program (.pte)"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"PK\3\4" + bytes(60), "a zip archive"),
        (b"\x93\x01\x02", "of another kind"),
    ],
)
def test_a_model_of_another_kind_is_named(ort: Core, head: bytes, said: str) -> None:
    status, sentence = refusal(ort, head)
    assert status == Status.FILE_INVALID
    assert said in sentence


def test_a_model_that_was_cut_is_called_damaged(ort: Core) -> None:
    whole = ort.weights.read_bytes()
    status, sentence = refusal(ort, whole[:-9])
    assert status == Status.FILE_INVALID
    assert "truncated" in sentence


def test_a_missing_library_is_a_status_and_a_sentence(ort: Core, tmp_path: Path, tools: Tools) -> None:
    alone = tmp_path / ort.library.name
    shutil.copyfile(ort.library, alone)
    # In a process of its own: this one has the library open.
    done = tools.run([python(), "-c", LOAD, alone, ort.manifest])
    status, sentence = json.loads(done.stdout)
    assert status == Status.RUNTIME_MISSING
    assert "libonnxruntime" in sentence
    assert "build the app again" in sentence


@pytest.mark.parametrize("asked", ["gpu", "npu"])
def test_an_accelerator_that_cannot_be_had_is_the_cpu_and_says_so(portable_core: Core, asked: str) -> None:
    answers, reports = [], []
    for accelerator in ("auto", asked):
        with Task(
            portable_core.library, portable_core.manifest, options={"threads": 1, "accelerator": accelerator}
        ) as task:
            task.load()
            answers.append([value.data for value in task.stream([Value.of("1", "example")])])
            reports.append(task.report())
    assert answers[0] == answers[1]
    assert [report["accelerator"] for report in reports] == ["cpu", "cpu"]
    assert "was asked for" not in str(reports[0].get("accelerator_note"))
    assert str(reports[1]["accelerator_note"]).startswith(f"{asked} was asked for; ")
    assert not {"graph_nodes", "accelerator_nodes"} & set(reports[1])


def test_the_reason_names_what_is_missing(cores: Callable[..., Core]) -> None:
    said = {}
    for runtime in ("onnxruntime", "litert"):
        core = cores(runtime, "tensors")
        with Task(core.library, core.manifest, options={"accelerator": "gpu"}) as task:
            task.load()
            said[runtime] = str(task.report()["accelerator_note"])
    assert said["onnxruntime"].endswith("has no WebGPU")
    assert said["litert"].endswith("an input has a free size, and LiteRT's GPU takes fixed ones")


def test_shapes_are_those_of_the_catalogue(tensor_core: Core) -> None:
    import ctypes  # noqa: PLC0415

    runtimes = load_catalog(root()).runtimes
    library = ctypes.CDLL(str(tensor_core.library))
    library.hh_build_info.restype = ctypes.c_char_p
    shapes = json.loads(library.hh_build_info())["shapes"]
    assert shapes
    for name, compiled in shapes.items():
        assert set(compiled) == set(runtimes[name].shapes)


def test_numbers_cross_the_border_unharmed(ort: Core) -> None:
    with Task(ort.library, ort.manifest, options={"threads": 1, "state": ["sum=total"]}) as task:
        task.load()
        x = struct.pack("<4f", 1.5, -2.25, 1e30, -0.0)
        values = [
            Value(Kind.TENSOR, x, "x", shape=(2, 2)),
            Value(Kind.TENSOR, x[:8], "step", shape=(1, 2)),
            Value(Kind.TENSOR, b"abcd", "pixels", dtype=DType.U8, shape=(4,)),
        ]
        y, copy = tensors(task.stream(values))
    assert struct.unpack("<4f", y.data) == pytest.approx((3.0, -4.5, 2e30, 0.0))
    assert copy.data == b"abcd"
