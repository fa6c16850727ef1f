"""handheld run: an app's own core, task and model, here or on a phone."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handheld.commands.common import (
    app_models,
    as_json,
    choose,
    consent,
    echo_json,
    from_lists,
    list_places,
    outside,
    pairs,
    split,
    target_option,
    yes_option,
)

if TYPE_CHECKING:
    from handheld.binding import Value
    from handheld.build import BuiltApp
    from handheld.platforms import RunOptions, Target
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.run import RunReport, RunRequest
    from handheld.tools import Tools

STDIN = "-"
ACCELERATORS = ("auto", "cpu", "gpu", "npu")
"""What the core knows, as native/core/manifest.cpp has it; "auto" is the runtime's choice."""


@click.command("run")
@click.argument("words", nargs=-1, metavar="[DIR] [PROMPT]")
@target_option
@click.option("--task", help="Which of the app's tasks.  [default: the first]")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, such as temperature=0.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option, such as context=1024.")
@click.option(
    "--accelerator", type=click.Choice(ACCELERATORS), help="What has to compute.  [default: what app.toml says]"
)
@click.option("--send", "values", multiple=True, metavar="PORT=TEXT", help="Sent before the prompt: system=...")
@click.option("--golden", is_flag=True, help="Run the tasks' golden cases; what a phone always does.")
@click.option("--tests", is_flag=True, help="On a phone or emulator: the instrumented tests too.")
@click.option(
    "--limit", type=click.FloatRange(min=1), default=600, metavar="SECONDS", help="For each long wait on a phone."
)
@click.option("--reports", type=click.Path(path_type=Path), help="Folder for logs and pictures of a phone's run.")
@from_lists
@yes_option
@as_json
def command(
    words: tuple[str, ...],
    target: str,
    task: str | None,
    settings: tuple[str, ...],
    options: tuple[str, ...],
    accelerator: str | None,
    values: tuple[str, ...],
    golden: bool,
    tests: bool,
    limit: float,
    reports: Path | None,
    list_: bool,
    yes: bool,
    json_: bool,
) -> int:
    """Run an app's own core, task and model.

    DIR is the app's folder (default: this one). PROMPT - is read from a pipe; without a prompt, a conversation begins,
    or an example is run, as the task has it.
    Ctrl-C stops an answer and keeps what was made of it.

    On a phone or emulator the app is built, installed and proves itself there: it runs its golden cases.
    """
    from handheld.platforms import HOST, RunOptions, parse_target  # noqa: PLC0415
    from handheld.render import open_app  # noqa: PLC0415

    place = parse_target(target)
    directory, prompt = _directory_and_prompt(words)
    given_options = pairs(options, "--option") | ({"accelerator": accelerator} if accelerator else {})
    chosen = pairs(settings, "--set"), given_options, tuple(split(values, "--send"))
    on_device = place.platform != HOST
    if tests and not on_device:
        raise click.UsageError("--tests are an app's tests on a phone or emulator: say which with --on.")
    if on_device and (prompt is not None or any(chosen)):
        raise click.UsageError(
            f"On {place.platform} the app takes prompts and settings on its own screen: leave them out."
        )
    with outside(json_) as (tools, progress):
        app = open_app(directory.absolute())
        if list_:
            list_places(app, tools, json_)
            return 0
        if on_device or golden:
            ways = consent(progress, yes), choose(progress, json_)
            given = RunOptions(task, tests, limit, *ways, reports and reports.absolute(), accelerator)
            return _run_golden(app, place, given, tools, progress, json_)
        return _run_here(app, prompt, task, chosen, tools, progress, json_)


def _run_here(
    app: RenderedApp,
    prompt: str | None,
    task: str | None,
    chosen: tuple[dict[str, object], dict[str, object], tuple[tuple[str, str], ...]],
    tools: Tools,
    progress: Progress,
    json_: bool,
) -> int:
    """One prompt, or a conversation, with the core of this machine."""
    from handheld.build import build_app  # noqa: PLC0415
    from handheld.run import RunRequest, first_input, takes_pictures  # noqa: PLC0415

    settings, options, values = chosen
    given = sys.stdin.buffer.read() if prompt == STDIN else prompt
    built = build_app(app, tools, progress)
    port = first_input(built, task)
    given = port.get("default") if given is None else given
    if given is None and takes_pictures(port):
        raise click.UsageError("Give the path of a picture after the app's folder; - takes one from a pipe.")
    request = RunRequest(given, task, settings, options, values)
    app_models(app, tools, progress)
    if request.prompt is None:
        return _converse(built, request, progress, json_)
    return _run_prompt(built, request, progress, json_)


