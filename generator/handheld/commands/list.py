"""handheld list: tasks, runtimes and models."""

from __future__ import annotations

import click

from handheld.commands.common import as_json, echo_json


@click.command("list")
@click.option(
    "--runtimes", is_flag=True, help="The runtimes alone: shapes, versions, what was proven, bytes in an app."
)
@as_json
def command(runtimes: bool, json_: bool) -> None:
    """List tasks, runtimes and models, with sizes, licences and what was proven."""
    from handheld.catalog import load_catalog  # noqa: PLC0415
    from handheld.proof import load_proofs  # noqa: PLC0415
    from handheld.resources import root  # noqa: PLC0415
    from handheld.views import catalogue_json, catalogue_view  # noqa: PLC0415

    catalog, proofs = load_catalog(root()), load_proofs(root())
    if runtimes:
        from handheld.matrix import plain, rows  # noqa: PLC0415
        from handheld.sizes import load_sizes  # noqa: PLC0415
        from handheld.views import runtimes_view  # noqa: PLC0415

        found = rows(catalog, proofs, load_sizes(root()))
        if json_:
            echo_json({"runtimes": [plain(row) for row in found]}, indent=2)
        else:
            click.echo(runtimes_view(found))
    elif json_:
        echo_json(catalogue_json(catalog, proofs), indent=2)
    else:
        click.echo(catalogue_view(catalog, proofs))
