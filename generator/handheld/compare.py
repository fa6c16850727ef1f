"""An app against a hosted model: the same tokens through the app's own core and through a server.

The core goes first and is closed before the server is asked, so that neither takes memory or processors from the
other. What the core has tokenized and generated is the truth: the server gets token ids. Log-probabilities are those of
the model itself, before any sampling; a text is evaluated in pieces that do not see each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handheld.binding import Task, Value
from handheld.build import BuiltApp
from handheld.comparing import Figures, Pair, Side, Speed, Window, figures, speed, windows_of
from handheld.endpoint import Endpoint, Scores
from handheld.errors import Interrupted, Unreadable
from handheld.hosted_errors import NoPrompts, NotComparable, NothingTraced, OtherTokens, TextTooShort
from handheld.lock import LockedTask
from handheld.progress import Progress
from handheld.run import answer, open_task, read_json, task_named

SHAPE = "generate"
PROMPTS = (
    "What is the capital of France, and what is it famous for?",
    "Write a short poem about the sea.",
    "Explain in two sentences why the sky is blue.",
    "List three things that a gardener does in spring.",
)
"""What is asked, after the task's golden case, when nobody says anything."""
TEXT = """\
The lighthouse had stood on the rock for more than a hundred years before anybody thought of painting it. Ships passed
it at night and kept well away from the shore, and during the day the fishermen used it to find their way home. When
the old keeper died, his daughter took over the lamp. She wrote down the weather every morning: the direction of the
wind, the height of the waves, and how far she could see. In winter the fog was often so thick that she rang the bell
for hours. A bell carries further than a light, she used to say, but only if somebody is listening. Years later a
student found her books in the cellar of the town hall. He counted the days of fog and compared them with those of his
own time. There were fewer of them now, and he could not say why. Perhaps the water had become warmer, or the chimneys
along the coast had been closed. He wrote a short paper about it, and thanked the woman who had never missed a
morning.
"""
"""What the perplexity is measured on when nobody gives another text; written for it."""
WINDOW = 1200
"""Bytes of a piece of text, or half of the context's tokens if that is less: no token is shorter than a byte."""
RAW = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""A chat template that adds nothing: a text goes to the model as it is."""
Conversation = tuple[tuple[str, str], ...]
"""What is sent before an answer: port and text."""


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What to compare. `prompts` empty means the golden case and PROMPTS; `text` None means TEXT.

    `first` is sent before each prompt, such as a system prompt. Without `logprobs` the server only answers.
    """

    task: str | None = None
    prompts: tuple[str, ...] = ()
    first: Conversation = ()
    text: str | None = None
    text_file: Path | None = None
    max_tokens: int = 64
    options: Mapping[str, object] = field(default_factory=dict)
    logprobs: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """What the app's core did: an answer to each conversation, and each piece of the text."""

    answers: tuple[Spoken, ...]
    pieces: tuple[Piece, ...]
    memory_bytes: int
    threads: int
    context: int
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer of the core, with the prompt as it was tokenized."""

    prompt: str
    prompt_tokens: tuple[int, ...]
    side: Side
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text with its tokens, and the log-probabilities of all but the first."""

    text: str
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was found."""

    task: str
    model: str
    reference: str
    pairs: tuple[Pair, ...]
    figures: Figures
    app: Speed
    hosted: Speed


def comparable_task(tasks: Sequence[LockedTask], directory: Path, name: str | None) -> LockedTask:
    """The app's task of that name, or its first one whose model is a language model.

    Raises:
        InputError: it has none, or the one that was named is none.
    """
    shapes = {task.name: str(read_json(directory / task.manifest).get("shape")) for task in tasks}
    fitting = [task for task in tasks if shapes[task.name] == SHAPE]
    chosen = task_named(tasks, name) if name else next(iter(fitting or tasks))
    if chosen not in fitting:
        raise NotComparable(chosen.name, shapes[chosen.name], [task.name for task in fitting])
    return chosen


def read_prompts(path: Path) -> tuple[str, ...]:
    """The prompts of a file: one a line, empty lines left out.

    Raises:
        FileError: it cannot be read as UTF-8.
        InputError: there is none in it.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    if not any(lines):
        raise NoPrompts(path)
    return tuple(filter(None, lines))


