"""A real server of OpenAI's completions protocol, with a model so small that every number it tells is known.

The model continues as the runtime `echo` does, one byte a token, except that it says SLIP in place of token number
`slip` of an answer. It gives LIKELY to the token that it would choose and UNLIKELY to every other one. Standard library
alone: as a program it is what a hosted runtime of the tests starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

END, USER, ASSISTANT = 256, 258, 259
"""Tokens of the runtime `echo` that are no bytes."""
SLIP = ord("#")
LIKELY, UNLIKELY = -0.5, -3.0


@dataclass
class Model:
    """What the server does, and which faults it has; `asked` are the bodies that came, `keys` their keys."""

    names: tuple[str, ...] = ("tiny",)
    slip: int | None = None
    ids: bool = True
    logprobs: bool = True
    key: str = ""
    cut: bool = False
    other_text: bool = False
    refuse: str = ""
    refuse_scores: str = ""
    body: bytes | None = None
    hold: threading.Event | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""

    def following(self, tokens: Sequence[int]) -> int:
        """The likeliest token after these."""
        users = [index for index, token in enumerate(tokens) if token == USER]
        begin = users[-1] + 1 if users else 0
        if ASSISTANT not in tokens[begin:] or END not in tokens[begin:]:
            return END
        said = list(tokens[begin : tokens.index(END, begin)])
        done = len(tokens) - tokens.index(ASSISTANT, begin) - 1
        if done == self.slip:
            return SLIP
        return said[done] if done < len(said) else END

    def logprob(self, before: Sequence[int], token: int) -> float:
        """Of a token after these."""
        return LIKELY if token == self.following(before) else UNLIKELY

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens are."""
        data = bytes(token for token in tokens if token < END)
        return (data[::-1] if self.other_text else data).decode("utf-8", "replace")


def answer(model: Model, asked: dict[str, Any]) -> list[int]:
    """The likeliest tokens, up to the end."""
    tokens = list(asked["prompt"])
    begin = len(tokens)
    while len(tokens) - begin < asked["max_tokens"] and (token := model.following(tokens)) != END:
        tokens.append(token)
    return tokens[begin:]


def scored(model: Model, asked: dict[str, Any]) -> dict[str, Any]:
    """The prompt's own log-probabilities, as `echo` asks for, and one token more."""
    tokens = [*asked["prompt"], *answer(model, asked)]
    own = [None, *(model.logprob(tokens[:index], token) for index, token in enumerate(tokens) if index)]
    best = [None, *({"": LIKELY} for _ in tokens[1:])]
    told = {"token_logprobs": own, "top_logprobs": best, "tokens": [model.text([token]) for token in tokens]}
    return {"choices": [{"text": model.text(tokens), "logprobs": told if model.logprobs else None}]}


def events(model: Model, asked: dict[str, Any]) -> Iterator[bytes]:
    """An answer, token by token, as server-sent events."""
    tokens = answer(model, asked)
    for token in tokens:
        choice = {"text": model.text([token]), **({"token_ids": [token]} if model.ids else {})}
        yield event({"choices": [choice]})
    finish = "length" if len(tokens) == asked["max_tokens"] else "stop"
    ended = finish == "stop"  # the end counts too, as with large servers
    last = {"text": "", "finish_reason": finish, **({"token_ids": [END]} if model.ids and ended else {})}
    yield event({"choices": [last]})
    yield event({"choices": [], "usage": {"completion_tokens": len(tokens) + ended}})
    if not model.cut:
        yield b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


class Handler(BaseHTTPRequestHandler):
    """Answers for the model of its class."""

    model: Model

    def do_GET(self) -> None:
        if self._allowed():
            self._send(200, json.dumps({"data": [{"id": name} for name in self.model.names]}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.model.asked.append(asked)
        if not self._allowed():
            return
        if self.model.hold is not None:
            self.model.hold.wait(60)
        if refused := self.model.refuse or (self.model.refuse_scores if "echo" in asked else ""):
            self._send(400, json.dumps({"error": {"message": refused}}).encode())
        elif asked.get("stream"):
            self._send(200, b"".join(events(self.model, asked)))
        else:
            self._send(200, json.dumps(scored(self.model, asked)).encode())

    def _allowed(self) -> bool:
        self.model.keys.append(self.headers.get("Authorization"))
        if self.model.body is not None:
            self._send(200, self.model.body)
        elif self.model.key and self.model.keys[-1] != f"Bearer {self.model.key}":
            self._send(401, b"no")
        else:
            return True
        return False

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: object) -> None:
        del format, values


@contextmanager
def serving(model: Model, port: int = 0) -> Iterator[Model]:
    """Serve the model at `model.url` until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Serving", (Handler,), {"model": model}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: Sequence[str]) -> int:
    """Arguments: folder port name [die|die-later|...]; with a child process, as large servers have."""
    folder, port, name, *faults = arguments
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    sys.stdout.write(f"serving {folder} as {name}, child {child.pid}\n")
    sys.stdout.flush()
    if "die" in faults:
        child.kill()
        return 7
    model = Model((name,))
    with serving(model, int(port)):
        while not ("die-later" in faults and model.asked):
            time.sleep(0.05)
    child.kill()
    return 9


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
