"""How a long step tells a person where it is.

Stages only know the two protocols; `make_progress` picks what draws them. `rich` is imported only when bars are drawn.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TextIO


class ProgressHandle(Protocol):
    """One running step; also a context manager that ends the step."""

    def update(self, done: int, total: int | None = None) -> None:
        """Say how much is done, in the unit of the step (bytes, files, build steps); `total` corrects the first guess."""

    def finish(self) -> None:
        """End the step; harmless when it has ended."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Progress(Protocol):
    """Where steps are shown."""

    def task(self, title: str, total: int | None = None, unit: str = "bytes") -> ProgressHandle:
        """Begin a step. `total` is None while unknown; `unit` is "bytes" or a plural noun such as "steps"."""

    def note(self, text: str) -> None:
        """Show one line that stays, for example a warning."""

    def close(self) -> None:
        """End the drawing and leave the terminal as it was; harmless when repeated."""


def make_progress(stream: TextIO, quiet: bool = False) -> Progress:
    """Bars on a terminal, plain lines elsewhere, nothing when quiet (--json)."""
    raise NotImplementedError
