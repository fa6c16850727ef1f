"""handheld completion: completion of names in shells."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes SHELL complete `handheld`: eval "$(handheld completion bash)"."""
    from click.shell_completion import ShellComplete, get_completion_class  # noqa: PLC0415

    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three"
    # Not kind.source(): bash's starts a bash to ask for its version.
    click.echo(
        ShellComplete.source(
            kind(click.get_current_context().find_root().command, {}, "handheld", "_HANDHELD_COMPLETE")
        )
    )
