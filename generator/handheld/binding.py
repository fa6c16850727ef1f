"""The core in Python: ctypes over handheld.h, nothing private.

    with Task(library, Path("tasks/chat/task.json")) as task:
        task.load()
        for piece in task.stream([Value.of("Hello!", port="user")]):
            print(piece.text, end="")

Threads are as in the header: `cancel` and `progress` may be used from any thread and from a signal handler, also while
another thread is inside `load` or `receive`; one sending and one receiving thread may overlap. After `close` every call
raises TaskClosed, except `cancel` and `close`, which then do nothing: a Ctrl-C may well come after the end.
"""

from __future__ import annotations

import ctypes
import json
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from handheld.abi import TASK, ErrorStruct, FileStruct, OptionsStruct, ValueStruct, load_library
from handheld.app_errors import CoreError
from handheld.status import SENTENCES, DType, Kind, Pixels, Status

RUN_LOAD = 0
"""The run that stands for the load in `cancel`."""


class TaskClosed(RuntimeError):
    """A task was used after `close`."""


class Cancelled(CoreError):
    """The request was cancelled; what was made so far stays part of the conversation."""


class QueueFull(CoreError):
    """The task takes no more values now: receive first, then send the same value again."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a task: a path, or a readable descriptor, or memory. `role` is as in task.json.

    A descriptor is borrowed until `load` returns; `offset` and `length` are bytes, length 0 means up to the end.
    """

    role: str
    path: Path | None = None
    fd: int = -1
    offset: int = 0
    length: int = 0
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One value that goes into a task or comes out of it; which fields are in use depends on `kind`, as in hh_value.

    `port` None means the task's first port of that direction. `data` is text or JSON as UTF-8, audio as 32-bit float
    samples, a tensor's elements, one 32-bit float a label, or an image's first plane. `run` is set by the core.
    """

    kind: Kind
    data: bytes = b""
    port: str | None = None
    run: int = 0
    rate: int = 0
    channels: int = 0
    pixels: Pixels = Pixels.RGBA8
    width: int = 0
    height: int = 0
    rotation: int = 0
    planes: tuple[bytes, ...] = ()
    row_strides: tuple[int, ...] = ()
    pixel_strides: tuple[int, ...] = ()
    dtype: DType = DType.F32
    shape: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, port: str | None = None) -> Value:
        """A text. Bytes that the command line could not decode go on as they were; the core refuses them."""
        return cls(Kind.TEXT, _utf8(text), port)

    @property
    def text(self) -> str:
        """The text of a text or JSON value."""
        return self.data.decode("utf-8")

    def json(self) -> object:
        """The parsed content of a JSON value."""
        return json.loads(self.data)


END = Value(Kind.END)
"""Closes a request."""


class Task:
    """One open task with one model. See the module's text for the thread rules.

    Args:
        library: The built core.
        manifest: task.json as a path, or its text.
        files: Overrides by role; what is missing here is looked up beside the manifest.
        options: Overrides the manifest's options, for example {"context": 1024}.

    Raises:
        CoreError: the core refused the manifest, an option or a file's header; its `status` says which.
    """

    def __init__(
        self,
        library: Path,
        manifest: Path | str,
        *,
        files: Sequence[File] = (),
        options: Mapping[str, object] | None = None,
    ) -> None:
        self._handle: int | None = None
        self._library = load_library(library)
        # Re-entrant, because a signal handler may cancel while its own thread is inside.
        self._gate = threading.Condition(threading.RLock())
        self._inside: list[int] = []
        self._runs: set[int] = set()
        structs = (FileStruct * len(files))(*(_file_struct(file) for file in files))
        self._borrowed = (structs, files)
        arguments = OptionsStruct(struct_size=ctypes.sizeof(OptionsStruct), files=structs, file_count=len(files))
        if isinstance(manifest, Path):
            arguments.manifest_path = str(manifest).encode("utf-8", "surrogateescape")
        else:
            arguments.manifest_json = _utf8(manifest)
        if options is not None:
            arguments.options_json = json.dumps(options).encode()
        handle, error = TASK(), ErrorStruct()
        self._check(self._library.hh_task_open(arguments, ctypes.byref(handle), error), error)
        self._handle = handle.value

    def load(self) -> None:
        """Load the model; blocks. Watch `progress` from another thread; `cancel` makes it raise Cancelled."""
        self._run("hh_task_load")

    @property
    def progress(self) -> float:
        """How far `load` is, 0 to 1."""
        with self._call() as handle:
            return float(self._library.hh_task_progress(handle))

    def configure(self, settings: Mapping[str, object]) -> None:
        """Change settings between requests, for example {"temperature": 0}; all of them or none."""
        self._run("hh_task_configure", json.dumps(settings).encode())

    def send(self, value: Value) -> int:
        """Give one value; `END` closes the request. Gives the request's run. Never blocks.

        Raises:
            QueueFull: receive first, then send the value again.
            CoreError: the value is refused; the request stays as it was.
        """
        run = ctypes.c_uint64()
        self._run("hh_task_send", _value_struct(value), ctypes.byref(run))
        with self._gate:
            self._runs.add(run.value)
        return run.value

    def receive(self) -> Value | None:
        """Work until there is a value, and give it; of kind END when the request is complete, None with nothing to do.

        Raises:
            Cancelled: the request was cancelled and is over.
            CoreError: the request failed and is over.
        """
        out, error = _empty_value(), ErrorStruct()
        with self._call() as handle:
            status = self._library.hh_task_receive(handle, out, error)
            value = _value(out) if status == Status.OK else Value(Kind.END, run=out.run)
        if status == Status.AGAIN:
            return None
        if status != Status.OK:
            with self._gate:
                self._runs.discard(value.run)
        if status not in {Status.OK, Status.END}:
            self._check(status, error)
        return value

    def stream(self, values: Iterable[Value]) -> Iterator[Value]:
        """Send one request and give its answer piece by piece. Leaving early cancels the request.

        Raises:
            Cancelled: the request was cancelled from elsewhere.
            CoreError: a value was refused, or the request failed.
        """
        accepted = False
        unfinished: Value | None = END
        try:
            for value in (*values, END):
                while (blocked := self._offer(value)) is not None:
                    yield blocked
                accepted = True
            unfinished = None
            while (piece := self.receive()) is not None and piece.kind is not Kind.END:
                yield piece
            accepted = False
        finally:
            if accepted:
                self._abandon(unfinished)

    def cancel(self, run: int | None = None) -> None:
        """Ask a run (RUN_LOAD: the load) to stop, or, without one, everything that is going on. Returns at once."""
        with self._gate:
            if self._handle is not None:
                self._cancel(self._handle, run)

    def reset(self) -> None:
        """Forget the conversation or stream and all queued values; keep the model and the settings."""
        self._run("hh_task_reset")
        with self._gate:
            self._runs.clear()

    def info(self) -> dict[str, object]:
        """What the task is: ports, settings with ranges, the model."""
        return self._json("hh_task_info")

    def report(self) -> dict[str, object]:
        """What the task did; fields and units as in status.toml."""
        return self._json("hh_task_report")

    def trace(self) -> Iterator[Value]:
        """The intermediate values of the last request; needs the option {"trace": true}."""
        while True:
            out, error = _empty_value(), ErrorStruct()
            with self._call() as handle:
                status = self._library.hh_task_trace(handle, out, error)
                value = _value(out) if status == Status.OK else END
            if status == Status.END:
                return
            self._check(status, error)
            yield value

    def close(self) -> None:
        """Cancel what runs, wait for it, and free the task. Harmless when closed already."""
        with self._gate:
            if self._handle is None:
                return
            if threading.get_ident() in self._inside:
                raise RuntimeError(
                    "close() from a signal handler that interrupts a call on the same task; cancel() first"
                )
            handle, self._handle = self._handle, None
            while self._inside:
                self._cancel(handle, None)
                self._gate.wait(0.02)
        self._library.hh_task_close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._handle is not None:
            warnings.warn(f"{self!r} was never closed", ResourceWarning, stacklevel=2)
            self.close()

    @contextmanager
    def _call(self) -> Iterator[int]:
        """The handle, kept open for a block."""
        thread = threading.get_ident()
        with self._gate:
            if self._handle is None:
                raise TaskClosed("the task was closed")
            handle = self._handle
            self._inside.append(thread)
        try:
            yield handle
        finally:
            with self._gate:
                self._inside.remove(thread)
                self._gate.notify_all()

    def _run(self, function: str, *arguments: object) -> None:
        error = ErrorStruct()
        with self._call() as handle:
            status = getattr(self._library, function)(handle, *arguments, error)
        self._check(status, error)

    def _json(self, function: str) -> dict[str, object]:
        out = _empty_value()
        with self._call() as handle:
            status = getattr(self._library, function)(handle, out)
            text = _bytes(out.data, out.size) if status == Status.OK else b"{}"
        self._check(status, ErrorStruct(code=status))
        parsed: dict[str, object] = json.loads(text)
        return parsed

    def _offer(self, value: Value) -> Value | None:
        """Send, or when the queue is full make room: then gives what came out."""
        while True:
            try:
                self.send(value)
            except QueueFull:
                if (piece := self.receive()) is not None and piece.kind is not Kind.END:
                    return piece
            else:
                return None

    def _abandon(self, unfinished: Value | None) -> None:
        """Leave a request in the middle, so that the next one begins clean; `unfinished` is the END it still lacks."""
        with suppress(CoreError, TaskClosed):
            self.cancel()
            self._drain()
            if unfinished is not None:
                self.send(unfinished)
                self._drain()

    def _drain(self) -> None:
        with suppress(Cancelled):
            while (piece := self.receive()) is not None and piece.kind is not Kind.END:
                pass

    def _cancel(self, handle: int, run: int | None) -> None:
        for each in {RUN_LOAD, *self._runs} if run is None else {run}:
            self._library.hh_task_cancel(handle, each)

    def _check(self, status: int, error: ErrorStruct) -> None:
        if status == Status.OK:
            return
        kinds: Mapping[int, type[CoreError]] = {Status.AGAIN: QueueFull, Status.CANCELLED: Cancelled}
        known = status in SENTENCES
        raise kinds.get(status, CoreError)(
            status,
            Status(status).name.lower() if known else str(status),
            SENTENCES[Status(status)] if known else self._library.hh_status_sentence(status).decode(),
            error.message.decode("utf-8", "replace"),
            error.log.decode("utf-8", "replace"),
        )


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _address(data: bytes | None) -> int | None:
    return None if data is None else ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value


def _bytes(address: int | None, size: int) -> bytes:
    return ctypes.string_at(address, size) if address and size else b""


def _file_struct(file: File) -> FileStruct:
    return FileStruct(
        role=_utf8(file.role),
        path=None if file.path is None else str(file.path).encode("utf-8", "surrogateescape"),
        offset=file.offset,
        length=file.length if file.data is None else len(file.data),
        data=_address(file.data),
        fd=file.fd,
    )


def _empty_value() -> ValueStruct:
    return ValueStruct(struct_size=ctypes.sizeof(ValueStruct))


def _value_struct(value: Value) -> ValueStruct:
    # The addresses stay good for the call: `value` owns the bytes, the struct owns the texts.
    out = _empty_value()
    out.kind, out.data, out.size = value.kind, _address(value.data), len(value.data)
    out.name = None if value.port is None else _utf8(value.port)
    out.rate, out.channels = value.rate, value.channels
    out.pixels, out.width, out.height, out.rotation = value.pixels, value.width, value.height, value.rotation
    for index, plane in enumerate(value.planes):
        out.planes[index] = _address(plane)
    for name in ("row_strides", "pixel_strides", "shape"):
        for index, number in enumerate(getattr(value, name)):
            getattr(out, name)[index] = number
    out.dtype, out.rank = value.dtype, len(value.shape)
    if value.labels:
        out.labels = (ctypes.c_char_p * len(value.labels))(*map(_utf8, value.labels))
    return out


def _value(out: ValueStruct) -> Value:
    """Copy what the core lends."""
    kind = Kind(out.kind)
    common = {"data": _bytes(out.data, out.size), "port": out.name.decode() if out.name else None, "run": out.run}
    if kind is Kind.AUDIO:
        return Value(kind, **common, rate=out.rate, channels=out.channels)
    if kind is Kind.TENSOR:
        return Value(kind, **common, dtype=DType(out.dtype), shape=tuple(out.shape[: out.rank]))
    if kind is Kind.SCORES:
        labels = tuple(out.labels[index].decode() for index in range(out.shape[0])) if out.labels else ()
        return Value(kind, **common, shape=(out.shape[0],), labels=labels)
    if kind is Kind.IMAGE:
        rows = (out.height + 1) // 2
        planes = [_bytes(plane, out.row_strides[1 + index] * rows) for index, plane in enumerate(out.planes) if plane]
        return Value(
            kind,
            **common,
            pixels=Pixels(out.pixels),
            width=out.width,
            height=out.height,
            rotation=out.rotation,
            planes=tuple(planes),
            row_strides=tuple(out.row_strides[: 1 + len(planes)]),
            pixel_strides=tuple(out.pixel_strides[: 1 + len(planes)]),
        )
    return Value(kind, **common)
