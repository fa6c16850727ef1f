"""Every failure a person can meet: what failed, the likely cause, the command that fixes it, the danger, the exit code.

The base classes carry the exit codes; the functions of the other modules raise the named subclasses below, so that all
sentences stand in this one file. Nothing here prints or logs: `__main__` shows `as_text()` or `as_json()`.
"""

from __future__ import annotations


class HandheldError(Exception):
    """A failure with its explanation.

    Args:
        what: What failed, one sentence.
        cause: The likely cause, one sentence; may be empty when `what` says it all.
        fix: The exact command (or the one edit) that fixes it.
        danger: What may be lost when the fix is applied, or when the failure is ignored; empty when nothing.
    """

    exit_code = 1

    def __init__(self, what: str, cause: str = "", fix: str = "", danger: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.fix = fix
        self.danger = danger

    def as_text(self) -> str:
        """Give the parts as lines for a terminal, empty parts left out."""
        labels = (("", self.what), ("  Cause: ", self.cause), ("  Fix: ", self.fix), ("  Danger: ", self.danger))
        return "\n".join(label + part for label, part in labels if part)

    def as_json(self) -> dict[str, object]:
        """Give the parts as one JSON object."""
        parts = {"what": self.what, "cause": self.cause, "fix": self.fix, "danger": self.danger}
        return {"error": parts, "exit_code": self.exit_code}


class AppError(HandheldError):
    """The app, its build or its run failed."""

    exit_code = 1


class InputError(HandheldError):
    """The person asked for something that cannot be."""

    exit_code = 2


class MachineError(HandheldError):
    """This machine lacks something: a tool, the network, disk space, a permission."""

    exit_code = 3


class FileError(HandheldError):
    """A file is damaged, truncated, of another kind, or not the one that was promised."""

    exit_code = 4


class Interrupted(HandheldError):
    """Ctrl-C, after everything that ran was ended."""

    exit_code = 130
