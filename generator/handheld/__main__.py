"""The command line: it composes the stages, skips what is unchanged, and is the only place that prints results.

    spec -> facts -> plan -> models -> render        handheld new
                                       open -> build -> run     handheld run

Every command imports what it uses when it is called: `handheld --version` takes no time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handheld import __version__

if TYPE_CHECKING:
    from handheld.binding import Value
    from handheld.build import BuiltApp
    from handheld.errors import HandheldError
    from handheld.models import ModelFiles
    from handheld.plan import Plan
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.run import RunReport, RunRequest
    from handheld.spec import AppSpec, Request
    from handheld.tools import Tools

JSON = "--json"
STDIN = "-"
INTERRUPTED = 130
as_json = click.option(JSON, "json_", is_flag=True, help="Print JSON for programs.")


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
        _echo_json({"error": {"what": error.format_message()}, "exit_code": error.exit_code})
    else:
        error.show()
    return error.exit_code


def _show_error(error: HandheldError, as_json: bool) -> None:
    if as_json:
        _echo_json(error.as_json())
    else:
        click.secho("error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(error.as_text(), err=True)


def _echo_json(value: object, indent: int | None = None) -> None:
    import json  # noqa: PLC0415

    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


@contextmanager
def _outside(json_: bool) -> Iterator[tuple[Tools, Progress]]:
    """The tools and the progress of one command; bars are gone before anything else is printed."""
    from handheld.progress import make_progress  # noqa: PLC0415
    from handheld.tools import open_tools  # noqa: PLC0415

    progress = make_progress(sys.stderr, quiet=json_)
    try:
        yield open_tools(), progress
    finally:
        progress.close()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="handheld", message="%(prog)s %(version)s")
def cli() -> None:
    """Make two real apps, Android and iOS, that run a model on the phone."""


# handheld new


def _names(kind: str) -> Any:  # noqa: ANN401 - click's own type for it is private
    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from handheld.catalog import load_catalog  # noqa: PLC0415
        from handheld.resources import root  # noqa: PLC0415

        catalog = load_catalog(root())
        models = [model.name for task in catalog.tasks.values() for model in task.models]
        names = {"task": list(catalog.tasks), "runtime": list(catalog.runtimes), "model": models}[kind]
        return [name for name in names if name.startswith(begun)]

    return complete


@cli.command()
@click.argument("name", required=False)
@click.option("--task", "tasks", multiple=True, shell_complete=_names("task"), help="What the app can do; repeatable.")
@click.option("--runtime", "runtimes", multiple=True, shell_complete=_names("runtime"), help="What runs the model.")
@click.option(
    "--model",
    "models",
    multiple=True,
    shell_complete=_names("model"),
    help="A name from `handheld list`, a file, or hf:org/repo[@revision]/file. With several tasks: task=model.",
)
@click.option("--platform", "platforms", multiple=True, help="android, ios or android,ios.  [default: both]")
@click.option("--id", "package", help="Package and bundle id, such as org.example.parrot.")
@click.option("--directory", "-C", type=click.Path(path_type=Path), help="Where the app goes.  [default: ./<name>]")
@click.option(
    "--from", "app_toml", type=click.Path(path_type=Path, dir_okay=False), help="Render what an app.toml describes."
)
@click.option("--force", is_flag=True, help="Render again over an app; what you changed is kept, or nothing is done.")
@click.option("--accept-terms", is_flag=True, help="Accept the terms of the chosen models.")
@click.option("--dry-run", is_flag=True, help="Print what would be made, and make nothing.")
@as_json
def new(
    name: str | None,
    tasks: tuple[str, ...],
    runtimes: tuple[str, ...],
    models: tuple[str, ...],
    platforms: tuple[str, ...],
    package: str | None,
    directory: Path | None,
    app_toml: Path | None,
    force: bool,
    accept_terms: bool,
    dry_run: bool,
    json_: bool,
) -> None:
    """Make an app. Without arguments, a short conversation asks for what is needed."""
    from handheld.catalog import load_catalog  # noqa: PLC0415
    from handheld.facts import gather_facts  # noqa: PLC0415
    from handheld.plan import make_plan  # noqa: PLC0415
    from handheld.render import render_app  # noqa: PLC0415
    from handheld.resources import root  # noqa: PLC0415
    from handheld.spec import Request  # noqa: PLC0415

    split = tuple(part.strip() for text in platforms for part in text.split(",") if part.strip())
    request = Request(name or "", tasks, runtimes, models, split, package, directory, force)
    catalog = load_catalog(root())
    spec = _spec_of(request, catalog, app_toml)
    with _outside(json_) as (tools, progress):
        plan = make_plan(spec, catalog, gather_facts(spec, catalog, tools))
        if dry_run:
            return _show_plan(plan, json_)
        files = _fetched(plan, tools, progress, accept_terms)
        app = render_app(plan, files, keep_app_toml=app_toml is not None, cache=tools.cache / "templates")
    return _show_app(app, json_)


def _spec_of(request: Request, catalog: Any, app_toml: Path | None) -> AppSpec:  # noqa: ANN401 - lazy import
    from dataclasses import replace  # noqa: PLC0415

    from handheld.spec import load_app_toml, read_spec  # noqa: PLC0415

    if app_toml is None:
        if not request.name:
            request = _asked(request, catalog)
        return read_spec(request, catalog)
    if request.name or request.tasks or request.runtimes or request.models or request.platforms or request.id:
        raise click.UsageError("--from takes everything from the app.toml: give no name, task, model or platform.")
    spec = load_app_toml(app_toml.absolute(), catalog)
    where = spec.directory if request.directory is None else request.directory.expanduser().absolute()
    return replace(spec, directory=where, force=request.force)


def _asked(request: Request, catalog: Any) -> Request:  # noqa: ANN401 - lazy import
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError('An app needs a name: handheld new "Parrot". In a terminal, `handheld new` asks for it.')
    from handheld.wizard import ask  # noqa: PLC0415

    return ask(request, catalog)


def _fetched(plan: Plan, tools: Tools, progress: Progress, accept: bool) -> ModelFiles:
    """Models and sources; terms are shown and asked for in a terminal."""
    from handheld.models import accept_terms, fetch_models, needs_acceptance  # noqa: PLC0415

    if accept or (sys.stdin.isatty() and sys.stderr.isatty()):
        terms = needs_acceptance(plan, tools, progress)
        for item in terms:
            progress.close()
            if not accept:
                click.echo(f"{item.title}: {item.licence}\n\n{item.text}\n", err=True)
                click.confirm(f"Do you accept the terms of {item.title}?", abort=True, err=True)
        accept_terms(terms, tools)
    return fetch_models(plan, tools, progress)


def _show_plan(plan: Plan, json_: bool) -> None:
    from handheld.plan import plan_to_json  # noqa: PLC0415
    from handheld.views import plan_view  # noqa: PLC0415

    if json_:
        _echo_json(plan_to_json(plan), indent=2)
    else:
        click.echo(plan_view(plan, Path.cwd()))


def _show_app(app: RenderedApp, json_: bool) -> None:
    from handheld.views import app_tree, next_commands, next_steps  # noqa: PLC0415

    warnings = list(app.plan.warnings) if app.plan else []
    if json_:
        files = sorted([*app.lock.files, "app.lock.toml", *(model.file for model in app.lock.models)])
        steps = next_commands(app, Path.cwd())
        content = {"directory": str(app.directory), "fresh": app.fresh, "files": files, "warnings": warnings}
        return _echo_json({**content, "next": steps}, indent=2)
    click.echo(app_tree(app) if app.fresh else f"{app.directory} is up to date: it was made of the same before.")
    for warning in warnings:
        click.echo(f"\nNote: {warning}")
    click.echo("\n" + next_steps(app, Path.cwd()))
    return None


# handheld show, build, run

target = click.option("--on", "target", default="host", show_default=True, help="host, android or ios.")


@cli.command()
@click.argument("directory", default=".", type=click.Path(path_type=Path))
@as_json
def show(directory: Path, json_: bool) -> None:
    """Say what an app is and what to type next."""
    from handheld.render import open_app  # noqa: PLC0415
    from handheld.views import app_overview, next_steps  # noqa: PLC0415

    app = open_app(directory.absolute())
    if json_:
        from dataclasses import asdict  # noqa: PLC0415

        return _echo_json(asdict(app.lock), indent=2)
    return click.echo(f"{app_overview(app)}\n\n{next_steps(app, Path.cwd())}")


@cli.command()
@click.argument("directory", default=".", type=click.Path(path_type=Path))
@target
@as_json
def build(directory: Path, target: str, json_: bool) -> None:
    """Build an app's core for a target; what is built already is taken from the cache."""
    from handheld.render import open_app  # noqa: PLC0415

    with _outside(json_) as (tools, progress):
        built = _built(open_app(directory.absolute()), target, tools, progress)
    size = built.library.stat().st_size
    if json_:
        content = {"library": str(built.library), "bytes": size, "from_cache": built.from_cache}
        return _echo_json({"target": target, **content})
    from handheld.errors import sized  # noqa: PLC0415

    return click.echo(f"{built.library}  {sized(size)}{'  (built before)' if built.from_cache else ''}")


