"""What was measured, in the words of a terminal."""

from __future__ import annotations

import pytest

from handheld.views import report_line

GPU = {"threads": 1, "accelerator": "gpu", "device": "WebGPU", "accelerator_nodes": 2, "graph_nodes": 3}


@pytest.mark.parametrize(
    ("report", "line"),
    [
        ({"threads": 1, "accelerator": "cpu"}, "1 thread of cpu"),
        ({"threads": 4, "accelerator": "cpu", "device": "i8mm"}, "4 threads of cpu"),
        (GPU, "gpu (WebGPU) for 2 of 3 nodes"),
        ({"threads": 1, "accelerator": "npu"}, "npu"),
        (GPU | {"accelerator_note": "the CPU computes 1"}, "gpu (WebGPU) for 2 of 3 nodes\nthe CPU computes 1"),
        ({"threads": 1, "accelerator_note": "gpu was asked for; no"}, "1 thread of cpu\ngpu was asked for; no"),
        ({"runs": 2, "run_ms": 1.5, "threads": 2}, "1.5 ms a run, the median of 2 · 2 threads of cpu"),
    ],
)
def test_the_line_says_what_computed(report: dict[str, object], line: str) -> None:
    assert report_line(report) == line
