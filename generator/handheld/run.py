"""BuiltApp -> RunReport: the app's own core, task and model on this machine. Never builds.

The core works on a thread of its own while this one waits, so that Ctrl-C reaches it at any moment: the first one
cancels the request and keeps what was made, the second one leaves at once.
"""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from handheld.app_errors import GoldenFailed, LockDamaged, ModelGone, NoGolden
from handheld.binding import Cancelled, File, Task, Value
from handheld.build import BuiltApp
from handheld.errors import Interrupted, UnknownChoice, Unreadable
from handheld.lock import LockedTask
from handheld.progress import Progress
from handheld.status import Kind

TICK = 0.05
"""Seconds between two looks at the load's progress."""
END_OF_ANSWER = "end"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run.

    `prompt` is text, or bytes as they came through a pipe; None means a conversation. `task` None means the app's only
    one. `values` are (port, text) pairs sent before the prompt, such as a system prompt.
    """

    prompt: str | bytes | None = None
    task: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run went. `status` is "end", "cancelled" or a status of the core; `report` is the core's own."""

    task: str
    status: str
    text: str
    report: Mapping[str, object]
    exit_code: int


class Output(Protocol):
    """Where an answer goes while it is made."""

    def piece(self, value: Value) -> None:
        """One value of the answer."""


def run_app(built: BuiltApp, request: RunRequest, output: Output, progress: Progress) -> RunReport:
    """Send one request to the app's task and give its answer piece by piece.

    Raises:
        InputError: no such task, setting or option.
        FileError: a model file is missing or damaged.
        CoreError: the core refused the request or failed in it.
    """
    assert request.prompt is not None, "a conversation is held in conversation.py"
    with open_task(built, request.task, request.options, progress) as task:
        progress.close()  # the answer comes piece by piece: nothing else may draw now
        if request.settings:
            task.configure(request.settings)
        name = find_task(built, request.task).name
        prompt = prompt_value(request.prompt, first_input(built, name))
        return answer(task, name, [*first_values(request), prompt], output)


def run_golden(
    built: BuiltApp, only: str | None, output: Output, progress: Progress, options: Mapping[str, object] | None = None
) -> Iterator[RunReport]:
    """Run the golden case of each task (or of one), with options of the core for all of them.

    Raises:
        InputError: there is none.
        AppError: an answer is not the expected one.
    """
    tasks = [find_task(built, only)] if only else list(built.app.lock.tasks)
    cases = [(task, task.golden) for task in tasks if task.golden is not None]
    if not cases:
        raise NoGolden(built.app.directory)
    for locked, golden in cases:
        case = read_json(built.app.directory / golden)
        with open_task(built, locked.name, options or {}, progress) as task:
            task.configure(case["configure"])
            values = [Value.of(value["text"], port=value["port"]) for value in case["send"]]
            report = answer(task, locked.name, values, output)
        missing = [repr(text) for text in case["expect"]["contains"] if text not in report.text]
        if not report.text.strip():
            missing.append("a single letter")
        if missing:
            raise GoldenFailed(locked.name, ", ".join(missing), report.text)
        yield report


@contextmanager
def open_task(
    built: BuiltApp,
    name: str | None,
    options: Mapping[str, object],
    progress: Progress,
    chat_template: str | None = None,
) -> Iterator[Task]:
    """Open a task of the app and load its model, with a bar; closed after the block.

    `chat_template` replaces the model's own.

    Raises:
        Interrupted: Ctrl-C while the model was loaded.
    """
    directory = built.app.directory
    locked = find_task(built, name)
    for model in built.app.lock.models:
        if model.task == locked.name and not (directory / model.file).exists():
            raise ModelGone(directory / model.file, directory)
    manifest: Path | str = directory / locked.manifest
    files: list[File] = []
    if chat_template is not None:
        changed = {**read_json(directory / locked.manifest), "chat_template": chat_template}
        folder = (directory / locked.manifest).parent
        manifest, files = json.dumps(changed), [File(role, folder / file) for role, file in changed["files"].items()]
    with Task(built.library, manifest, files=files, options=options or None) as task:
        with progress.task(f"Loading {locked.model}", 100, unit="%") as handle:
            try:
                for _ in _on_a_thread(task, _loading(task), lambda: handle.update(int(100 * task.progress))):
                    pass
            except Cancelled:
                raise Interrupted("The model was not loaded: interrupted.") from None
            handle.update(100)
        yield task