def _built(app: RenderedApp, target: str, tools: Tools, progress: Progress) -> BuiltApp:
    from handheld.build import build_app  # noqa: PLC0415

    return build_app(app, target, tools, progress)


@cli.command()
@click.argument("words", nargs=-1, metavar="[DIR] [PROMPT]")
@target
@click.option("--task", help="Which of the app's tasks.  [default: the first]")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, such as temperature=0.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option, such as context=1024.")
@click.option("--send", "values", multiple=True, metavar="PORT=TEXT", help="Sent before the prompt: system=...")
@click.option("--golden", is_flag=True, help="Run the tasks' golden cases.")
@click.option("--list", "list_", is_flag=True, help="List where the app can run, and run nothing.")
@as_json
def run(
    words: tuple[str, ...],
    target: str,
    task: str | None,
    settings: tuple[str, ...],
    options: tuple[str, ...],
    values: tuple[str, ...],
    golden: bool,
    list_: bool,
    json_: bool,
) -> int:
    """Run an app's own core, task and model.

    DIR is the app's folder (default: this one). PROMPT - is read from a pipe; without a prompt, a conversation begins.
    Ctrl-C stops an answer and keeps what was made of it.
    """
    from handheld.render import open_app  # noqa: PLC0415
    from handheld.run import RunRequest  # noqa: PLC0415

    directory, prompt = _directory_and_prompt(words)
    request = RunRequest(
        prompt=sys.stdin.buffer.read() if prompt == STDIN else prompt,
        task=task,
        settings=_pairs(settings, "--set"),
        options=_pairs(options, "--option"),
        values=tuple((port, str(text)) for port, text in _split(values, "--send")),
    )
    with _outside(json_) as (tools, progress):
        app = open_app(directory.absolute())
        if list_:
            return _list_targets(app, tools, json_)
        built = _built(app, target, tools, progress)
        _check_models(app, tools, progress)
        if golden:
            return _run_golden(built, request, progress, json_)
        if request.prompt is None:
            return _converse(built, request, progress, json_)
        return _run_prompt(built, request, progress, json_)


