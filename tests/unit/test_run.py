"""Running on a thread of its own: Ctrl-C reaches the core whenever it comes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from handheld.binding import Cancelled, Task, Value
from handheld.build import BuiltApp
from handheld.run import _on_a_thread


@pytest.fixture
def task(echo_built: BuiltApp) -> Iterator[Task]:
    with Task(echo_built.library, Path(echo_built.app.directory, echo_built.app.lock.tasks[0].manifest)) as task:
        task.load()
        yield task


def interrupt_in(seconds: float) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def late(task: Task, seconds: float, length: int) -> Iterator[Value]:
    """A request that takes its time to begin."""
    time.sleep(seconds)
    yield from task.stream([Value.of("x" * length)])


def test_values_come_in_order(task: Task) -> None:
    assert "".join(value.text for value in _on_a_thread(task, late(task, 0, 20))) == "x" * 20


def test_an_interrupt_before_there_is_anything_to_cancel(task: Task) -> None:
    interrupt_in(0.1)
    with pytest.raises(Cancelled):
        list(_on_a_thread(task, late(task, 0.4, 1500)))


def test_the_second_interrupt_leaves_at_once(task: Task) -> None:
    interrupt_in(0.1)
    interrupt_in(0.3)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(_on_a_thread(task, late(task, 3, 1)))
    assert time.monotonic() - begin < 2


def test_interrupts_are_pythons_again_afterwards(task: Task) -> None:
    list(_on_a_thread(task, late(task, 0, 1)))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_the_work_raises_is_raised_here(task: Task) -> None:
    def broken() -> Iterator[Value]:
        yield Value.of("x")
        raise ZeroDivisionError

    values = _on_a_thread(task, broken())
    assert next(values).text == "x"
    with pytest.raises(ZeroDivisionError):
        next(values)


def test_ticks_while_waiting(task: Task) -> None:
    ticks: list[float] = []
    list(_on_a_thread(task, late(task, 0.3, 1), lambda: ticks.append(time.monotonic())))
    assert len(ticks) >= 2