def read_text(path: Path) -> str:
    """A text file.

    Raises:
        FileError: it cannot be read as UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise Unreadable(path, OSError(str(error))) from error


# The app's core.


def measure_app(built: BuiltApp, request: CompareRequest, progress: Progress) -> Measured:
    """Let the app's core answer each conversation with its likeliest tokens, and read the text.

    Raises:
        InputError: no such task or option; the core of an older Handheld; a text of less than two tokens.
        CoreError: the core refused or failed.
        Interrupted: Ctrl-C.
    """
    task = comparable_task(built.app.lock.tasks, built.app.directory, request.task)
    conversations = _conversations(built, task, request)
    options = {**request.options, "trace": True}
    settings = {"temperature": 0, "repeat_penalty": 1, "max_tokens": request.max_tokens}
    with open_task(built, task.name, options, progress) as core:
        # The first answer of a process pays for what later ones find ready.
        core.configure({**settings, "max_tokens": 1})
        _said(core, task.name, conversations[0])
        core.configure(settings)
        with progress.task("Answers of the app", len(conversations), unit="answers") as handle:
            answers = []
            for index, conversation in enumerate(conversations, 1):
                answers.append(_spoken(core, task.name, conversation))
                handle.update(index)
        report, memory = core.report(), core.report().get("memory")
    text = TEXT if request.text is None else request.text
    pieces = tuple(_pieces(built, task, options, text, progress)) if request.logprobs else ()
    if request.logprobs and not pieces:
        raise TextTooShort(request.text_file)
    manifest = read_json(built.app.directory / task.manifest)
    return Measured(
        answers=tuple(answers),
        pieces=pieces,
        memory_bytes=int(memory["process_peak"]) if isinstance(memory, dict) else 0,
        threads=int(str(report.get("threads", 0))),
        context=_context(manifest, request.options),
        stop=tuple(manifest["settings"].get("stop", {}).get("default", ())),
    )


def _conversations(built: BuiltApp, task: LockedTask, request: CompareRequest) -> list[Conversation]:
    """What is asked. A prompt goes to the task's first input."""
    ports = read_json(built.app.directory / task.manifest)["ports"]
    first = next(str(port["name"]) for port in ports if port["direction"] == "in")
    golden: list[Conversation] = []
    if task.golden is not None and not request.prompts:
        case = read_json(built.app.directory / task.golden)
        golden = [tuple((str(value["port"]), str(value["text"])) for value in case["send"])]
    return golden + [(*request.first, (first, prompt)) for prompt in request.prompts or PROMPTS]


class _Unseen:
    """Where answers go that nobody reads as they come."""

    def piece(self, value: Value) -> None:
        """Drop it."""


def _said(core: Task, name: str, conversation: Conversation) -> tuple[str, Mapping[str, Value], Mapping[str, object]]:
    """One answer from the beginning: its text, what was traced, and the report."""
    core.reset()
    done = answer(core, name, [Value.of(text, port=port) for port, text in conversation], _Unseen())
    if done.exit_code:
        raise Interrupted("The comparison was interrupted; nothing was kept.")
    return done.text, {str(value.port): value for value in core.trace()}, done.report


def _spoken(core: Task, name: str, conversation: Conversation) -> Spoken:
    text, traced, report = _said(core, name, conversation)
    tokens = _integers(name, traced, "generated_tokens")
    side = Side(
        text=text,
        tokens=tokens,
        count=len(tokens),
        finish=str(report["finish_reason"]),
        first_ms=float(str(report["time_to_first_token_ms"])),
        tokens_per_s=float(str(report["generated_tokens_per_s"])) if len(tokens) > 1 else 0,
    )
    prompt = _integers(name, traced, "prompt_tokens")
    return Spoken(conversation[-1][1], prompt, side, _numbers(name, traced, "generated_logprobs"))