def _list_targets(app: RenderedApp, tools: Tools, json_: bool) -> int:
    from handheld.doctor import targets  # noqa: PLC0415
    from handheld.views import targets_view  # noqa: PLC0415

    places = targets(app, tools)
    if json_:
        _echo_json([{"target": place.name, "ready": place.ready, "how": place.how} for place in places], indent=2)
    else:
        click.echo(targets_view(places))
    return 0


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


def _split(pairs: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} takes NAME=VALUE, not '{pair}'.")
        yield name, value


def _pairs(pairs: Sequence[str], option: str) -> dict[str, object]:
    """Values as JSON where they are JSON (1024, true, ["a"]), else as text; the core checks them."""
    import json  # noqa: PLC0415

    values: dict[str, object] = {}
    for name, text in _split(pairs, option):
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _check_models(app: RenderedApp, tools: Tools, progress: Progress) -> None:
    """Refuse a model file that is not the one that was locked; a file known to be right is not read again."""
    from handheld.models import check_model  # noqa: PLC0415

    for model in app.lock.models:
        path = app.directory / model.file
        if path.is_file():
            check_model(path, model.sha256, f'python3 "{app.directory / "fetch.py"}"', tools, progress)


class _Printed:
    """Answers as a person reads them."""

    def piece(self, value: Value) -> None:
        from handheld.status import Kind  # noqa: PLC0415

        shown = value.text if value.kind in {Kind.TEXT, Kind.JSON} else f"({value.kind.name.lower()})\n"
        sys.stdout.write(shown)
        sys.stdout.flush()


