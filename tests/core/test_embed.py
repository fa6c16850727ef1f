"""Shape `embed` from Python: llama.cpp's vectors against a BERT computed with numpy, and models that are refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from core.conftest import Core
from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.status import Kind, Status
from native.support import tiny_model

llama: Any = tiny_model("llama_cpp")
"""Writes GGUF models of a few kilobytes."""
TEXTS = ("parrot", "Parrots talking in the rain.", "zebra z z z", "a", "rain rain rain parrot " * 4)
TOLERANCE = 1e-4


@pytest.fixture(scope="session")
def bert(cores: Any) -> Core:
    """The core with llama.cpp in an app that embeds texts."""
    core: Core = cores("llama_cpp", "embed")
    return core


def vector(task: Task, text: str) -> np.ndarray:
    (out,) = (value for value in task.stream([Value.of(text, "text")]) if value.kind is Kind.TENSOR)
    numbers = np.array(struct.unpack(f"<{len(out.data) // 4}f", out.data))
    assert out.port == "embedding"
    assert out.shape == numbers.shape
    return numbers


# The same model, computed after Devlin et al. 2018, "BERT: Pre-training of Deep Bidirectional Transformers".


def word_pieces(text: str) -> list[int]:
    """The longest piece first, word by word (Wu et al. 2016, section 4.1)."""
    ids = [llama.PIECES.index("[CLS]")]
    for word in text.lower().replace(".", " . ").split():
        start, found = 0, []
        while start < len(word):
            ends = range(len(word), start, -1)
            pieces = [("##" if start else "") + word[start:end] for end in ends]
            piece = next(piece for piece in pieces if piece in llama.PIECES)
            found.append(llama.PIECES.index(piece))
            start += len(piece.removeprefix("##"))
        ids += found
    return [*ids, llama.PIECES.index("[SEP]")]


def layer_norm(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + llama.BERT_EPSILON)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def gelu(x: np.ndarray) -> np.ndarray:
    """Hendrycks and Gimpel 2016, the approximation with tanh, in numbers of 16 bits: ggml looks it up in a table."""
    x = x.astype(np.float16).astype(np.float64)
    values = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return np.asarray(values.astype(np.float16).astype(np.float64))


def computed(text: str, pooling: str) -> np.ndarray:
    weights = {name: values.astype(np.float64) for name, values in llama.bert_weights().items()}
    ids = word_pieces(text)
    x = (
        weights["token_embd.weight"][ids]
        + weights["position_embd.weight"][: len(ids)]
        + weights["token_types.weight"][0]
    )
    x = layer_norm(x, weights, "token_embd_norm")
    for layer in range(llama.BERT_LAYERS):

        def linear(value: np.ndarray, name: str, block: str = f"blk.{layer}.") -> np.ndarray:
            return np.asarray(value @ weights[f"{block}{name}.weight"].T + weights[f"{block}{name}.bias"])

        q, k, v = (
            linear(x, name).reshape(len(ids), llama.BERT_HEADS, -1).transpose(1, 0, 2)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = layer_norm(x + linear(mixed, "attn_output"), weights, f"blk.{layer}.attn_output_norm")
        x = layer_norm(x + linear(gelu(linear(x, "ffn_up")), "ffn_down"), weights, f"blk.{layer}.layer_output_norm")
    pooled = {"mean": x.mean(0), "cls": x[0], "last": x[-1]}[pooling]
    return np.asarray(pooled / np.linalg.norm(pooled))


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_vectors_are_those_of_the_model(bert: Core, tmp_path: Path, pooling: str) -> None:
    model = llama.write_tiny_bert(tmp_path / "model.gguf", gguf.PoolingType[pooling.upper()])
    with Task(bert.library, bert.manifest, files=[File("weights", path=model)], options={"threads": 1}) as task:
        task.load()
        loaded: Any = task.info()["loaded"]
        assert (loaded["pooling"], loaded["dimensions"], loaded["context"]) == (pooling, 32, 64)
        assert loaded["attention"] == "f32"
        for text in TEXTS:
            assert vector(task, text) == pytest.approx(computed(text, pooling), abs=TOLERANCE)
            assert task.report()["prompt_tokens"] == len(word_pieces(text))


def refusal(bert: Core, model: Path, **options: object) -> tuple[int, str]:
    with (
        pytest.raises(CoreError) as caught,
        Task(
            bert.library, bert.manifest, files=[File("weights", path=model)], options={"threads": 1, **options}
        ) as task,
    ):
        task.load()
    return caught.value.status, caught.value.what


def test_a_reranker_is_refused(bert: Core, tmp_path: Path) -> None:
    model = llama.write_tiny_bert(tmp_path / "model.gguf", gguf.PoolingType.RANK)
    status, sentence = refusal(bert, model)
    assert status == Status.UNSUPPORTED
    assert "reranker" in sentence
    assert "reranker" in refusal(bert, model, pooling="mean")[1]


def test_a_model_that_does_not_say_how_it_pools_is_refused_until_a_person_does(bert: Core, tmp_path: Path) -> None:
    silent = llama.write_tiny_bert(tmp_path / "silent.gguf", None)
    chat = llama.write_tiny_model(tmp_path / "chat.gguf")
    for model in (silent, chat):
        status, sentence = refusal(bert, model)
        assert status == Status.UNSUPPORTED
        assert 'option "pooling"' in sentence
    with Task(bert.library, bert.manifest, files=[File("weights", path=silent)], options={"pooling": "mean"}) as task:
        task.load()
        assert vector(task, TEXTS[1]) == pytest.approx(computed(TEXTS[1], "mean"), abs=TOLERANCE)


def test_a_language_model_gives_the_vector_of_its_last_token_when_asked(bert: Core, tmp_path: Path) -> None:
    model = llama.write_tiny_model(tmp_path / "chat.gguf")
    options = {"threads": 1, "pooling": "last"}
    with Task(bert.library, bert.manifest, files=[File("weights", path=model)], options=options) as task:
        task.load()
        one, other, again = (vector(task, text) for text in ("the parrot", "the parrots", "the parrot"))
    assert one.shape == (llama.WIDTH,)
    assert np.linalg.norm(one) == pytest.approx(1)
    assert np.array_equal(one, again)
    assert float(one @ other) < 0.9999


def test_white_space_alone_is_nothing_to_embed(bert: Core) -> None:
    with Task(bert.library, bert.manifest, options={"threads": 1}) as task:
        task.load()
        with pytest.raises(CoreError) as caught:
            vector(task, " \n ")
    assert caught.value.status == Status.INVALID_ARGUMENT
    assert "nothing to embed" in caught.value.what
