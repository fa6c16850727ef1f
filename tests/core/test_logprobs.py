"""What the core tells about tokens in its trace: log-probabilities of answers, and of texts that are given."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.conftest import Core
from handheld.binding import File, Task, Value

RAW = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
GREEDY = {"temperature": 0, "repeat_penalty": 1}
LIKELY = -math.log1p(259 * math.exp(-10))
"""The runtime `echo` scores what follows with 10 and 259 others with 0."""
UNLIKELY = LIKELY - 10


def traced(core: Core, text: str, settings: Mapping[str, object], *, forced: bool = False) -> dict[str, list[float]]:
    """The trace of one answer to a text that goes to the model as it is."""
    manifest = json.dumps({**json.loads(core.manifest.read_text(encoding="utf-8")), "chat_template": RAW})
    options = {"threads": 1, "trace": True, "prompt_logprobs": forced}
    with Task(core.library, manifest, files=[File("weights", core.weights)], options=options) as task:
        task.load()
        task.configure(GREEDY | dict(settings))
        for _ in task.stream([Value.of(text, port="user")]):
            pass
        tensors = {str(value.port): value for value in task.trace() if value.shape}
    return {
        name: list(memoryview(value.data).cast("i" if name.endswith("tokens") else "f"))
        for name, value in tensors.items()
    }


def test_an_answer_of_known_chances(echo: Core) -> None:
    found = traced(echo, "Hi!", {"max_tokens": 8})
    assert found["generated_tokens"] == list(b"Hi!")
    assert found["generated_logprobs"] == pytest.approx([LIKELY] * 3, abs=1e-6)
    assert "prompt_logprobs" not in found


def test_a_text_of_known_chances(echo: Core) -> None:
    found = traced(echo, "Hi!", {"max_tokens": 1}, forced=True)
    assert found["prompt_tokens"] == [258, *b"Hi!", 256, 259]
    # Before the end comes, `echo` expects it all the time.
    expected = [UNLIKELY] * 3 + [LIKELY] + [UNLIKELY]
    assert found["prompt_logprobs"] == pytest.approx(expected, abs=1e-5)


def test_penalty_and_temperature_do_not_change_what_the_model_thinks(echo: Core) -> None:
    found = traced(echo, "aaaa", {"max_tokens": 4, "repeat_penalty": 1.5, "repeat_last": 64})
    assert found["generated_logprobs"] == pytest.approx([LIKELY] * 4, abs=1e-6)


def spoken(core: Core, settings: Mapping[str, object]) -> tuple[str, int, float]:
    """A prompt whose first token of an answer is a letter, so that it can be given as text too."""
    for prompt in ("ab", "of ", "q7", "Zz", "0x", "an ", "we", "yes", "no", "up"):
        found = traced(core, prompt, {**settings, "max_tokens": 1})
        token = int(found["generated_tokens"][0]) if found["generated_tokens"] else 0
        if 33 <= token < 127 and not prompt.endswith("t"):  # "th" is one token
            return prompt, token, found["generated_logprobs"][0]
    raise AssertionError("no prompt was continued with a letter")


def letter(token: int) -> str:
    """GPT-2's first 94 tokens of bytes are the printable ones, in order."""
    return chr(token)


@pytest.mark.parametrize("settings", [{}, {"temperature": 3, "seed": 5, "top_k": 0, "top_p": 1, "min_p": 0}])
def test_an_answer_that_is_given_as_a_text_is_as_likely(tiny: Core, settings: Mapping[str, object]) -> None:
    prompt, token, logprob = spoken(tiny, settings)
    found = traced(tiny, prompt + letter(token), {"max_tokens": 1}, forced=True)
    assert found["prompt_tokens"][-1] == token
    assert len(found["prompt_logprobs"]) == len(found["prompt_tokens"]) - 1
    assert found["prompt_logprobs"][-1] == pytest.approx(logprob, abs=1e-4)
    assert all(math.isfinite(value) and value < 0 for value in found["prompt_logprobs"])


def test_a_text_token_by_token_leads_to_the_same_answer(tiny: Core) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    at_once = traced(tiny, text, {"max_tokens": 8})
    singly = traced(tiny, text, {"max_tokens": 8}, forced=True)
    assert singly["generated_tokens"] == at_once["generated_tokens"]
    assert singly["generated_logprobs"] == pytest.approx(at_once["generated_logprobs"], abs=5e-3)


def test_a_manifest_without_the_options_is_as_good(echo: Core, tmp_path: Path) -> None:
    manifest = json.loads(echo.manifest.read_text(encoding="utf-8"))
    for name in ("trace", "prompt_logprobs"):
        del manifest["options"][name]
    (tmp_path / "task.json").write_text(json.dumps(manifest), encoding="utf-8")
    with Task(echo.library, tmp_path / "task.json", files=[File("weights", echo.weights)]) as task:
        task.load()
        assert "".join(value.text for value in task.stream([Value.of("Hi")])) == "Hi"