class _PrintedJson:
    """Answers as one JSON object a line."""

    def piece(self, value: Value) -> None:
        from handheld.status import Kind  # noqa: PLC0415

        text = value.text if value.kind in {Kind.TEXT, Kind.JSON} else None
        event = {"event": "piece", "port": value.port, "kind": value.kind.name.lower(), "text": text}
        _echo_json(event)
        sys.stdout.flush()


class _Silent:
    """Answers that nobody reads."""

    def piece(self, value: Value) -> None:
        del value


def _run_prompt(built: BuiltApp, request: RunRequest, progress: Progress, json_: bool) -> int:
    from handheld.run import run_app  # noqa: PLC0415

    report = run_app(built, request, _PrintedJson() if json_ else _Printed(), progress)
    _end_answer(report, json_)
    return report.exit_code


def _end_answer(report: RunReport, json_: bool) -> None:
    if json_:
        _echo_json({"event": "report", **_report_json(report)})
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


def _run_golden(built: BuiltApp, request: RunRequest, progress: Progress, json_: bool) -> int:
    from handheld.run import run_golden  # noqa: PLC0415

    for report in run_golden(built, request.task, _Silent(), progress):
        if report.exit_code:
            return report.exit_code
        if json_:
            _echo_json({"event": "golden", "passed": True, **_report_json(report)})
        else:
            click.echo(f"{report.task}: passed ({report.text.strip()!r})")
    return 0


def _converse(built: BuiltApp, request: RunRequest, progress: Progress, json_: bool) -> int:
    from handheld.conversation import converse  # noqa: PLC0415

    def say(text: str) -> None:
        click.secho(text, dim=True, err=True)

    def answered(report: RunReport) -> None:
        _end_answer(report, json_)

    def measured(report: Mapping[str, object]) -> None:
        _echo_json(report, indent=None if json_ else 2)

    converse(built, request, _PrintedJson() if json_ else _Printed(), progress, say, answered, measured)
    return 0


# handheld list, doctor, completion


@cli.command("list")
@as_json
def list_(json_: bool) -> None:
    """List tasks, runtimes and models, with sizes, licences and what was proven."""
    from handheld.catalog import load_catalog  # noqa: PLC0415
    from handheld.proof import load_proofs  # noqa: PLC0415
    from handheld.resources import root  # noqa: PLC0415
    from handheld.views import catalogue_json, catalogue_view  # noqa: PLC0415

    catalog, proofs = load_catalog(root()), load_proofs(root())
    if json_:
        _echo_json(catalogue_json(catalog, proofs), indent=2)
    else:
        click.echo(catalogue_view(catalog, proofs))


@cli.command()
@as_json
def doctor(json_: bool) -> int:
    """Say what this machine can build and run, and how to get what is missing. Exit code 3: not even this machine."""
    from handheld.doctor import diagnose, to_json  # noqa: PLC0415
    from handheld.views import doctor_view  # noqa: PLC0415

    with _outside(json_) as (tools, _):
        diagnosis = diagnose(tools)
    if json_:
        _echo_json(to_json(diagnosis), indent=2)
    else:
        click.echo(doctor_view(diagnosis))
    return 0 if diagnosis.lanes[0].ready else 3


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete `handheld`: eval "$(handheld completion bash)"."""
    from click.shell_completion import ShellComplete, get_completion_class  # noqa: PLC0415

    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three"
    # Not kind.source(): bash's starts a bash to ask for its version.
    click.echo(ShellComplete.source(kind(cli, {}, "handheld", "_HANDHELD_COMPLETE")))


if __name__ == "__main__":
    main()
