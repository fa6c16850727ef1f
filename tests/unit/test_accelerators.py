"""The checks of the lane `nox -s accelerators`: each of them finds what it is there for."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from accelerators.lane import Ran, on_device, without
from accelerators.models import Case

CASE = Case("any", "three nodes", Path("model"), nodes=(2, 3), tolerance=1e-3, note="the CPU computes 1 of 3")
CPU = Ran({"accelerator": "cpu"}, {"y": [1.0, 2.0]})
NOTE = {"accelerator_note": "the CPU computes 1 of 3 nodes: Identity (1)"}
GPU = Ran({"accelerator": "gpu", "accelerator_nodes": 2, "graph_nodes": 3, **NOTE}, {"y": [1.0, 2.001]})
FELL_BACK = replace(CPU, report={"accelerator": "cpu", "accelerator_note": "gpu was asked for; it is not there"})


def test_what_is_right_passes() -> None:
    assert on_device(CASE, GPU, CPU) == []
    assert without(FELL_BACK, CPU, "gpu", "not there") == []


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        (replace(GPU, outputs={"y": [1.0, 2.1]}), "differs by 0.05, more than 0.001"),
        (replace(GPU, outputs={"y": [1.0, math.nan]}), "differs by inf"),
        (replace(GPU, report={**GPU.report, "accelerator_nodes": 3}), "took 3 of 3 nodes, not 2 of 3"),
        (replace(GPU, report={**GPU.report, "accelerator_note": ""}), "says ''"),
        (FELL_BACK, "computed by cpu: gpu was asked for"),
        (Ran({}, {}, failure="it fell"), "computed by it fell"),
    ],
)
def test_what_is_wrong_with_a_device_is_found(ran: Ran, said: str) -> None:
    assert any(sentence.startswith(said) for sentence in on_device(CASE, ran, CPU))


def test_an_answer_known_to_be_wrong_that_is_right_is_found() -> None:
    (sentence,) = on_device(replace(CASE, known_wrong=True), GPU, CPU)
    assert sentence == "differs by 0.0005, not more than 0.001"


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        (GPU, "computed by gpu"),
        (CPU, "says ''"),
        (replace(FELL_BACK, report={**FELL_BACK.report, "graph_nodes": 3}), "says that something took 0 nodes"),
        (replace(FELL_BACK, outputs={"y": [1.0, 2.001]}), "gives another answer than the CPU"),
    ],
)
def test_what_is_wrong_without_a_device_is_found(ran: Ran, said: str) -> None:
    assert any(sentence.startswith(said) for sentence in without(ran, CPU, "gpu"))
