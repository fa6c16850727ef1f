"""Too little memory: what is allowed, and what the system gives; a status and a sentence on every runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.conftest import Core
from handheld.app_errors import CoreError
from handheld.binding import File, Task
from handheld.status import Status
from handheld.tools import Tools, python
from native.support import SHAPES, runtimes, tiny_model

PORTS = {"generate": "user", "tensors": "arrays", "embed": "text"}
EVERY = [(shape, runtime) for shape in SHAPES for runtime in runtimes(shape)]
ENOUGH = 400
MOST_ROWS = {"executorch": 4096}
"""What a runtime's tiny model is made for."""
STARVED = Path(__file__).with_name("starved.py")


@pytest.mark.parametrize(("shape", "runtime"), EVERY)
def test_memory_that_the_system_does_not_give_is_a_status(
    cores: Callable[..., Core], tools: Tools, shape: str, runtime: str
) -> None:
    core, said = cores(runtime, shape), []
    rows = str(MOST_ROWS.get(runtime, 5_000_000))
    for megabytes in (0, 2, 30, ENOUGH):
        argv: list[str | Path] = [python(), STARVED, core.library, core.manifest, PORTS[shape], rows, str(megabytes)]
        said.append(json.loads(tools.run(argv).stdout.splitlines()[-1]))
    assert said[-1] == ["ok", ""]
    assert {name for name, _ in said[:-1]} <= {"out_of_memory", "ok"}
    assert said[0][0] == "out_of_memory", said
    assert "memory" in said[0][1]


@pytest.mark.parametrize("shape", ["generate", "embed"])
def test_what_a_context_takes_is_known_before_it_is_taken(cores: Callable[..., Core], shape: str) -> None:
    core = cores("llama_cpp", shape)
    with Task(core.library, core.manifest, options={"threads": 1}) as task:
        task.load()
        memory = task.report()["memory"]
    assert isinstance(memory, dict)
    needed = memory["model"] + memory["cache"] + memory["compute"]
    with Task(core.library, core.manifest, options={"threads": 1, "memory_mb": (needed - 1) / 1e6}) as task:
        with pytest.raises(CoreError) as caught:
            task.load()
        assert caught.value.status == Status.OUT_OF_MEMORY
        assert f"needs {needed / 1e6:.1f} MB (weights {memory['model'] / 1e6:.1f}, " in caught.value.what
        assert '"memory_mb" allows ' in caught.value.what
    with Task(core.library, core.manifest, options={"threads": 1, "memory_mb": needed / 1e6}) as task:
        task.load()


def test_weights_are_compared_before_they_are_read(cores: Callable[..., Core]) -> None:
    core = cores("onnxruntime", "tensors")
    onnx = tiny_model("onnxruntime")
    model = core.weights.read_bytes() + onnx.remark(b"x" * 2_500_000)
    files = [File("weights", data=model)]
    with Task(core.library, core.manifest, files=files, options={"memory_mb": 2}) as task:
        with pytest.raises(CoreError) as caught:
            task.load()
        assert caught.value.status == Status.OUT_OF_MEMORY
        assert "needs 2.5 MB (weights 2.5, " in caught.value.what
    with Task(core.library, core.manifest, files=files, options={"memory_mb": 3}) as task:
        task.load()


@pytest.mark.parametrize("wrong", [-1, "much", True, 10**18])
def test_what_may_be_taken_is_a_number(echo: Core, wrong: object) -> None:
    with pytest.raises(CoreError) as caught:
        Task(echo.library, echo.manifest, options={"memory_mb": wrong})
    assert caught.value.status == Status.INVALID_ARGUMENT
    assert '"memory_mb"' in caught.value.what
