"""A comparison as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from handheld.compare import Comparison
from handheld.comparing import Pair
from handheld.errors import sized
from handheld.views import table

SHOWN = 160
"""Characters of an answer that are shown from where two of them part."""
BEFORE = 40
"""Characters before that."""


def comparison_view(found: Comparison) -> str:
    """What `handheld compare` prints: figures side by side, then the prompts, then the answers that differ."""
    head = f"{found.model} in the app, and {found.reference}: the same tokens, the likeliest one each time"
    prompts = [_prompt_row(pair) for pair in found.pairs]
    blocks = [
        head,
        table(("", "app", "reference", "between them"), _rows(found)),
        table(("prompt", "tokens", "equal from the start", "same choice", "end"), prompts),
        *(_difference(pair) for pair in found.pairs if pair.app.text != pair.reference.text),
    ]
    return "\n\n".join(blocks)


def _rows(found: Comparison) -> Iterator[tuple[str, str, str, str]]:
    figures, app, hosted = found.figures, found.app, found.hosted
    if figures.equal is not None:
        yield "greedy tokens equal from the start", "", "", _share(figures.equal, figures.tokens)
    if figures.agreeing is not None:
        yield "same choice after the same tokens", "", "", _share(figures.agreeing, figures.tokens)
    if figures.gap is not None and figures.bias is not None:
        yield "mean log-probability gap, answers", "", "", f"{figures.gap:.4f} nats ({figures.bias:+.4f})"
    if figures.text_gap is not None:
        yield f"the same on {figures.text_tokens} tokens of text", "", "", f"{figures.text_gap:.4f} nats"
    if figures.app_perplexity is not None and figures.reference_perplexity is not None:
        ratio = figures.app_perplexity / figures.reference_perplexity - 1
        yield "perplexity", f"{figures.app_perplexity:.3f}", f"{figures.reference_perplexity:.3f}", f"{ratio:+.2%}"
    yield "time to first token", f"{app.first_ms:.0f} ms", f"{hosted.first_ms:.0f} ms", ""
    yield "tokens/s", _rate(app.tokens_per_s), _rate(hosted.tokens_per_s), ""
    yield "memory at most", _bytes(app.memory_bytes), _bytes(hosted.memory_bytes), ""


def _prompt_row(pair: Pair) -> tuple[str, str, str, str, str]:
    ends = (
        pair.app.finish if pair.app.finish == pair.reference.finish else f"{pair.app.finish} / {pair.reference.finish}"
    )
    counts = (
        str(pair.app.count) if pair.app.count == pair.reference.count else f"{pair.app.count} / {pair.reference.count}"
    )
    return (
        _line(pair.prompt, 44),
        counts,
        "?" if pair.equal is None else str(pair.equal),
        "?" if pair.agreeing is None else _share(pair.agreeing, pair.app.count),
        ends,
    )


def _difference(pair: Pair) -> str:
    """Both answers from a little before the place where they part."""
    one, other = pair.app.text, pair.reference.text
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    begin = max(0, same - BEFORE)
    texts = (("app", one), ("reference", other))
    lines = [f"  {side:9}  {'... ' if begin else ''}{_line(text[begin:], SHOWN)}" for side, text in texts]
    return "\n".join([_line(pair.prompt, 88), *lines])


def _line(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 3] + "..."


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.1%})" if whole else "")


def _rate(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _bytes(value: int | None) -> str:
    return "not told" if value is None else sized(value)
