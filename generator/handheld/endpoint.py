"""A client of servers that speak OpenAI's completions protocol: what a hosted model answers, and how likely it is.

Prompts go out as token ids, never as text or chat messages: what the app's core has tokenized is what the server sees,
and no chat template of its own comes between.

    GET  /v1/models        the names that are served
    POST /v1/completions   `stream` for an answer and its times; `echo` with `logprobs` for what it thinks of tokens
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from handheld.errors import HandheldError
from handheld.hosted_errors import (
    AddressRefused,
    EndpointRefused,
    EndpointUnreachable,
    KeyInClear,
    KeyRefused,
    NoLogprobs,
    NotTheProtocol,
    OtherTokens,
    UnknownModel,
)
from handheld.tools import Tools, is_loopback

KEY_VARIABLE = "HANDHELD_API_KEY"
"""The environment variable that holds the endpoint's key, where it wants one."""
PATIENCE = 30.0
"""Seconds that a server may take to say which models it has."""
LONG = 600.0
"""Seconds that it may take for the next piece of an answer, on a slow machine."""
LONGEST = 1 << 26
"""Bytes of an answer that are read at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server generated. Times are seconds of wall time from the request's start.

    `tokens` is empty when the server does not tell ids. `count` is its own count of tokens, or that of the pieces.
    """

    text: str
    tokens: tuple[int, ...]
    count: int
    first: float
    last: float
    finish: str


