"""handheld doctor: what this machine can build and run."""

from __future__ import annotations

import click

from handheld.commands.common import as_json, echo_json, outside


@click.command("doctor")
@as_json
def command(json_: bool) -> int:
    """Say what this machine can build and run, and how to get what is missing. Exit code 3: not even this machine."""
    from handheld.doctor import diagnose, to_json  # noqa: PLC0415
    from handheld.views import doctor_view  # noqa: PLC0415

    with outside(json_) as (tools, _):
        diagnosis = diagnose(tools)
    if json_:
        echo_json(to_json(diagnosis), indent=2)
    else:
        click.echo(doctor_view(diagnosis))
    return 0 if diagnosis.lanes[0].ready else 3
