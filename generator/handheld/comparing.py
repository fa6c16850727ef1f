"""What two models did with the same tokens, and the figures that say how far they are apart. No I/O."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SAME = 1e-6
"""Nats by which the likeliest token may lead and still be as likely: servers round what they tell."""


@dataclass(frozen=True, slots=True)
class Side:
    """One model's answer to one prompt.

    Attributes:
        text: As a person reads it.
        tokens: Generated token ids; empty when the server does not tell them.
        count: How many there are.
        finish: "stop" when the model ended it, "length" when it reached the limit.
        first_ms: From the request to the first token, milliseconds of wall time.
        tokens_per_s: Tokens after the first one by the wall time from the first to the last; 0 for a single token.
    """

    text: str
    tokens: tuple[int, ...]
    count: int
    finish: str
    first_ms: float
    tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Both answers to one prompt, and what both think of the app's answer.

    Attributes:
        prompt: What was asked, the last thing said to the model.
        app: What the app's core answered.
        reference: What the hosted model answered to the same tokens.
        app_logprobs: The core's log-probability of each of its own tokens, natural logarithm.
        reference_logprobs: The hosted model's for the same tokens, each after the same ones; None without them.
        reference_best: The hosted model's log-probability of what it would have chosen there itself.
    """

    prompt: str
    app: Side
    reference: Side
    app_logprobs: tuple[float, ...]
    reference_logprobs: tuple[float, ...] | None
    reference_best: tuple[float, ...] | None

    @property
    def agreeing(self) -> int | None:
        """At how many of the app's tokens the hosted model would have chosen the same one, given all before it."""
        if self.reference_logprobs is None or self.reference_best is None:
            return None
        return sum(own >= best - SAME for own, best in zip(self.reference_logprobs, self.reference_best, strict=True))

    @property
    def equal(self) -> int | None:
        """How many tokens are the same from the start, each model left to itself.

        From the ids, where the server tells them; else from its choices, which are the same up to the first other one.
        """
        if self.reference.tokens:
            return _common(self.app.tokens, self.reference.tokens)
        if self.reference_logprobs is None or self.reference_best is None:
            return None
        same = [own >= best - SAME for own, best in zip(self.reference_logprobs, self.reference_best, strict=True)]
        return same.index(False) if False in same else len(same)


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of text as both models see it: log-probabilities of each token but the first, natural logarithms."""

    app: tuple[float, ...]
    reference: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """One side's speed and size.

    Attributes:
        first_ms: The median time to the first token, milliseconds of wall time.
        tokens_per_s: The median of the answers with more than one token; None when there is none.
        memory_bytes: The most it held; None for another machine's.
        threads: What it computed with; None where it does not say.
    """

    first_ms: float
    tokens_per_s: float | None
    memory_bytes: int | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How far the app is from the hosted model; None where log-probabilities were not asked for.

    Attributes:
        tokens: Tokens of all the app's answers.
        equal: Of these, equal from the start of their answer.
        agreeing: Of these, where the hosted model would have chosen the same one, given the same tokens before it.
        gap: Mean of |log-probability in the app - in the hosted model| over the tokens of the app's answers, nats.
        bias: The same mean with its sign: above 0 when the app is surer than the hosted model.
        text_tokens: Tokens of the text that a probability was given to.
        text_gap: The gap over the text's tokens.
        app_perplexity: exp(-mean log-probability) of the text's tokens (Jelinek et al. 1977).
        reference_perplexity: The hosted model's, of the same tokens.
    """

    tokens: int
    equal: int | None
    agreeing: int | None
    gap: float | None
    bias: float | None
    text_tokens: int
    text_gap: float | None
    app_perplexity: float | None
    reference_perplexity: float | None


def figures(pairs: Sequence[Pair], windows: Sequence[Window]) -> Figures:
    """Put all answers and the whole text together."""
    known = [pair for pair in pairs if pair.reference_logprobs is not None]
    gaps = [
        own - other
        for pair in known
        for own, other in zip(pair.app_logprobs, pair.reference_logprobs or (), strict=True)
    ]
    app = [value for window in windows for value in window.app]
    reference = [value for window in windows for value in window.reference]
    return Figures(
        tokens=sum(pair.app.count for pair in pairs),
        equal=_sum([pair.equal for pair in pairs]),
        agreeing=_sum([pair.agreeing for pair in pairs]),
        gap=_mean(list(map(abs, gaps))),
        bias=_mean(gaps),
        text_tokens=len(app),
        text_gap=_mean([abs(own - other) for own, other in zip(app, reference, strict=True)]),
        app_perplexity=perplexity(app),
        reference_perplexity=perplexity(reference),
    )


def speed(sides: Sequence[Side], memory: int | None, threads: int | None) -> Speed:
    """One side's medians."""
    rates = [side.tokens_per_s for side in sides if side.tokens_per_s > 0]
    first = statistics.median(side.first_ms for side in sides)
    return Speed(first, statistics.median(rates) if rates else None, memory, threads)


def perplexity(logprobs: Sequence[float]) -> float | None:
    """Exp of the mean negative log-probability; None without any, infinite when a token is impossible."""
    mean = _mean(logprobs)
    if mean is None:
        return None
    return math.exp(-mean) if mean > -700 else math.inf


def windows_of(text: str, size: int) -> list[str]:
    """Cut a text into pieces of at most `size` bytes of UTF-8, before a space or the end of a line if there is one."""
    pieces = []
    while len(text.encode()) > size:
        piece = text.encode()[:size].decode(errors="ignore")
        cut = max(piece.rfind(" ", 1), piece.rfind("\n", 1))
        pieces.append(piece[:cut] if cut > 0 else piece)
        text = text[len(pieces[-1]) :]
    return [*pieces, text] if text else pieces


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
