"""handheld new: what was asked for -> a rendered app."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handheld.commands.common import as_json, echo_json, outside

if TYPE_CHECKING:
    from handheld.models import ModelFiles
    from handheld.plan import Plan
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.spec import AppSpec, Request
    from handheld.tools import Tools


def _names(kind: str) -> Any:  # noqa: ANN401 - click's own type for it is private
    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from handheld.catalog import load_catalog  # noqa: PLC0415
        from handheld.resources import root  # noqa: PLC0415

        catalog = load_catalog(root())
        models = [model.name for task in catalog.tasks.values() for model in task.models]
        names = {"task": list(catalog.tasks), "runtime": list(catalog.runtimes), "model": models}[kind]
        return [name for name in names if name.startswith(begun)]

    return complete


@click.command("new")
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
def command(
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
    with outside(json_) as (tools, progress):
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
        echo_json(plan_to_json(plan), indent=2)
    else:
        click.echo(plan_view(plan, Path.cwd()))


def _show_app(app: RenderedApp, json_: bool) -> None:
    from handheld.views import app_tree, next_commands, next_steps  # noqa: PLC0415

    warnings = list(app.plan.warnings) if app.plan else []
    if json_:
        files = sorted([*app.lock.files, "app.lock.toml", *(model.file for model in app.lock.models)])
        steps = next_commands(app, Path.cwd())
        content = {"directory": str(app.directory), "fresh": app.fresh, "files": files, "warnings": warnings}
        return echo_json({**content, "next": steps}, indent=2)
    click.echo(app_tree(app) if app.fresh else f"{app.directory} is up to date: it was made of the same before.")
    for warning in warnings:
        click.echo(f"\nNote: {warning}")
    click.echo("\n" + next_steps(app, Path.cwd()))
    return None
