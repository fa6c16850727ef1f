"""handheld build: an app -> what was built of it."""

from __future__ import annotations

from pathlib import Path

import click

from handheld.commands.common import as_json, consent, echo_json, from_lists, outside, target_option, yes_option


@click.command("build")
@click.argument("directory", default=".", type=click.Path(path_type=Path))
@target_option
@click.option("--release", is_flag=True, help="For the store: shrunk, signed with the key store of APP_KEYSTORE.")
@from_lists
@yes_option
@as_json
def command(directory: Path, target: str, release: bool, list_: bool, yes: bool, json_: bool) -> None:
    """Build an app for a target; what is built already is taken from the cache."""
    from handheld.platforms import HOST, BuildOptions, parse_target, platform_for  # noqa: PLC0415
    from handheld.render import open_app  # noqa: PLC0415

    place = parse_target(target)
    if release and place.platform == HOST:
        raise click.UsageError("--release is for a phone's store: say which with --on, such as --on android.")
    app = open_app(directory.absolute())
    with outside(json_) as (tools, progress):
        if list_:
            from handheld.commands.common import list_places  # noqa: PLC0415

            return list_places(app, tools, json_)
        options = BuildOptions(release=release, consent=consent(progress, yes))
        built = platform_for(app, place).build(app, place, options, tools, progress)
    if json_:
        content = {"artefact": str(built.artefact), "bytes": built.bytes, "from_cache": built.from_cache}
        return echo_json({"target": str(place), **content, "note": built.note})
    from handheld.errors import sized  # noqa: PLC0415

    click.echo(f"{built.artefact}  {sized(built.bytes)}{'  (built before)' if built.from_cache else ''}")
    if built.note:
        click.echo(built.note, err=True)
    return None
