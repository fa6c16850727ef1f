"""`handheld new` without arguments: a short conversation. Every question has an answer that Enter takes."""

from __future__ import annotations

from dataclasses import replace

import click

from handheld.catalog import Catalog, Task
from handheld.catalog_keys import APP_PLATFORMS
from handheld.errors import InputError, sized
from handheld.identity import identify
from handheld.spec import Request

EXAMPLE = "Parrot"


def ask(request: Request, catalog: Catalog) -> Request:
    """Ask for what the request leaves open: name, task, model, platforms."""
    request = replace(request, name=_name())
    tasks = request.tasks or (_task(catalog),)
    models = request.models
    if not models and len(tasks) == 1 and tasks[0] in catalog.tasks:
        models = _model(catalog.tasks[tasks[0]])
    return replace(request, tasks=tasks, models=models, platforms=request.platforms or _platforms())


def _name() -> str:
    while True:
        name: str = click.prompt("What is the app called?", default=EXAMPLE, err=True)
        try:
            return identify(name).name
        except InputError as error:
            click.echo(error.as_text(), err=True)


def _task(catalog: Catalog) -> str:
    if len(catalog.tasks) > 1:
        for task in catalog.tasks.values():
            click.echo(f"  {task.name}: {task.summary}", err=True)
    names = list(catalog.tasks)
    chosen: str = click.prompt("What can it do?", default=names[0], type=click.Choice(names), err=True)
    return chosen


def _model(task: Task) -> tuple[str, ...]:
    """The chosen model; empty when the default is taken or the task lists none."""
    if task.default_model is None:
        return ()
    for model in task.models:
        click.echo(f"  {model.name}: {sized(model.bytes)}, {model.licence}", err=True)
    default = task.default_model.name
    chosen: str = click.prompt("With which model? A name, a file, or hf:org/repo/file", default=default, err=True)
    return () if chosen == default else (chosen,)


def _platforms() -> tuple[str, ...]:
    text: str = click.prompt("For which platforms?", default=",".join(APP_PLATFORMS), err=True)
    return tuple(name.strip() for name in text.split(",") if name.strip())