def _pieces(
    built: BuiltApp, task: LockedTask, options: Mapping[str, object], text: str, progress: Progress
) -> Iterator[Piece]:
    """The text, piece by piece, as the model sees it without a chat template."""
    manifest = read_json(built.app.directory / task.manifest)
    texts = windows_of(text, min(WINDOW, max(_context(manifest, options) // 2, 16)))
    port = manifest["ports"][0]["name"]
    read_options = {**options, "prompt_logprobs": True}
    with (
        open_task(built, task.name, read_options, progress, chat_template=RAW) as core,
        progress.task("The text in the app", len(texts), unit="pieces") as handle,
    ):
        core.configure({"temperature": 0, "max_tokens": 1})
        for index, piece in enumerate(texts, 1):
            _, traced, _ = _said(core, task.name, ((port, piece),))
            tokens = _integers(task.name, traced, "prompt_tokens")
            if len(tokens) > 1:
                yield Piece(piece, tokens, _numbers(task.name, traced, "prompt_logprobs"))
            handle.update(index)


def _context(manifest: Mapping[str, Any], options: Mapping[str, object]) -> int:
    """Tokens that prompt and answer share."""
    declared = manifest["options"].get("context", {}).get("default", 2 * WINDOW)
    return int(str(options.get("context", declared)))


def _integers(task: str, traced: Mapping[str, Value], name: str) -> tuple[int, ...]:
    return tuple(memoryview(_traced(task, traced, name).data).cast("i"))


def _numbers(task: str, traced: Mapping[str, Value], name: str) -> tuple[float, ...]:
    return tuple(memoryview(_traced(task, traced, name).data).cast("f"))


def _traced(task: str, traced: Mapping[str, Value], name: str) -> Value:
    if name not in traced:
        raise NothingTraced(task, name)
    return traced[name]


# The hosted model.


def measure_hosted(
    endpoint: Endpoint,
    measured: Measured,
    request: CompareRequest,
    progress: Progress,
    memory: Callable[[], int | None],
) -> tuple[tuple[Pair, ...], tuple[Window, ...], Speed]:
    """Ask the hosted model the same, token for token. `memory` tells what it holds, or None.

    Raises:
        HandheldError: the endpoint is gone, refuses, or means other texts by the tokens.
    """
    pairs, windows, held = [], [], memory()
    with progress.task(f"Answers of {endpoint.model}", len(measured.answers), unit="answers") as handle:
        endpoint.generate(measured.answers[0].prompt_tokens[:1], 1)  # as with the core: the first one pays for all
        for index, spoken in enumerate(measured.answers, 1):
            pairs.append(_pair(endpoint, spoken, measured.stop, request))
            held = max(filter(None, (held, memory())), default=None)
            handle.update(index)
    if measured.pieces:
        with progress.task(f"The text in {endpoint.model}", len(measured.pieces), unit="pieces") as handle:
            for index, piece in enumerate(measured.pieces, 1):
                scores = endpoint.score(piece.tokens)
                _check_tokens(endpoint, piece.text, scores)
                windows.append(Window(piece.logprobs, scores.logprobs))
                held = max(filter(None, (held, memory())), default=None)
                handle.update(index)
    return tuple(pairs), tuple(windows), speed([pair.reference for pair in pairs], held, None)


def _pair(endpoint: Endpoint, spoken: Spoken, stop: Sequence[str], request: CompareRequest) -> Pair:
    said = endpoint.generate(spoken.prompt_tokens, request.max_tokens, stop)
    rate = (said.count - 1) / (said.last - said.first) if said.count > 1 and said.last > said.first else 0.0
    reference = Side(said.text, said.tokens, said.count, said.finish, 1000 * said.first, rate)
    own: tuple[float, ...] | None = None
    best: tuple[float, ...] | None = None
    if request.logprobs:
        own, best = (), ()
        if spoken.side.tokens:
            scores = endpoint.score([*spoken.prompt_tokens, *spoken.side.tokens])
            _check_tokens(endpoint, spoken.prompt, scores)
            begin = len(spoken.prompt_tokens) - 1
            own, best = scores.logprobs[begin:], scores.best[begin:]
    return Pair(spoken.prompt, spoken.side, reference, spoken.logprobs, own, best)


def _check_tokens(endpoint: Endpoint, text: str, scores: Scores) -> None:
    """Refuse a server to which the tokens of a text are another text; spaces may be lost on the way."""
    wanted, got = "".join(text.split()), "".join(scores.text.split())
    if got and wanted not in got:
        raise OtherTokens(
            endpoint.url, f"'{' '.join(text.split())[:60]}' is '{' '.join(scores.text.split())[:60]}' there."
        )


def joined(
    task: LockedTask,
    endpoint: Endpoint,
    measured: Measured,
    pairs: tuple[Pair, ...],
    windows: Sequence[Window],
    hosted: Speed,
) -> Comparison:
    """Put both sides together."""
    app = speed([spoken.side for spoken in measured.answers], measured.memory_bytes or None, measured.threads or None)
    return Comparison(task.name, task.model, endpoint.model, pairs, figures(pairs, windows), app, hosted)


def to_json(comparison: Comparison) -> dict[str, object]:
    """All of it as plain JSON values; times in ms, memory in bytes, probabilities as natural logarithms."""
    from dataclasses import asdict  # noqa: PLC0415 - few ask for JSON

    pairs = [{**asdict(pair), "equal": pair.equal, "agreeing": pair.agreeing} for pair in comparison.pairs]
    plain: dict[str, object] = json.loads(json.dumps({**asdict(comparison), "pairs": pairs}))
    return plain