def _directory_and_prompt(words: Sequence[str]) -> tuple[Path, str | None]:
    """One word is the app's folder when there is one of that name, else a prompt for the app in this folder."""
    from handheld.lock import LOCK_NAME  # noqa: PLC0415

    match list(words):
        case []:
            return Path(), None
        case [word] if word != STDIN and (Path(word) / LOCK_NAME).is_file():
            return Path(word), None
        case [word] if word == STDIN or Path(LOCK_NAME).is_file():
            return Path(), word
        case [word]:
            return Path(word), None
        case [directory, prompt]:
            return Path(directory), prompt
    raise click.UsageError("Give at most a folder and a prompt; a prompt of several words needs quotes.")


class _Printed:
    """Answers as a person reads them."""

    def piece(self, value: Value) -> None:
        from handheld.status import Kind  # noqa: PLC0415

        if value.kind in {Kind.TENSOR, Kind.SCORES}:
            return  # numbers by the thousand; a task that makes them says in words what they are
        sys.stdout.write(value.text if value.kind in {Kind.TEXT, Kind.JSON} else f"({value.kind.name.lower()})\n")
        sys.stdout.flush()


class _PrintedJson:
    """Answers as one JSON object a line."""

    def piece(self, value: Value) -> None:
        from handheld.status import Kind  # noqa: PLC0415

        text = value.text if value.kind in {Kind.TEXT, Kind.JSON} else None
        event: dict[str, object] = {"event": "piece", "port": value.port, "kind": value.kind.name.lower(), "text": text}
        if value.kind is Kind.TENSOR:
            event |= {"dtype": value.dtype.name.lower(), "shape": list(value.shape)}
        if value.kind is Kind.SCORES:
            event |= {"labels": list(value.labels), "scores": memoryview(value.data).cast("f").tolist()}
        echo_json(event)
        sys.stdout.flush()


def _run_prompt(built: BuiltApp, request: RunRequest, progress: Progress, json_: bool) -> int:
    from handheld.run import run_app  # noqa: PLC0415

    report = run_app(built, request, _PrintedJson() if json_ else _Printed(), progress)
    _end_answer(report, json_)
    return report.exit_code


def _end_answer(report: RunReport, json_: bool) -> None:
    if json_:
        echo_json({"event": "report", **_report_json(report)})
        return
    if not report.text.endswith("\n"):
        click.echo()
    _show_report(report.report)


def _report_json(report: RunReport) -> dict[str, object]:
    head = {"task": report.task, "status": report.status, "exit_code": report.exit_code, "text": report.text}
    return {**head, **report.report}


def _show_report(report: Mapping[str, object]) -> None:
    """Figures are for people: they go to stderr, and only to a terminal."""
    from handheld.views import report_line  # noqa: PLC0415

    if sys.stderr.isatty():
        click.secho(report_line(report), dim=True, err=True)


def _run_golden(
    app: RenderedApp, place: Target, options: RunOptions, tools: Tools, progress: Progress, json_: bool
) -> int:
    """The golden cases, here or on a device. Exit code 1 when one of them failed."""
    from handheld.platforms import platform_for  # noqa: PLC0415
    from handheld.views import device_run_view  # noqa: PLC0415

    app_models(app, tools, progress)
    done = platform_for(app, place).run(app, place, options, tools, progress)
    progress.close()
    if json_:
        from dataclasses import asdict  # noqa: PLC0415

        files = [str(path) for path in done.files]
        echo_json({"event": "golden", **asdict(done), "target": str(place), "files": files})
    else:
        click.echo(device_run_view(done))
        notes = [done.note, f"What was seen lies in {done.files[0].parent}" if done.files else ""]
        for line in filter(None, notes):
            click.echo(line, err=True)
    return 0 if done.passed else 1


def _converse(built: BuiltApp, request: RunRequest, progress: Progress, json_: bool) -> int:
    from handheld.conversation import converse  # noqa: PLC0415

    def say(text: str) -> None:
        click.secho(text, dim=True, err=True)

    def answered(report: RunReport) -> None:
        _end_answer(report, json_)

    def measured(report: Mapping[str, object]) -> None:
        echo_json(report, indent=None if json_ else 2)

    converse(built, request, _PrintedJson() if json_ else _Printed(), progress, say, answered, measured)
    return 0
