"""The core through ctypes: layout, life cycle, threads, errors. What the core itself does is tested in tests/core."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handheld import abi
from handheld.app_errors import CoreError, LibraryUnusable
from handheld.binding import END, Cancelled, File, QueueFull, Task, TaskClosed, Value
from handheld.build import BuiltApp
from handheld.status import Kind, Status
from handheld.tools import Tools

STRUCTS = {
    "hh_error": abi.ErrorStruct,
    "hh_file": abi.FileStruct,
    "hh_task_options": abi.OptionsStruct,
    "hh_value": abi.ValueStruct,
}


@pytest.fixture
def manifest(echo_built: BuiltApp) -> Path:
    return echo_built.app.directory / echo_built.app.lock.tasks[0].manifest


@pytest.fixture
def task(echo_built: BuiltApp, manifest: Path) -> Iterator[Task]:
    with Task(echo_built.library, manifest) as task:
        task.load()
        yield task


def slow(echo_built: BuiltApp, manifest: Path) -> Task:
    """A loaded task that answers for as long as anyone listens."""
    task = Task(echo_built.library, manifest)
    task.load()
    task.configure({"max_tokens": 32768})
    return task


def text_of(task: Task, *values: Value) -> str:
    return "".join(value.text for value in task.stream(values))


def test_the_layout_is_the_compilers(echo_built: BuiltApp, own_tools: Tools, tmp_path: Path) -> None:
    lines = []
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for field in struct._fields_:
            lines.append(f'printf("{name}.{field[0]} %zu\\n", offsetof({name}, {field[0]}));')
            lines.append(f'printf("{name}.{field[0]}: %zu\\n", sizeof((({name} *)0)->{field[0]}));')
    source = tmp_path / "layout.c"
    source.write_text(
        '#include <stdio.h>\n#include "handheld.h"\nint main(void) {\n' + "\n".join(lines) + "return 0; }\n"
    )
    compiler = next(filter(None, map(own_tools.find, ("cc", "gcc", "clang"))))
    own_tools.run([compiler, "-I", echo_built.app.directory / "native/include", source, "-o", tmp_path / "layout"])
    said = dict(line.rsplit(" ", 1) for line in own_tools.run([tmp_path / "layout"]).stdout.splitlines())
    ours: dict[str, str] = {}
    for name, struct in STRUCTS.items():
        ours[name] = str(ctypes.sizeof(struct))
        for field in struct._fields_:
            ours[f"{name}.{field[0]}"] = str(getattr(struct, field[0]).offset)
            ours[f"{name}.{field[0]}:"] = str(getattr(struct, field[0]).size)
    assert ours == said


def test_no_field_of_the_header_is_forgotten(repository: Path) -> None:
    header = (repository / "native/include/handheld.h").read_text()
    for name, struct in STRUCTS.items():
        body = header.split(f"typedef struct {name} {{")[1].split(f"}} {name};")[0]
        code = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        declared = sum(line.count(";") + line.split(";")[0].count(",") for line in code.splitlines() if ";" in line)
        assert declared == len(struct._fields_), name


def test_a_request(task: Task) -> None:
    assert text_of(task, Value.of("Zażółć 🦜", port="user")) == "Zażółć 🦜"
    assert task.progress == 1.0
    assert task.info()["task"] == "chat"
    assert task.report()["finish_reason"] == "stop"


def test_the_first_port_is_the_default(task: Task) -> None:
    assert text_of(task, Value.of("Hello")) == "Hello"


def test_a_manifest_as_text_and_a_file_from_memory_and_by_descriptor(echo_built: BuiltApp, manifest: Path) -> None:
    model = manifest.parent / json.loads(manifest.read_text())["files"]["weights"]
    descriptor = os.open(model, os.O_RDONLY)
    files = [
        File("weights", path=model),
        File("weights", data=model.read_bytes()),
        File("weights", fd=descriptor, length=model.stat().st_size),
    ]
    try:
        for file in files:
            with Task(echo_built.library, manifest.read_text(), files=[file]) as task:
                task.load()
                assert text_of(task, Value.of("Hi")) == "Hi"
    finally:
        os.close(descriptor)


def test_options_are_passed_on(echo_built: BuiltApp, manifest: Path) -> None:
    with pytest.raises(CoreError) as refused:
        Task(echo_built.library, manifest, options={"context": "much"})
    assert refused.value.status == Status.INVALID_ARGUMENT
    assert refused.value.exit_code == 2
    Task(echo_built.library, manifest, options={"context": 64}).close()


def test_errors_carry_code_sentence_and_log(echo_built: BuiltApp, tmp_path: Path) -> None:
    with pytest.raises(CoreError) as refused:
        Task(echo_built.library, tmp_path / "no.json")
    assert refused.value.status == Status.FILE_NOT_FOUND
    assert refused.value.exit_code == 4
    assert "no.json" in refused.value.what
    assert refused.value.fix


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\xc3", "\ud800".encode("utf-8", "surrogatepass")])
def test_text_that_is_not_utf8_is_refused(task: Task, data: bytes) -> None:
    with pytest.raises(CoreError) as refused:
        text_of(task, Value(Kind.TEXT, data, "user"))
    assert refused.value.status == Status.INVALID_TEXT
    assert text_of(task, Value.of("Hi")) == "Hi", "the next request is clean"


def test_text_from_a_command_line_goes_on_as_it_came() -> None:
    assert Value.of(os.fsdecode(b"caf\xe9")).data == b"caf\xe9"
    assert Value.of("\ud83e").data


def test_a_refused_value_leaves_no_request_behind(task: Task) -> None:
    with pytest.raises(CoreError) as refused:
        text_of(task, Value.of("Hello"), Value.of("x", port="nowhere"))
    assert refused.value.status == Status.UNKNOWN_PORT
    assert text_of(task, Value.of("Hi")) == "Hi"


def test_a_full_queue_says_so_and_a_stream_goes_on(task: Task) -> None:

    def fill() -> None:
        for _ in range(1000):
            task.send(Value.of("x", port="system"))

    with pytest.raises(QueueFull):
        fill()
    task.reset()
    assert text_of(task, *(Value.of("x", port="system") for _ in range(1000)), Value.of("Hi", port="user")) == "Hi"


def test_nothing_to_do(task: Task) -> None:
    assert task.receive() is None


def test_runs_are_numbered(task: Task) -> None:
    first = task.send(Value.of("a"))
    assert task.send(END) == first
    assert task.send(Value.of("b")) == first + 1
    task.send(END)
    received = []
    while (value := task.receive()) is not None:
        received.append((value.run, value.kind))
    assert received == [(first, Kind.TEXT), (first, Kind.END), (first + 1, Kind.TEXT), (first + 1, Kind.END)]


def test_leaving_a_stream_cancels_the_request(task: Task) -> None:
    stream = task.stream([Value.of("abcdef")])
    assert next(stream).text == "a"
    stream.close()  # type: ignore[attr-defined]
    assert text_of(task, Value.of("Hi")) == "Hi"


def test_trace_needs_the_option(echo_built: BuiltApp, manifest: Path, task: Task) -> None:
    with pytest.raises(CoreError) as refused:
        list(task.trace())
    assert refused.value.status == Status.UNSUPPORTED
    with Task(echo_built.library, manifest, options={"trace": True}) as traced:
        traced.load()
        text_of(traced, Value.of("Hi"))
        assert all(value.port for value in traced.trace())


# Threads and signals.


def test_cancel_from_another_thread(task: Task) -> None:
    pieces: list[str] = []

    def listen() -> None:
        for piece in task.stream([Value.of("x" * 1000)]):
            pieces.append(piece.text)
            if len(pieces) == 3:
                thread = threading.Thread(target=task.cancel)
                thread.start()
                thread.join()

    with pytest.raises(Cancelled) as cancelled:
        listen()
    assert cancelled.value.exit_code == 130
    assert pieces == ["x"] * 3
    assert text_of(task, Value.of("Hi")) == "Hi", "the next run is not touched"


def test_cancel_from_a_signal_handler(task: Task) -> None:

    def listen() -> None:
        begin = time.monotonic()
        while time.monotonic() - begin < 30:
            text_of(task, Value.of("y" * 800))
            task.reset()

    before = signal.signal(signal.SIGALRM, lambda *_: task.cancel())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)
        with pytest.raises(Cancelled):
            listen()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_run_that_is_over_is_never_touched(task: Task) -> None:
    run = task.send(Value.of("a"))
    task.send(END)
    while (value := task.receive()) is not None and value.kind is not Kind.END:
        pass
    task.cancel(run)
    assert text_of(task, Value.of("Hi")) == "Hi"


def test_close_waits_for_a_running_call(echo_built: BuiltApp, manifest: Path) -> None:
    for _ in range(20):
        task = slow(echo_built, manifest)
        began = threading.Event()
        ended: list[BaseException] = []

        def work(task: Task = task, began: threading.Event = began, ended: list[BaseException] = ended) -> None:
            try:
                while True:
                    for _ in task.stream([Value.of("z" * 800)]):
                        began.set()
                    task.reset()
            except (Cancelled, TaskClosed) as error:
                ended.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert began.wait(10)
        task.close()
        thread.join(10)
        assert not thread.is_alive()
        assert len(ended) == 1


def test_use_after_close_raises(echo_built: BuiltApp, manifest: Path) -> None:
    task = Task(echo_built.library, manifest)
    task.close()
    uses: list[Callable[[], object]] = [
        task.load,
        task.receive,
        task.reset,
        task.info,
        task.report,
        lambda: task.send(END),
        lambda: task.progress,
    ]
    uses += [lambda: task.configure({}), lambda: list(task.trace()), lambda: list(task.stream([]))]
    for use in uses:
        with pytest.raises(TaskClosed):
            use()
    task.cancel()
    task.close()


def test_a_task_that_nobody_closes_is_noticed(echo_built: BuiltApp, manifest: Path) -> None:
    task = Task(echo_built.library, manifest)
    with pytest.warns(ResourceWarning, match="never closed"):
        del task


# Libraries that are none.


def test_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    for content in (b"", b"no library"):
        path = tmp_path / f"{len(content)}.so"
        path.write_bytes(content)
        with pytest.raises(LibraryUnusable):
            abi.load_library(path)


def test_a_library_of_another_version(own_tools: Tools, tmp_path: Path) -> None:
    compiler = own_tools.find("cc")
    assert compiler is not None
    functions = "".join(f"void {name}(void) {{}}\n" for name in abi.FUNCTIONS if name != "hh_version")
    (tmp_path / "x.c").write_text(f'{functions}const char *hh_version(void) {{ return "9.1.0"; }}\n')
    own_tools.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "x.so", tmp_path / "x.c"])
    with pytest.raises(LibraryUnusable, match=r"9\.1\.0"):
        abi.load_library(tmp_path / "x.so")
