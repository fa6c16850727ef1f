"""A hosted runtime on this machine: its environment, the app's model in the form that it takes, and its server.

Both stay in the cache, whole or not at all: the environment under the hash of its requirements, the hosted form of a
model, hosted/<key>/, under that of the model, of the program that makes it, and of the requirements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handheld.conversion import environment_python, find_environment
from handheld.endpoint import Endpoint, connect
from handheld.errors import sized
from handheld.hosted_errors import (
    EndpointUnreachable,
    NoHostedForm,
    NotInstalled,
    ServerDied,
    ServerNeedsMemory,
    SpreadFailed,
)
from handheld.store import STAMP, check_space, key_of, put, read_note, sha256_of, staged, write_note

if TYPE_CHECKING:
    from handheld.catalog import Hosted
    from handheld.progress import Progress
    from handheld.tools import Background, Tools

LARGEST_GROWTH = 8
"""A weight of the hosted form takes 32 bits, one of a phone's model hardly less than 4."""
START_LIMIT = 1800
"""Seconds that a server gets to be ready, on a machine that is busy."""
LOOK = 0.5
"""Seconds between two looks at a server that starts."""
OWN_NAME = "reference"
"""What the server that is started here calls its model."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a server is started from: the Python of its environment, and the folder of the model's hosted form."""

    hosted: Hosted
    python: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs; `memory` tells the bytes that it holds with all its processes."""

    endpoint: Endpoint
    memory: Callable[[], int]


@dataclass(frozen=True, slots=True)
class HostedModel:
    """The app's model: its file, name, format by suffix, and hash."""

    path: Path
    name: str
    format: str
    sha256: str


def prepare(
    hosted: Hosted, model: HostedModel, tools: Tools, progress: Progress, agree: Callable[[str], bool]
) -> Prepared:
    """Bring what the server needs, asking first when it is large.

    Raises:
        InputError: the model has no hosted form, or nobody agreed.
        MachineError: no environment can be made here, no network, the disk is full.
        AppError: the model could not be turned into its hosted form.
    """
    if model.format not in hosted.formats:
        raise NoHostedForm(model.name, model.format, hosted.title, hosted.formats)
    python = find_environment(hosted.environment, hosted.title, tools)
    if python is None:
        sizes = hosted.environment.download_bytes, hosted.environment.disk_bytes
        download, disk = (next(iter(size.values())) for size in sizes)
        if not agree(f"{hosted.title} is {sized(download)} to download and takes {sized(disk)} of disk. Install it?"):
            raise NotInstalled(hosted.title, download, disk)
        python = environment_python(hosted.environment, hosted.title, tools, progress)
    return Prepared(hosted, python, _spread(hosted, python, model, tools, progress))


def _spread(hosted: Hosted, python: Path, model: HostedModel, tools: Tools, progress: Progress) -> Path:
    """The folder with the model's hosted form, which is made when it is missing."""
    made_by = sha256_of(hosted.spread), sha256_of(hosted.environment.requirements)
    folder = tools.cache / "hosted" / key_of(model.sha256, *made_by)
    what = f"the form of {model.name} that {hosted.title} takes"
    with tools.lock(f"hosted-{folder.name}", progress):
        if read_note(folder / STAMP) is not None:
            return folder
        check_space(tools.cache, what, LARGEST_GROWTH * model.path.stat().st_size)
        with staged(tools.cache, f"hosted-{folder.name}", what) as work:
            new, lines = work / "new", 0
            new.mkdir()
            with progress.task(f"Making {what}", unit="lines") as handle:

                def count(_line: str) -> None:
                    nonlocal lines
                    lines += 1
                    handle.update(lines)

                command: list[str | Path] = [python, "-E", "-s", hosted.spread, model.path, new]
                done = tools.stream(command, count, env=dict(hosted.environ), check=False)
            if done.returncode != 0:
                raise SpreadFailed(hosted.title, model.name, done.stdout)
            write_note(new / STAMP, {"model": model.name, "sha256": model.sha256})
            put(new, folder)
    return folder


@contextmanager
def serve(prepared: Prepared, context: int, threads: int, tools: Tools, progress: Progress) -> Iterator[Server]:
    """Run the server for the block, on this machine alone; whatever happens, its whole process tree is ended after it.

    Args:
        prepared: Environment and model.
        context: Tokens that prompt and answer share.
        threads: For its computing.
        tools: Where the cache and its log are.
        progress: Where the start is shown.

    Raises:
        MachineError: too little memory is free.
        AppError: the server ended, or was not ready in time; the end of its log is in the message.
    """
    hosted = prepared.hosted
    _check_memory(prepared)
    port = tools.free_port()
    values = {"folder": prepared.folder, "port": port, "context": context, "threads": threads, "name": OWN_NAME}
    command: list[str | Path] = [prepared.python, *(argument.format(**values) for argument in hosted.arguments)]
    environ = {name: value.format(**values) for name, value in hosted.environ.items()}
    environ["PYTHONDONTWRITEBYTECODE"] = ""  # a large server is compiled once, not at each start of a process
    log = tools.cache / "logs" / f"{hosted.name}-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tools.background(command, log, env=environ) as process:
        endpoint = _ready(hosted, process, f"http://127.0.0.1:{port}", log, tools, progress)
        try:
            yield Server(endpoint, lambda: process.memory)
        except EndpointUnreachable as error:
            if process.wait(LOOK):
                raise ServerDied(
                    hosted.title, f"ended with {process.ended} during an answer", _tail(log), log
                ) from error
            raise
    log.unlink(missing_ok=True)  # what went well needs no log


def _ready(hosted: Hosted, process: Background, url: str, log: Path, tools: Tools, progress: Progress) -> Endpoint:
    begin = tools.clock()
    with progress.task(f"Starting {hosted.title}", unit="s") as handle:
        while (passed := tools.clock() - begin) < START_LIMIT:
            if process.wait(LOOK):
                raise ServerDied(hosted.title, f"ended with {process.ended} while it started", _tail(log), log)
            handle.update(int(passed))
            try:
                return connect(url, OWN_NAME, tools)
            except EndpointUnreachable:
                continue
    raise ServerDied(hosted.title, f"was not ready within {START_LIMIT} s", _tail(log), log)


def _check_memory(prepared: Prepared) -> None:
    import psutil  # noqa: PLC0415 - only a server needs it

    weights = sum(path.stat().st_size for path in prepared.folder.iterdir())
    needed, free = prepared.hosted.memory_bytes + weights, int(psutil.virtual_memory().available)
    if free < needed:
        raise ServerNeedsMemory(prepared.hosted.title, needed, free)


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return file.read().decode("utf-8", "replace")