def answer(task: Task, name: str, values: Iterable[Value], output: Output) -> RunReport:
    """Send one request and hand its answer on; Ctrl-C cancels it.

    Raises:
        CoreError: the core refused a value or failed.
    """
    pieces: list[str] = []
    status, exit_code = END_OF_ANSWER, 0
    try:
        for value in _on_a_thread(task, task.stream(values)):
            if value.kind is Kind.TEXT:
                pieces.append(value.text)
            output.piece(value)
    except Cancelled as cancelled:
        status, exit_code = cancelled.name, cancelled.exit_code
    return RunReport(name, status, "".join(pieces), task.report(), exit_code)


def find_task(built: BuiltApp, name: str | None) -> LockedTask:
    """The app's task of that name, or its first one.

    Raises:
        InputError: it has no such task.
    """
    return task_named(built.app.lock.tasks, name)


def task_named(locked: Sequence[LockedTask], name: str | None) -> LockedTask:
    """One of these tasks, or the first one; see find_task."""
    tasks = {task.name: task for task in locked}
    if name is None and tasks:
        return next(iter(tasks.values()))
    if name not in tasks:
        raise UnknownChoice("task in this app", name or "", list(tasks), "--task")
    return tasks[name]


def first_input(built: BuiltApp, name: str | None) -> Mapping[str, Any]:
    """The port that a prompt goes to, as task.json has it. Its `default` is what it is sent when nobody says anything.

    Without a `default`, a conversation begins.
    """
    ports: list[dict[str, Any]] = read_json(built.app.directory / find_task(built, name).manifest)["ports"]
    return next(port for port in ports if port["direction"] == "in")


def takes_pictures(port: Mapping[str, Any]) -> bool:
    """Whether a prompt is the path of a picture."""
    return str(port["kind"]) == Kind.IMAGE.name.lower()


def prompt_value(prompt: str | bytes, port: Mapping[str, Any]) -> Value:
    """A prompt for the task's first input: a text, or the path or bytes of a picture.

    Bytes of a text go on as they are; the core refuses what is not UTF-8.
    """
    if takes_pictures(port):
        from handheld.pictures import read_picture  # noqa: PLC0415 - few tasks take any

        return read_picture(prompt)
    return Value(Kind.TEXT, prompt) if isinstance(prompt, bytes) else Value.of(prompt)


def first_values(request: RunRequest) -> list[Value]:
    """What is sent before the prompt."""
    return [Value.of(text, port=port) for port, text in request.values]


def read_json(path: Path) -> Any:  # noqa: ANN401 - what JSON can hold
    """A JSON file of the app.

    Raises:
        FileError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(path, error) from error
    except ValueError as error:
        raise LockDamaged(path, str(error)) from error


def _loading(task: Task) -> Iterator[Value]:
    task.load()
    yield from ()


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last thing a worker says."""

    error: BaseException | None


def _on_a_thread(task: Task, work: Iterator[Value], on_tick: Callable[[], None] | None = None) -> Iterator[Value]:
    """Run an iterator on another thread and give its values here; Ctrl-C cancels the task, not the iteration."""
    values: queue.SimpleQueue[Value | _Ended] = queue.SimpleQueue()
    worker = threading.Thread(target=_produce, args=(work, values), name="handheld-core", daemon=True)
    with _interrupts(task) as interrupted:
        worker.start()
        while True:
            # Again and again: the first Ctrl-C may have come before there was anything to cancel.
            if interrupted.is_set():
                task.cancel()
            try:
                value = values.get(timeout=TICK)
            except queue.Empty:
                if on_tick is not None:
                    on_tick()
                continue
            if isinstance(value, _Ended):
                break
            yield value
    worker.join()
    if value.error is not None:
        raise value.error


def _produce(work: Iterator[Value], values: queue.SimpleQueue[Value | _Ended]) -> None:
    try:
        for value in work:
            values.put(value)
    except BaseException as error:  # noqa: BLE001 - raised again on the thread that asked
        values.put(_Ended(error))
    else:
        values.put(_Ended(None))


@contextmanager
def _interrupts(task: Task) -> Iterator[threading.Event]:
    """Let the first Ctrl-C cancel what the task does and the second one raise KeyboardInterrupt, as it always does."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def cancel(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            signal.default_int_handler(number, frame)
        interrupted.set()
        task.cancel()

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
