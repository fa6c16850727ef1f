"""What a person sees of long steps: bars, lines or nothing."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handheld.progress import BarProgress, PlainProgress, Progress, SilentProgress, make_progress


def test_what_draws() -> None:
    assert isinstance(make_progress(io.StringIO()), PlainProgress)
    assert isinstance(make_progress(io.StringIO(), quiet=True), SilentProgress)


def drive(progress: Progress) -> None:
    with progress.task("Downloading [x]", 1000) as handle:
        for done in range(0, 1001, 10):
            handle.update(done)
    with progress.task("Unknown") as handle:
        handle.update(5)
        handle.update(50, 100)
    with contextlib.suppress(RuntimeError), progress.task("Failing", 10, unit="steps") as handle:
        handle.update(3)
        raise RuntimeError
    progress.note("A note [y].")
    progress.close()
    progress.close()


def test_plain_lines_are_few() -> None:
    stream = io.StringIO()
    drive(PlainProgress(stream))
    assert stream.getvalue().splitlines() == [
        "Downloading [x] ...",
        "Downloading [x] 25 %",
        "Downloading [x] 50 %",
        "Downloading [x] 75 %",
        "Downloading [x] 100 %",
        "Unknown ...",
        "Unknown 50 %",
        "Unknown done",
        "Failing ...",
        "Failing 25 %",
        "A note [y].",
    ]


def test_more_than_all_is_all() -> None:
    stream = io.StringIO()
    with PlainProgress(stream).task("x", 10) as handle:
        handle.update(25)
        handle.update(30)
    assert stream.getvalue().splitlines() == ["x ...", "x 100 %"]


def test_silence(capfd: pytest.CaptureFixture[str]) -> None:
    drive(SilentProgress())
    assert capfd.readouterr() == ("", "")


END = b"\x04"


def read_all(terminal: int) -> str:
    shown = b""
    while not shown.endswith(END):
        shown += os.read(terminal, 4096)
    return shown.removesuffix(END).decode()


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    parent, child = pty.openpty()
    with os.fdopen(child, "w", encoding="utf-8") as stream:
        progress = make_progress(stream)
        assert isinstance(progress, BarProgress)
        with ThreadPoolExecutor() as pool:
            screen = pool.submit(read_all, parent)  # a terminal hands out what it has, a few kilobytes at a time
            drive(progress)
            stream.flush()
            os.write(child, END)
            shown = screen.result(timeout=30)
    os.close(parent)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "Downloading [x]" in text
    assert "1.0 kB / 1.0 kB" in text
    assert "3 / 10 steps" in text
    assert "A note [y]." in text
    # The cursor is visible again.
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_a_note_needs_no_bar() -> None:
    stream = io.StringIO()
    progress = BarProgress(stream)
    progress.note("Just this.")
    progress.close()
    assert stream.getvalue() == "Just this.\n"


def test_only_bars_need_rich(repository: Path) -> None:
    text = (repository / "generator" / "handheld" / "progress.py").read_text(encoding="utf-8")
    assert not re.search(r"^(from|import) rich", text, re.MULTILINE)
