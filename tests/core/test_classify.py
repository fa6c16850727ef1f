"""The task classify: tiny models whose answers are known, and EfficientNet-Lite0 against onnxruntime's own Python."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.build import build_app
from handheld.progress import SilentProgress
from handheld.status import DType, Kind, Status
from handheld.tools import Tools
from helpers.pictures import PHOTOS, photos, picture_value
from native.support import manifest, render, tiny_model, weights

onnx: Any = tiny_model("onnxruntime")
"""Writes ONNX models of a few bytes."""
FLOAT, UINT8 = 1, 2
SIDE = 8
PLAIN = {"labels": ["red", "green", "blue"], "mean": "0", "deviation": "255", "crop": 1, "threads": 1}


@dataclass(frozen=True, slots=True)
class Eyes:
    """A built app with the task."""

    library: Path
    manifest: Path
    weights: Path

    def opened(self, model: bytes | None = None, options: Mapping[str, object] | None = None) -> Task:
        files = [File("weights", data=model)] if model else []
        return Task(self.library, self.manifest, files=files, options={**(PLAIN if model else {}), **(options or {})})


@pytest.fixture(scope="session")
def eyes(tmp_path_factory: pytest.TempPathFactory, tools: Tools) -> Eyes:
    folder = tmp_path_factory.mktemp("classify")
    app = render(folder / "app", "onnxruntime", "efficientnet-lite0", tools, task="classify")
    return Eyes(build_app(app, tools, SilentProgress()).library, manifest(app), weights(app))


def averages(shape: Sequence[int | str] = (1, 3, SIDE, SIDE), element: int = FLOAT, *, flat: bool = True) -> bytes:
    """A classifier of three classes: how much red, green and blue there is."""
    nodes = [onnx.node("GlobalAveragePool", ["x"], ["pooled"]), onnx.node("Flatten", ["pooled"], ["y"])]
    result = [1, 3] if flat else [1, "classes"]
    model: bytes = onnx.model(onnx.graph(nodes, [onnx.value("x", element, shape)], [onnx.value("y", FLOAT, result)]))
    return model


def asked(task: Task, *values: Value) -> tuple[dict[str, float], str]:
    """The scores by label, in order, and the summary."""
    task.load()
    out = list(task.stream(values))
    assert [(value.kind, value.port) for value in out] == [(Kind.SCORES, "scores"), (Kind.TEXT, "summary")]
    return dict(zip(out[0].labels, memoryview(out[0].data).cast("f"), strict=True)), out[1].text


def colours(red: int, green: int, blue: int) -> Value:
    return picture_value(Image.new("RGB", (13, 9), (red, green, blue)))


def test_the_likeliest_come_first_with_their_labels(eyes: Eyes) -> None:
    with eyes.opened(averages()) as task:
        scores, summary = asked(task, colours(51, 204, 102))
        assert list(scores) == ["green", "blue", "red"]
        assert list(scores.values()) == pytest.approx([0.8, 0.4, 0.2], abs=1e-6)
        assert summary == "0.800 green\n0.400 blue\n0.200 red\n"
        task.configure({"top_k": 1})
        assert list(asked(task, colours(0, 0, 255))[0]) == ["blue"]
        assert task.report()["runs"] == 1


def test_equal_scores_keep_the_order_of_the_classes(eyes: Eyes) -> None:
    with eyes.opened(averages()) as task:
        assert list(asked(task, colours(9, 9, 9))[0]) == ["red", "green", "blue"]


def test_logits_become_probabilities(eyes: Eyes) -> None:
    # Values up to 20,000: exp() of them alone would overflow.
    with eyes.opened(averages(), {"scores": "logits", "deviation": "0.01275"}) as task:
        assert list(asked(task, colours(255, 254, 0))[0].values()) == pytest.approx([1, 0, 0], abs=1e-6)
    with eyes.opened(averages(), {"scores": "logits"}) as task:
        whole = [math.exp(level) for level in (1, 0.4, 0)]
        expected = [value / sum(whole) for value in whole]
        assert list(asked(task, colours(255, 102, 0))[0].values()) == pytest.approx(expected, abs=1e-6)


def test_without_labels_classes_are_numbered(eyes: Eyes) -> None:
    with eyes.opened(averages(flat=False), {"labels": []}) as task:
        assert list(asked(task, colours(1, 2, 3))[0]) == ["class 2", "class 1", "class 0"]


@pytest.mark.parametrize("share", [1, 0.5])
@pytest.mark.parametrize("sampling", ["bilinear", "bicubic"])
def test_the_model_gets_what_pillow_would_give_it(eyes: Eyes, tools: Tools, share: float, sampling: str) -> None:
    picture = photos(tools)["chelsea.png"]
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    options = {"mean": "123.675 116.28 103.53", "deviation": "58.395 57.12 57.375", "crop": share, "filter": sampling}
    with eyes.opened(averages(), {**options, "trace": True}) as task:
        asked(task, picture_value(picture))
        tensor = next(iter(task.trace()))
    left, top = (picture.width - 300 * share) / 2, (picture.height - 300 * share) / 2
    box = (left, top, left + 300 * share, top + 300 * share)
    small = picture.resize((SIDE, SIDE), Image.Resampling[sampling.upper()], box)
    planes = [list(plane.tobytes()) for plane in small.split()]
    expected = [(p - m) / d for plane, m, d in zip(planes, mean, deviation, strict=True) for p in plane]
    assert (tensor.dtype, tensor.shape) == (DType.F32, (1, 3, SIDE, SIDE))
    assert list(memoryview(tensor.data).cast("f")) == pytest.approx(expected, abs=1e-6)


def test_a_model_of_whole_numbers_gets_the_pixels(eyes: Eyes) -> None:
    nodes = [onnx.node("Identity", ["x"], ["y"])]
    shape = [1, "height", "width", 3]
    model = onnx.model(onnx.graph(nodes, [onnx.value("x", UINT8, shape)], [onnx.value("y", UINT8, shape)]))
    picture = Image.frombytes("RGB", (5, 5), bytes(range(75)))
    options = {"labels": [], "size": 5, "mean": "7", "trace": True}
    with eyes.opened(model, options) as task:
        scores, _ = asked(task, picture_value(picture))
        tensor = next(iter(task.trace()))
    assert (tensor.dtype, tensor.shape, tensor.data) == (DType.U8, (1, 5, 5, 3), bytes(range(75)))
    assert scores == {f"class {number}": number for number in range(74, 69, -1)}


def test_a_picture_may_be_given_as_text(eyes: Eyes) -> None:
    with eyes.opened(averages()) as task:
        text = "P3 # a remark\n2 1\n255\n255 51 0  255 51 0\n"
        assert asked(task, Value.of(text, port="picture_text")) == asked(task, colours(255, 51, 0))
        grey = asked(task, Value.of("P2 1 1 255 51", port="picture_text"))[0]
        assert list(grey.values()) == pytest.approx([0.2] * 3, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "P6 1 1 255 1", "P3 0 1 255", "P3 1025 1 255", "P3 1 1 65535 1 1 1", "P3 1 1 255 1 1", "P3 1 1 255 1 1 256",
     "P3 1 1 255 1 1 x", "P2 1 1 255 1 1", "P2 -1 1 255 1", "P2 1 1 255 1.5", "P2 99999999999 1 255 1"],
)  # fmt: skip
def test_text_that_is_no_picture_is_refused(eyes: Eyes, text: str) -> None:
    with eyes.opened(averages()) as task:
        task.load()
        with pytest.raises(CoreError) as refused:
            list(task.stream([Value.of(text, port="picture_text")]))
        assert refused.value.status == Status.INVALID_ARGUMENT
        assert next(iter(asked(task, colours(255, 0, 0))[0])) == "red"  # and the task goes on


def test_a_request_without_a_picture_is_refused(eyes: Eyes) -> None:
    with eyes.opened(averages()) as task:
        task.load()
        with pytest.raises(CoreError, match="without a picture"):
            list(task.stream([]))


@pytest.mark.parametrize(
    ("model", "options", "status", "words"),
    [
        (averages(), {"labels": ["one"]}, Status.INVALID_ARGUMENT, "gives 3 scores"),
        (averages(), {"mean": "one"}, Status.INVALID_ARGUMENT, "one number or three"),
        (averages(), {"deviation": "1 2"}, Status.INVALID_ARGUMENT, "one number or three"),
        (averages((1, 4, SIDE, SIDE)), {}, Status.UNSUPPORTED, "no classifier: its input is f32 [1, 4, 8, 8]"),
        (averages((1, 3, SIDE)), {}, Status.UNSUPPORTED, "no classifier: its input is f32 [1, 3, 8]"),
        (averages((1, 3, 40000, SIDE)), {}, Status.UNSUPPORTED, "pictures of 40000 pixels"),
    ],
)
def test_a_model_that_is_no_classifier_is_named(
    eyes: Eyes, model: bytes, options: Mapping[str, object], status: Status, words: str
) -> None:
    with eyes.opened(model, options) as task, pytest.raises(CoreError, match=words.replace("[", r"\[")) as refused:
        task.load()
    assert refused.value.status == status


@pytest.mark.parametrize("name", PHOTOS)
def test_efficientnet_gives_what_the_runtime_s_own_python_gives(eyes: Eyes, tools: Tools, name: str) -> None:
    picture = photos(tools)[name]
    with eyes.opened(options={"threads": 1}) as task:
        task.load()
        task.configure({"top_k": 1000})
        ours, _ = asked(task, picture_value(picture))
    labels = json.loads(eyes.manifest.read_text(encoding="utf-8"))["options"]["labels"]["default"]
    side = min(picture.size) * 0.875
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    square = picture.resize((224, 224), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    pixels = (np.asarray(square, dtype=np.float32) - 127) / 128
    session = onnxruntime.InferenceSession(str(eyes.weights), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"input": pixels.transpose(2, 0, 1)[None]})[0][0]
    assert next(iter(ours)) == labels[int(theirs.argmax())]
    found = [ours[label] for label in labels]
    assert max(abs(a - b) for a, b in zip(found, theirs.tolist(), strict=True)) < 1e-3
    assert all(a >= b for a, b in itertools.pairwise(ours.values()))
