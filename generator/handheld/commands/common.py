"""What several commands share: the outside as one value, JSON, options."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from handheld.platforms import Choose, Consent, Device
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.tools import Tools

JSON = "--json"
as_json = click.option(JSON, "json_", is_flag=True, help="Print JSON for programs.")


def _targets(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    from handheld.platforms import target_names  # noqa: PLC0415

    return [name for name in target_names() if name.startswith(begun)]


target_option = click.option(
    "--on",
    "target",
    default="host",
    show_default=True,
    metavar="TARGET[:DEVICE]",
    shell_complete=_targets,
    help="host, android, ios-simulator or ios-device; --list shows devices.",
)
from_lists = click.option("--list", "list_", is_flag=True, help="List where the app can run, and do nothing.")
yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Install what is missing and accept its licences, without asking."
)


def echo_json(value: object, indent: int | None = None) -> None:
    """Print one JSON document."""
    import json  # noqa: PLC0415

    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


@contextmanager
def outside(json_: bool) -> Iterator[tuple[Tools, Progress]]:
    """The tools and the progress of one command; bars are gone before anything else is printed."""
    from handheld.progress import make_progress  # noqa: PLC0415
    from handheld.tools import open_tools  # noqa: PLC0415

    progress = make_progress(sys.stderr, quiet=json_)
    try:
        yield open_tools(), progress
    finally:
        progress.close()


def asked_here() -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def consent(progress: Progress, yes: bool) -> Consent:
    """Ask the person, when there is one and --yes has not answered already."""

    def ask(question: str) -> bool:
        if yes or not asked_here():
            return yes
        progress.close()
        return click.confirm(question, err=True)

    return ask


def choose(progress: Progress, json_: bool) -> Choose:
    """Let the person choose one of several devices by its number."""

    def ask(question: str, devices: tuple[Device, ...]) -> Device | None:
        if json_ or not asked_here():
            return None
        progress.close()
        for number, device in enumerate(devices, 1):
            click.echo(f"  {number}  {device.target}  {device.name}", err=True)
        number = click.prompt(question, type=click.IntRange(1, len(devices)), default=1, err=True)
        return devices[number - 1]

    return ask


def list_places(app: RenderedApp, tools: Tools, json_: bool) -> None:
    """Print where an app can run."""
    from handheld.doctor import places  # noqa: PLC0415
    from handheld.views import places_view  # noqa: PLC0415

    found = places(app.lock.platforms, tools)
    if not json_:
        return click.echo(places_view(app, found, Path.cwd()))
    rows = [
        {
            "target": str(place.target),
            "name": place.name,
            "kind": place.kind,
            "ready": not place.hindered,
            "hindered": place.hindered,
            "how": place.how,
        }
        for place in found
    ]
    return echo_json(rows, indent=2)


def split(given: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    """NAME=VALUE as two texts."""
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} takes NAME=VALUE, not '{pair}'.")
        yield name, value


def pairs(given: Sequence[str], option: str) -> dict[str, object]:
    """Values as JSON where they are JSON (1024, true, ["a"]), else as text; the core checks them."""
    import json  # noqa: PLC0415

    values: dict[str, object] = {}
    for name, text in split(given, option):
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def app_models(app: RenderedApp, tools: Tools, progress: Progress) -> None:
    """Refuse a model file that is not the one that was locked; a file known to be right is not read again."""
    from handheld.models import check_model  # noqa: PLC0415

    for model in app.lock.models:
        path = app.directory / model.file
        if path.exists():
            check_model(app.directory, model, tools, progress)
