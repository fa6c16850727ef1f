"""Real HTTP servers on this machine: a package index and a model hub, with the faults that tests ask for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Answers:
    """What a server says. `cut` ends a file's body after so many bytes; `slow` holds it back until set."""

    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    cut: int | None = None
    slow: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(answers: Answers) -> Iterator[Answers]:
    """Answer GET and HEAD from `answers` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            answers.asked.append(f"{self.command} {path}")
            data = answers.files.get(path)
            status = answers.statuses.get(path, 200 if data is not None else 404)
            data = data or b""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **answers.headers.get(path, {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if not body:
                return
            is_file = not path.endswith("/")
            cut = answers.cut if is_file and answers.cut is not None else len(data)
            self.wfile.write(data[: min(cut, len(data) // 2)])
            self.wfile.flush()
            if answers.slow is not None and is_file:
                answers.slow.wait(60)
            self.wfile.write(data[min(cut, len(data) // 2) : cut])
            if cut < len(data):
                self.close_connection = True

        def log_message(self, format: str, *values: object) -> None:
            del format, values

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    answers.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def index_of(*packages: Path) -> Answers:
    """A simple package index over archives."""
    answers = Answers()
    links: dict[str, list[str]] = {}
    for path in packages:
        answers.files[f"/files/{path.name}"] = path.read_bytes()
        name = path.name.partition("-")[0].replace("_", "-").lower()
        links.setdefault(name, []).append(f'<a href="/files/{path.name}">{path.name}</a>')
    for name, lines in links.items():
        answers.files[f"/simple/{name}/"] = f"<!DOCTYPE html><html><body>{''.join(lines)}</body></html>".encode()
        answers.headers[f"/simple/{name}/"] = {"Content-Type": "text/html"}
    return answers


def hub_of(repository: str, name: str, data: bytes, revisions: tuple[str, ...] = ("main", COMMIT)) -> Answers:
    """A model hub with one file, under each revision; the routes that the hub's own client asks for."""
    answers = Answers()
    for revision in revisions:
        path = f"/{repository}/resolve/{revision}/{name}"
        answers.files[path] = data
        answers.headers[path] = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
    return answers