@dataclass(frozen=True, slots=True)
class Scores:
    """What a server thinks of given tokens, each after all those before it; natural logarithms.

    `logprobs` and `best` begin with the second token: nothing comes before the first. `best` is the log-probability of
    the token that the server itself would have chosen there. `text` is what the tokens are to the server.
    """

    logprobs: tuple[float, ...]
    best: tuple[float, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one server; made by `connect`."""

    url: str
    model: str
    tools: Tools
    key: str = field(default="", repr=False)

    def generate(self, prompt: Sequence[int], max_tokens: int, stop: Sequence[str] = ()) -> Answer:
        """Let it continue `prompt` with the likeliest token each time, up to a text of `stop`.

        Raises:
            HandheldError: the server refused, is gone, or does not speak the protocol.
        """
        asked: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}, "return_token_ids": True}
        if stop:
            asked["stop"] = list(stop)
        body = self._body(prompt, max_tokens, asked)
        pieces: list[str] = []
        tokens: list[int] = []
        times: list[float] = []
        count, finish = 0, "none"
        begin = self.tools.clock()
        with _asking(self, "/v1/completions", body, LONG) as stream:
            for event in _events(self.url, stream):
                count = _number(event.get("usage"), "completion_tokens") or count
                for choice in _list(event.get("choices")):
                    finish = str(choice.get("finish_reason") or finish)
                    text = str(choice.get("text") or "")
                    ids = [token for token in choice.get("token_ids") or () if isinstance(token, int)]
                    if finish == "stop" and not text:
                        ids = []  # what ends an answer is no part of it, as in the core
                    tokens += ids
                    if text or ids:
                        pieces.append(text)
                        times.append(self.tools.clock() - begin)
        first, last = (times[0], times[-1]) if times else (0.0, 0.0)
        return Answer("".join(pieces), tuple(tokens), len(tokens) or count or len(pieces), first, last, finish)

    def score(self, tokens: Sequence[int]) -> Scores:
        """Ask for the log-probability of each of at least two tokens.

        Raises:
            HandheldError: as for `generate`; NoLogprobs: the server does not give them.
        """
        try:
            said = self._whole(self._body(tokens, 1, asdict(_Scoring())))
        except EndpointRefused as error:
            raise NoLogprobs(self.url, error.said) from error
        try:
            choice = said["choices"][0]
            told = choice.get("logprobs") or {}
            own, best = told.get("token_logprobs") or (), told.get("top_logprobs") or ()
            if len(own) < len(tokens) or len(best) < len(tokens):
                raise NoLogprobs(self.url)
            wanted = range(1, len(tokens))
            logprobs = tuple(float(own[index]) for index in wanted)
            # Some servers leave the token itself out of the likeliest ones.
            highest = tuple(max([*map(float, (best[i] or {}).values()), logprobs[i - 1]]) for i in wanted)
            # Not the tokens' own texts: a character may be cut between two of them.
            text = str(choice.get("text") or "")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise NotTheProtocol(self.url, f"log-probabilities in a form of its own ({error!r})") from error
        if any(map(math.isnan, logprobs)):
            raise NotTheProtocol(self.url, "a log-probability that is not a number")
        return Scores(logprobs, highest, text)

    def _body(self, prompt: Sequence[int], max_tokens: int, more: Mapping[str, object]) -> bytes:
        asked = {"model": self.model, "prompt": list(prompt), "max_tokens": max_tokens, "temperature": 0, **more}
        return json.dumps(asked).encode()

    def _whole(self, body: bytes) -> dict[str, Any]:
        with _asking(self, "/v1/completions", body, LONG) as stream:
            return _parsed(self.url, _read(self.url, stream))


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What a request for log-probabilities has more: the prompt's own tokens, and the likeliest one for each."""

    echo: bool = True
    logprobs: int = 1


def connect(url: str, model: str | None, tools: Tools) -> Endpoint:
    """Look at what a server offers. Without a name, its only model is taken.

    Args:
        url: Up to the host and port, or with /v1 at the end.
        model: As the server calls it.
        tools: The environment's HANDHELD_API_KEY is sent as the key, if it is set.

    Raises:
        InputError: no such model, or a key would go over the network unencrypted.
        MachineError: the server cannot be reached, or refuses.
    """
    base = url.rstrip("/").removesuffix("/v1")
    if not base.startswith(("http://", "https://")):
        raise AddressRefused(url)
    key = tools.environ.get(KEY_VARIABLE, "")
    if key and base.startswith("http://") and not is_loopback(base):
        raise KeyInClear(base, KEY_VARIABLE)
    endpoint = Endpoint(base, model or "", tools, key)
    with _asking(endpoint, "/v1/models", None, PATIENCE) as stream:
        said = _parsed(base, _read(base, stream))
    names = [str(entry["id"]) for entry in _list(said.get("data")) if "id" in entry]
    if not names:
        raise NotTheProtocol(base, "a list of models with nothing in it")
    if model in names:
        return endpoint
    if model is None and len(names) == 1:
        return Endpoint(base, names[0], tools, key)
    raise UnknownModel(base, model, names)


# One exchange.


@contextmanager
def _asking(endpoint: Endpoint, path: str, body: bytes | None, timeout: float) -> Iterator[BinaryIO]:
    """A request, and its answer's body; any status but 200 and a broken connection become sentences."""
    headers = {"Content-Type": "application/json"} if body else {}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    answered = False
    try:
        with endpoint.tools.ask(endpoint.url + path, body, headers, timeout) as (status, stream):
            answered = True
            if status != 200:
                raise _refused(endpoint, status, stream.read(65536))
            yield stream
    except (OSError, ValueError) as error:
        detail = str(getattr(error, "reason", "") or error)
        raise EndpointUnreachable(endpoint.url, detail, cut=answered) from error


def _refused(endpoint: Endpoint, status: int, body: bytes) -> HandheldError:
    """What a status means; servers put their reason into different places."""
    said = body.decode("utf-8", "replace").strip()
    with suppress(ValueError, AttributeError):
        told = json.loads(said)
        inner = told.get("error", told)
        said = str(inner.get("message") or inner.get("detail") or said) if isinstance(inner, dict) else str(inner)
    if status in {401, 403}:
        return KeyRefused(endpoint.url, KEY_VARIABLE, bool(endpoint.key))
    if "vocab" in said.lower():
        return OtherTokens(endpoint.url, said[:300])
    return EndpointRefused(endpoint.url, status, said[:300])


def _read(url: str, stream: BinaryIO) -> bytes:
    data = stream.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise NotTheProtocol(url, f"an answer of more than {LONGEST} bytes")
    return data


def _events(url: str, stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event, up to [DONE]."""
    seen = 0
    while line := stream.readline(LONGEST):
        text = line.strip()
        if not text.startswith(b"data:"):
            continue
        data = text.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            return
        event = _parsed(url, data)
        if "error" in event:
            raise EndpointRefused(url, 200, json.dumps(event["error"])[:300])
        seen += 1
        yield event
    if not seen:
        raise NotTheProtocol(url, "a stream without a single event")
    # Without its last line the answer may have been cut anywhere.
    raise EndpointUnreachable(url, "the stream ended early", cut=True)


def _parsed(url: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise NotTheProtocol(url, data[:60].decode("utf-8", "replace") or "nothing") from error
    if not isinstance(value, dict):
        raise NotTheProtocol(url, "JSON that is no object")
    return value


def _list(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _number(table: object, name: str) -> int:
    value = table.get(name) if isinstance(table, dict) else None
    return value if isinstance(value, int) else 0
