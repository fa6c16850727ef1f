"""handheld compare: every printed number against one made by hand, and every way in which it fails."""

from __future__ import annotations

import json
import math
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.build import BuiltApp
from handheld.compare import comparable_task
from handheld.comparing import Pair, Side, figures, perplexity, windows_of
from handheld.hosted_errors import NotComparable
from handheld.lock import LockedTask
from handheld.tools import Tools
from helpers.command import Command
from helpers.openai_server import LIKELY, UNLIKELY, Model, serving

SURE = -math.log1p(259 * math.exp(-10))
"""What the runtime `echo` gives to the token that follows: scores of 10 for it, 0 for the 259 others."""
UNSURE = SURE - 10
"""And to every other one."""
PROMPT = "Hello"
SLIP = 3
TEXT = "one two three"


@pytest.fixture
def handheld(tmp_path: Path, own_tools: Tools) -> Command:
    return Command(tmp_path, {"HANDHELD_CACHE": str(own_tools.cache)})


@pytest.fixture(scope="module")
def app(echo_built: BuiltApp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app that needs no model. Read only."""
    return Path(shutil.copytree(echo_built.app.directory, tmp_path_factory.mktemp("compare") / "parrot"))


@pytest.fixture
def model() -> Iterator[Model]:
    with serving(Model(slip=SLIP)) as served:
        yield served


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_every_number_is_the_one_made_by_hand(handheld: Command, app: Path, model: Model, text: Path) -> None:
    found = handheld("compare", app, "--endpoint", model.url, "--prompt", PROMPT, "--text", text, "--json").json
    numbers, (pair,) = found["figures"], found["pairs"]
    assert pair["app"]["text"] == PROMPT
    assert pair["reference"]["text"] == "Hel#o"
    assert (pair["app"]["finish"], pair["reference"]["finish"]) == ("stop", "stop")
    assert (pair["app"]["count"], pair["reference"]["count"]) == (5, 5)
    # Token 3 differs; given the same four before it, token 4 is the same again.
    assert (numbers["tokens"], numbers["equal"], numbers["agreeing"]) == (5, 3, 4)
    gaps = [SURE - LIKELY] * 4 + [SURE - UNLIKELY]
    assert numbers["gap"] == pytest.approx(sum(gaps) / 5, abs=1e-5)
    assert numbers["bias"] == pytest.approx(sum(gaps) / 5, abs=1e-5)
    # A text is what `echo` makes of it: its bytes, an end, which both expect, and the start of an answer.
    count = len(TEXT) + 2
    assert numbers["text_tokens"] == count
    assert numbers["app_perplexity"] == pytest.approx(math.exp(-(UNSURE * (count - 1) + SURE) / count), rel=1e-4)
    likely = math.exp(-(UNLIKELY * (count - 1) + LIKELY) / count)
    assert numbers["reference_perplexity"] == pytest.approx(likely, rel=1e-6)
    text_gap = (abs(UNSURE - UNLIKELY) * (count - 1) + abs(SURE - LIKELY)) / count
    assert numbers["text_gap"] == pytest.approx(text_gap, rel=1e-4)
    assert found["app"]["memory_bytes"] > 1e6
    assert found["hosted"]["memory_bytes"] is None
    assert found["app"]["threads"] == 1
    assert found["app"]["first_ms"] > 0
    assert found["hosted"]["first_ms"] > 0


def test_both_sides_see_the_same_tokens(handheld: Command, app: Path, model: Model) -> None:
    handheld("compare", app, "--endpoint", f"{model.url}/v1/", "--prompt", "Hi", "--send", "system=Be kind.", "--json")
    prompt = [257, *b"Be kind.", 256, 258, *b"Hi", 256, 259]
    warm, free, forced, *_ = model.asked
    assert warm["max_tokens"] == 1
    assert free["prompt"] == prompt
    assert (free["max_tokens"], free["temperature"], free["stream"]) == (64, 0, True)
    assert forced["prompt"] == [*prompt, *b"Hi"]
    assert (forced["echo"], forced["logprobs"], forced["temperature"]) == (True, 1, 0)


def test_without_ids_the_start_is_told_by_choices(handheld: Command, app: Path, model: Model) -> None:
    model.ids = False
    found = handheld("compare", app, "--endpoint", model.url, "--prompt", PROMPT, "--json").json
    assert (found["figures"]["equal"], found["figures"]["agreeing"]) == (3, 4)
    assert found["pairs"][0]["reference"]["tokens"] == []


def test_a_person_reads_a_table(handheld: Command, app: Path, model: Model, text: Path) -> None:
    out = handheld("compare", app, "--endpoint", model.url, "--prompt", PROMPT, "--text", text).out
    for line in (
        ("greedy tokens equal from the start", "3 of 5 (60.0%)"),
        ("same choice after the same tokens", "4 of 5 (80.0%)"),
        ("memory at most", "not told"),
        ("  app", "Hello"),
        ("  reference", "Hel#o"),
    ):
        assert any(all(word in row for word in line) for row in out.splitlines()), (line, out)


def test_what_is_asked_by_default(handheld: Command, app: Path, model: Model) -> None:
    found = handheld("compare", app, "--endpoint", model.url, "--json", "--max-tokens", "3").json
    assert found["pairs"][0]["prompt"] == "Grüße, 世界 🦜"  # the golden case
    assert len(found["pairs"]) == 5
    assert found["pairs"][0]["app"]["finish"] == "length"
    assert found["figures"]["text_tokens"] > 900
    assert all(len(asked["prompt"]) < 1400 for asked in model.asked)


def test_prompts_of_a_file(handheld: Command, app: Path, model: Model, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("one\n\n two \n")
    found = handheld(
        "compare", app, "--endpoint", model.url, "--prompts", "prompts.txt", "--no-logprobs", "--json"
    ).json
    assert [pair["prompt"] for pair in found["pairs"]] == ["one", "two"]
    assert found["figures"]["gap"] is None
    assert found["figures"]["equal"] == 6  # "#" would come fourth
    assert not any("echo" in asked for asked in model.asked)


def test_the_key_comes_from_the_environment_and_is_never_shown(handheld: Command, app: Path, model: Model) -> None:
    model.key = "s3cret-key"
    words = ("compare", app, "--endpoint", model.url, "--prompt", PROMPT, "--json")
    refused = handheld(*words, exit_code=3)
    assert "HANDHELD_API_KEY" in refused.json["error"]["fix"]
    wrong = handheld(*words, exit_code=3, environ={"HANDHELD_API_KEY": "wr0ng-key"})
    assert "wr0ng" not in wrong.out + wrong.err
    right = handheld(*words, environ={"HANDHELD_API_KEY": model.key})
    assert model.key not in right.out + right.err
    assert set(model.keys) == {None, "Bearer wr0ng-key", "Bearer s3cret-key"}


def test_a_key_does_not_travel_in_clear(handheld: Command, app: Path) -> None:
    words = ("compare", app, "--endpoint", "http://192.0.2.7:8000", "--json")
    done = handheld(*words, exit_code=2, environ={"HANDHELD_API_KEY": "s3cret-key"})
    assert done.json["error"]["danger"]
    assert "s3cret" not in done.out + done.err


@pytest.mark.parametrize(
    ("fault", "exit_code", "words"),
    [
        ({"logprobs": False}, 3, "--no-logprobs"),
        ({"refuse_scores": "this is not supported"}, 3, "--no-logprobs"),
        ({"refuse_scores": "this is not supported"}, 3, "this is not supported"),
        ({"refuse": "this model's context is 16 tokens"}, 3, "this model's context is 16 tokens"),
        ({"refuse": "Token id 259 is out of vocabulary"}, 2, "another tokenizer"),
        ({"other_text": True}, 2, "another tokenizer"),
        ({"cut": True}, 3, "was cut"),
        ({"names": ("small", "large")}, 2, "--model-name small"),
        ({"names": ()}, 3, "protocol"),
        ({"body": b"<html>Welcome</html>"}, 3, "<html>Welcome"),
        ({"body": b"[1]"}, 3, "protocol"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_an_endpoint_does_wrong(
    handheld: Command, app: Path, fault: dict[str, object], exit_code: int, words: str
) -> None:
    with serving(replace(Model(), **fault)) as model:  # type: ignore[arg-type]
        done = handheld("compare", app, "--endpoint", model.url, "--prompt", PROMPT, "--json", exit_code=exit_code)
    error = done.json["error"]
    assert words in json.dumps(error), error
    assert error["cause"]
    assert error["fix"]


def test_a_model_that_the_endpoint_lacks(handheld: Command, app: Path, model: Model) -> None:
    done = handheld("compare", app, "--endpoint", model.url, "--model-name", "tinny", "--json", exit_code=2)
    assert done.json["error"]["fix"] == "--model-name tiny"
    assert not model.asked, "the app's side was not run for nothing"


def test_nobody_there(handheld: Command, app: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    done = handheld("compare", app, "--endpoint", url, exit_code=3)
    assert "cannot be reached" in done.err
    assert f'curl "{url}/v1/models"' in done.err


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        ((), 2, "--reference"),
        (("--endpoint", "ftp://x"), 2, "http://"),
        (("--endpoint", "http://127.0.0.1:1", "--reference", "vllm"), 2, "--endpoint URL, or --reference"),
        (("--reference", "vlm"), 2, "--reference vllm"),
        (("--reference", "vllm"), 2, "'echo'"),
        (("--endpoint", "http://127.0.0.1:1", "--task", "no"), 2, "--task"),
        (("--endpoint", "http://127.0.0.1:1", "--prompts", "gone.txt"), 4, "gone.txt"),
        (("--endpoint", "http://127.0.0.1:1", "--prompts", "empty.txt"), 2, "no prompt"),
    ],
)
def test_wrong_words(handheld: Command, app: Path, words: tuple[str, ...], exit_code: int, says: str) -> None:
    (handheld.folder / "empty.txt").write_text("\n\n")
    done = handheld("compare", app, *words, exit_code=exit_code)
    assert says in done.err


def test_a_text_of_nothing(handheld: Command, app: Path, model: Model, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("")
    done = handheld("compare", app, "--endpoint", model.url, "--text", "short.txt", "--json", exit_code=2)
    assert "too short" in done.json["error"]["what"]


def test_ctrl_c_ends_it(handheld: Command, app: Path, model: Model) -> None:
    model.hold = threading.Event()
    process = handheld.start("compare", app, "--endpoint", model.url, "--prompt", PROMPT)
    assert process.stderr is not None
    said = b""
    while b"Answers of tiny" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    while not model.asked:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    model.hold.set()
    assert process.returncode == 130
    assert b"Traceback" not in said + rest + out


def locked(folder: Path, **shapes: str) -> list[LockedTask]:
    for name, shape in shapes.items():
        (folder / f"{name}.json").write_text(json.dumps({"shape": shape}))
    return [LockedTask(name, name, "runtime", "model", f"{name}.json", None) for name in shapes]


def test_a_language_model_is_found_among_others(tmp_path: Path) -> None:
    tasks = locked(tmp_path, eyes="tensors", talk="generate")
    assert comparable_task(tasks, tmp_path, None).name == "talk"
    assert comparable_task(tasks, tmp_path, "talk").name == "talk"
    with pytest.raises(NotComparable) as caught:
        comparable_task(tasks, tmp_path, "eyes")
    assert caught.value.fix == "--task talk"
    with pytest.raises(NotComparable) as caught:
        comparable_task(tasks[:1], tmp_path, None)
    assert "'tensors'" in caught.value.cause


# The figures alone.


def side(*tokens: int) -> Side:
    return Side("", tokens, len(tokens), "stop", 1, 1)


def test_answers_of_different_lengths_are_equal_as_far_as_they_go() -> None:
    assert Pair("", side(1, 2, 3), side(1, 2), (0, 0, 0), None, None).equal == 2
    assert Pair("", side(1, 2), side(1, 2, 3), (0, 0), None, None).equal == 2
    assert Pair("", side(), side(), (), (), ()).equal == 0


def test_perplexity_of_even_chances_is_their_number() -> None:
    assert perplexity([math.log(1 / 8)] * 5) == pytest.approx(8)
    assert perplexity([]) is None
    assert perplexity([-math.inf]) == math.inf


def test_gaps_do_not_cancel() -> None:
    pair = Pair("", side(1, 2), side(1, 2), (-1.0, -2.0), (-2.0, -1.0), (-2.0, -1.0))
    found = figures([pair], [])
    assert (found.gap, found.bias, found.agreeing) == (1.0, 0.0, 2)


@pytest.mark.parametrize("text", ["a b", "word " * 50, "x" * 95, "für " * 40, "\n\n  a\n" * 9])
def test_windows_lose_nothing(text: str) -> None:
    pieces = windows_of(text, 20)
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode()) <= 20 for piece in pieces)
