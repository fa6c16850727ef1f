"""The runtime executorch: what it says of programs that it cannot run, or only slowly, and what they leave open."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.conftest import Core
from core.test_tensors import LOAD, opened, refusal, tensors
from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.status import Kind, Status
from handheld.tools import Tools, python
from native.support import tiny_model

pte: Any = tiny_model("executorch")
FLOAT, NO_TYPE = 6, 22
"""Element types (ScalarType); the second one has fewer than 8 bits."""


@pytest.fixture(scope="session")
def runtime(cores: Callable[..., Core]) -> Core:
    return cores("executorch", "tensors")


def floats(*numbers: float, shape: tuple[int, ...] | None = None, port: str | None = None) -> Value:
    return Value(Kind.TENSOR, struct.pack(f"<{len(numbers)}f", *numbers), port, shape=shape or (len(numbers),))


@pytest.mark.parametrize(
    ("model", "status", "words"),
    [
        ({"copy": "org.example::twist"}, Status.UNSUPPORTED, "org.example::twist.out"),
        ({"delegate": "CoreMLBackend"}, Status.UNSUPPORTED, "lowered for CoreMLBackend, which is not in this app's"),
        ({"delegate": "XnnpackBackend"}, Status.FILE_INVALID, "is a damaged program"),
        ({"method": "encode"}, Status.UNSUPPORTED, 'no method "forward"; it has: encode, handheld_io'),
        ({"element": NO_TYPE}, Status.UNSUPPORTED, "no number of 8 bits or more"),
        ({"shape": (2, 2), "order": (1, 0)}, Status.UNSUPPORTED, "another order than row-major"),
        ({"shape": (1,) * 9}, Status.UNSUPPORTED, "an array of 9 dimensions"),
    ],
)
def test_a_program_that_cannot_run_is_refused_with_the_reason(
    runtime: Core, model: dict[str, Any], status: Status, words: str
) -> None:
    program = pte.identity(**{"element": FLOAT, "shape": (8,), **model})
    assert refusal(runtime, program)[0] == status
    assert words in refusal(runtime, program)[1]


def test_an_input_that_is_no_array_is_refused(runtime: Core) -> None:
    array = pte.Array(FLOAT, (1,))
    program = pte.program([7, array, 1, array], [pte.Call("aten::add", "out", (1, 1, 2, 3, 3))], (0,), (3,))
    status, sentence = refusal(runtime, program)
    assert status == Status.UNSUPPORTED
    assert "input 0 holds a single number that is no array" in sentence


def test_what_a_program_does_not_name_is_numbered(runtime: Core) -> None:
    with opened(runtime, pte.identity(FLOAT, (1, 8), names=False)) as task:
        task.load()
        loaded: Any = task.info()["loaded"]
        assert loaded["inputs"] == [{"name": "input_0", "type": "f32", "shape": [1, None]}]
        assert [port["name"] for port in loaded["outputs"]] == ["output_0"]


@pytest.mark.parametrize("said", ["{", '{"inputs": [{"name": 7}]}', '{"inputs": [{"shape": [null]}]}'])
def test_names_that_are_none_are_refused(runtime: Core, said: str) -> None:
    array = pte.Array(FLOAT, (8,), free=True)
    calls = [pte.Call("aten::add", "out", (0, 0, 1, 2, 2))]
    status, sentence = refusal(runtime, pte.program([array, 1, array], calls, (0,), (2,), names=said))
    assert status == Status.FILE_INVALID
    assert "handheld_io" in sentence


def test_a_shape_above_the_program_s_bound_is_refused_and_the_task_goes_on(runtime: Core) -> None:
    with opened(runtime, pte.identity(FLOAT, (8,))) as task:
        task.load()
        with pytest.raises(CoreError) as caught:
            list(task.stream([floats(*range(9))]))
        assert caught.value.status == Status.WRONG_SHAPE
        assert "exported for at most [8]" in caught.value.what
        (y,) = tensors(task.stream([floats(*range(8))]))
        assert y.data == floats(*range(8)).data


def test_a_program_that_was_lowered_for_nothing_is_said_to_be_slow(runtime: Core) -> None:
    with opened(runtime, pte.identity(FLOAT, (8,))) as task:
        task.load()
        list(task.stream([floats(1)]))
        report = task.report()
        assert report["accelerator"] == "cpu"
        assert "lowered for none" in str(report["accelerator_note"])
        info: Any = task.info()["loaded"]
        assert (info["executorch"], info["delegates"]) == ("1.5.1", [])


@pytest.mark.parametrize("at", [8, 12, 16, 24])
def test_a_header_that_lies_is_refused(runtime: Core, at: int) -> None:
    # What ExecuTorch's own compiler writes between the root and the first table.
    header = bytearray(b"\x30\0\0\0ET12" + b"eh00" + struct.pack("<IQQ", 24, 40, 0) + bytes(24))
    if at > 8:
        header[at : at + 4] = b"\xff" * 4
    status, sentence = refusal(runtime, bytes(header))
    assert status == Status.FILE_INVALID
    assert "damaged" in sentence


@pytest.mark.parametrize("lost", ["libhandheld_executorch", "libexecutorch_backend_xnnpack", "libexecutorch"])
def test_each_missing_library_is_a_status_and_a_sentence(
    runtime: Core, tmp_path: Path, tools: Tools, lost: str
) -> None:
    for path in runtime.library.parent.iterdir():
        if path.stem != lost:
            shutil.copyfile(path, tmp_path / path.name)
    # In a process of its own: this one has the libraries open.
    done = tools.run([python(), "-c", LOAD, tmp_path / runtime.library.name, runtime.manifest])
    status, sentence = json.loads(done.stdout)
    assert status == Status.RUNTIME_MISSING
    assert lost in sentence
    assert "build the app again" in sentence


def test_damage_that_is_only_met_while_running_ends_nothing(runtime: Core) -> None:
    whole = runtime.weights.read_bytes()
    ran, said = 0, set()
    for index in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[index] ^= 0x11
        try:
            with Task(runtime.library, runtime.manifest, files=[File("weights", data=bytes(damaged))]) as task:
                task.load()
                list(task.stream([Value.of("1 x.0=3", "example")]))
                ran += 1
        except CoreError as error:
            said.add(error.status)
    assert 0 < ran < len(whole) // 3
    assert said <= {Status.FILE_INVALID, Status.UNSUPPORTED, Status.RUNTIME_FAILED, Status.OUT_OF_MEMORY,
                    Status.UNKNOWN_PORT, Status.WRONG_SHAPE, Status.INVALID_ARGUMENT, Status.TOO_LARGE}  # fmt: skip
