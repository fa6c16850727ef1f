"""handheld show: what an app is and what to type next."""

from __future__ import annotations

from pathlib import Path

import click

from handheld.commands.common import as_json, echo_json


@click.command("show")
@click.argument("directory", default=".", type=click.Path(path_type=Path))
@as_json
def command(directory: Path, json_: bool) -> None:
    """Say what an app is and what to type next."""
    from handheld.render import open_app  # noqa: PLC0415
    from handheld.views import app_overview, next_steps  # noqa: PLC0415

    app = open_app(directory.absolute())
    if json_:
        from dataclasses import asdict  # noqa: PLC0415

        return echo_json(asdict(app.lock), indent=2)
    return click.echo(f"{app_overview(app)}\n\n{next_steps(app, Path.cwd())}")
