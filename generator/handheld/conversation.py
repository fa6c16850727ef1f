"""A conversation in the terminal: one line a turn, until Ctrl-D.

Ctrl-C cancels an answer and keeps what was made of it; at the prompt it clears the line. History lasts as long as the
conversation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from handheld.binding import Value
from handheld.build import BuiltApp
from handheld.errors import HandheldError
from handheld.progress import Progress
from handheld.run import Output, RunReport, RunRequest, answer, find_task, first_values, open_task

PROMPT = "> "
HELP = "/reset begins anew, /report shows times and memory, /quit or Ctrl-D leaves; Ctrl-C stops an answer."


def converse(
    built: BuiltApp,
    request: RunRequest,
    output: Output,
    progress: Progress,
    say: Callable[[str], None],
    answered: Callable[[RunReport], None],
    measured: Callable[[Mapping[str, object]], None],
) -> None:
    """Hold a conversation until the person leaves.

    Args:
        built: The app.
        request: Task, settings, options and first values; its prompt is not used.
        output: Where answers go.
        progress: Where the load is shown; closed before the first question.
        say: Shows one line that is not part of an answer.
        answered: Ends an answer.
        measured: Shows what the core measured, when asked.

    Raises:
        HandheldError: the task cannot be opened. A failed answer is shown, and the conversation goes on.
    """
    name = find_task(built, request.task).name
    with open_task(built, request.task, request.options, progress) as task:
        progress.close()
        if request.settings:
            task.configure(request.settings)
        say(HELP)
        waiting = first_values(request)
        while (line := _ask()) is not None:
            if line == "/reset":
                task.reset()
                waiting = first_values(request)
                say("A new conversation.")
            elif line == "/report":
                measured(task.report())
            elif line == "/quit":
                return
            elif line.startswith("/"):
                say(HELP)
            elif line:
                try:
                    answered(answer(task, name, [*waiting, Value.of(line)], output))
                    waiting = []
                except HandheldError as error:
                    say(error.as_text())


def _ask() -> str | None:
    """One line, stripped; empty after Ctrl-C, None at the end of the input."""
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415 - importing it is what gives input() a history and editing
    try:
        return input(PROMPT if sys.stdin.isatty() else "").strip()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        return ""
    except EOFError:
        return None
