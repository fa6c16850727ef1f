"""The command line: the group of commands, and how a failure is shown.

    spec -> facts -> plan -> models -> render        handheld new
                                       open -> build -> run     handheld run
                                       open -> build -> compare handheld compare

Each command is a module of commands/, imported when it is called, and imports what it uses itself: `handheld --version`
takes no time. They are the only places that print results.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from handheld import __version__
from handheld.commands.common import JSON, echo_json

if TYPE_CHECKING:
    from handheld.errors import HandheldError

INTERRUPTED = 130
COMMANDS = ("build", "compare", "completion", "doctor", "list", "new", "run", "show")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(given: list[str]) -> int:
    try:
        result = cli.main(given, prog_name="handheld", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        return _refused(error, JSON in given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from handheld.errors import HandheldError  # noqa: PLC0415

        if not isinstance(error, HandheldError):
            raise
        _show_error(error, JSON in given)
        return error.exit_code
    return result if isinstance(result, int) else 0


def _refused(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        echo_json({"error": {"what": error.format_message()}, "exit_code": error.exit_code})
    else:
        error.show()
    return error.exit_code


def _show_error(error: HandheldError, as_json: bool) -> None:
    if as_json:
        echo_json(error.as_json())
    else:
        click.secho("error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(error.as_text(), err=True)


class Commands(click.Group):
    """The modules of commands/: one for each command, with a click command of the module's name in it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"handheld.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="handheld", message="%(prog)s %(version)s")
def cli() -> None:
    """Make two real apps, Android and iOS, that run a model on the phone."""


if __name__ == "__main__":
    main()
