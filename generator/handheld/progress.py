"""How a long step tells a person where it is.

Stages only know the two protocols; `make_progress` picks what draws them. `rich` is imported only when bars are drawn.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichBars
    from rich.progress import TaskID


class ProgressHandle(Protocol):
    """One running step; also a context manager that ends the step."""

    def update(self, done: int, total: int | None = None) -> None:
        """Say how much is done, in the step's unit; `total` corrects the first guess."""

    def finish(self) -> None:
        """End the step; harmless when it has ended."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Progress(Protocol):
    """Where steps are shown."""

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> ProgressHandle:
        """Begin a step. `total` is None while unknown; `unit` is "bytes" or a plural noun such as "steps"."""

    def note(self, text: str) -> None:
        """Show one line that stays, for example a warning."""

    def close(self) -> None:
        """End the drawing and leave the terminal as it was; harmless when repeated."""


def make_progress(stream: TextIO, quiet: bool = False) -> Progress:
    """Bars on a terminal, plain lines elsewhere, nothing when quiet (--json).

    `stream` is where they go (stderr, so that stdout stays clean for results).
    """
    if quiet:
        return SilentProgress()
    return BarProgress(stream) if stream.isatty() else PlainProgress(stream)


class _Handle:
    """What every handle shares: leaving the block ends the step."""

    def update(self, done: int, total: int | None = None) -> None:
        """Take note of nothing."""

    def finish(self) -> None:
        """End nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._complete()
        self.finish()

    def _complete(self) -> None:
        """Show that the step ended well, also when its last update said less than all."""


class SilentProgress:
    """Shows nothing."""

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> ProgressHandle:
        """Begin a step that nobody sees."""
        del title, total, unit
        return _Handle()

    def note(self, text: str) -> None:
        """Drop the line."""
        del text

    def close(self) -> None:
        """Do nothing."""


class _PlainHandle(_Handle):
    """Writes a line at the start, at each quarter, and no line twice: a log file stays short."""

    def __init__(self, stream: TextIO, title: str, total: int | None) -> None:
        self._stream, self._title, self._total, self._quarter = stream, title, total, 0
        _write_line(stream, f"{title} ...")

    def update(self, done: int, total: int | None = None) -> None:
        """Write a line when another quarter is done."""
        self._total = total if total is not None else self._total
        if not self._total:
            return
        quarter = min(4 * done // self._total, 4)
        if quarter > self._quarter:
            self._quarter = quarter
            _write_line(self._stream, f"{self._title} {25 * quarter} %")

    def _complete(self) -> None:
        if self._quarter < 4:
            _write_line(self._stream, f"{self._title} done")


class PlainProgress:
    """Plain lines, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> ProgressHandle:
        """Begin a step with a line of its own."""
        del unit
        return _PlainHandle(self._stream, title, total)

    def note(self, text: str) -> None:
        """Write the line."""
        _write_line(self._stream, text)

    def close(self) -> None:
        """Do nothing: every line is complete."""


class _BarHandle(_Handle):
    def __init__(self, bars: RichBars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def update(self, done: int, total: int | None = None) -> None:
        """Move the bar."""
        if total is None:
            self._bars.update(self._task, completed=done)
        else:
            self._bars.update(self._task, completed=done, total=total)

    def finish(self) -> None:
        """Stop the bar where it is."""
        self._bars.stop_task(self._task)

    def _complete(self) -> None:
        state = next(task for task in self._bars.tasks if task.id == self._task)
        if state.total is None:
            self._bars.update(self._task, total=max(state.completed, 1))
        self._bars.update(self._task, completed=state.total)


class BarProgress:
    """Bars on a terminal, one below the other; they stay, so that a person sees what was done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bars: RichBars | None = None

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> ProgressHandle:
        """Begin a step with a bar."""
        bars = self._drawn()
        return _BarHandle(bars, bars.add_task(title, total=total, unit=unit))

    def note(self, text: str) -> None:
        """Write the line above the bars."""
        if self._bars is None:
            _write_line(self._stream, text)
        else:
            self._bars.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        """Stop drawing."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _drawn(self) -> RichBars:
        if self._bars is None:
            self._bars = _rich_bars(self._stream)
            self._bars.start()
        return self._bars


def _rich_bars(stream: TextIO) -> RichBars:
    # A fifth of a second to import, so only a terminal that shows bars pays for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.filesize import decimal  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Amount(ProgressColumn):
        """How much is done, in the step's own unit."""

        def render(self, task: Task) -> Text:
            """Draw the amount."""
            unit, done, total = task.fields["unit"], int(task.completed), task.total
            if unit == "bytes":
                return Text(decimal(done) + (f" / {decimal(int(total))}" if total else ""))
            return Text(f"{done}" + (f" / {int(total)}" if total else "") + f" {unit}")

    class Title(TextColumn):
        """The step's title, taken literally: a model's file name may hold square brackets."""

        def render(self, task: Task) -> Text:
            """Draw the title."""
            return Text.from_markup(escape(task.description))

    columns = (Title("{task.description}"), BarColumn(bar_width=None), Amount(), TimeRemainingColumn())
    # What others print is theirs: rich would break an answer that streams into one line for each piece.
    return Progress(*columns, console=Console(file=stream), redirect_stdout=False, redirect_stderr=False)


def _write_line(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
    stream.flush()
