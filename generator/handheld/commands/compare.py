"""handheld compare: an app's own core against a hosted model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handheld.commands.common import app_models, as_json, consent, echo_json, outside, pairs, split, yes_option

if TYPE_CHECKING:
    from handheld.compare import CompareRequest, Comparison, Measured
    from handheld.endpoint import Endpoint
    from handheld.hosted import HostedModel
    from handheld.lock import LockedTask
    from handheld.platforms import Consent
    from handheld.progress import Progress
    from handheld.render import RenderedApp
    from handheld.tools import Tools


def _references(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    from handheld.catalog import load_catalog  # noqa: PLC0415
    from handheld.resources import root  # noqa: PLC0415

    return [name for name in load_catalog(root()).hosted if name.startswith(begun)]


@click.command("compare")
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@click.option("--endpoint", metavar="URL", help="A server that speaks OpenAI's completions protocol.")
@click.option("--model-name", metavar="NAME", help="What the endpoint calls the model.  [default: its only one]")
@click.option(
    "--reference", metavar="NAME", shell_complete=_references, help="Start this server here, on the app's own weights."
)
@click.option("--prompt", "prompts", multiple=True, metavar="TEXT", help="Asked on both sides; repeatable.")
@click.option("--prompts", "file", type=click.Path(path_type=Path), help="A file with a prompt a line.")
@click.option("--send", "values", multiple=True, metavar="PORT=TEXT", help="Sent before each prompt: system=...")
@click.option("--text", type=click.Path(path_type=Path), help="The text for the perplexity.  [default: a short one]")
@click.option(
    "--max-tokens", type=click.IntRange(1, 32768), default=64, show_default=True, help="The longest answer, in tokens."
)
@click.option("--no-logprobs", is_flag=True, help="Only answers and speed, for servers without log-probabilities.")
@click.option("--task", help="Which of the app's tasks.  [default: the first with a language model]")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option, such as threads=1.")
@yes_option
@as_json
def command(
    directory: Path,
    endpoint: str | None,
    model_name: str | None,
    reference: str | None,
    prompts: tuple[str, ...],
    file: Path | None,
    values: tuple[str, ...],
    text: Path | None,
    max_tokens: int,
    no_logprobs: bool,
    task: str | None,
    options: tuple[str, ...],
    yes: bool,
    json_: bool,
) -> int:
    """Compare an app's own core with a hosted model, token for token.

    DIR is the app's folder (default: this one). Both sides get the same tokens and choose the likeliest one each time.
    Printed side by side: how many tokens agree, how far the probabilities are apart, the perplexity of a text, time to
    the first token, tokens per second and memory.

    Without prompts the task's golden case and four short questions are asked. A key for the endpoint is taken from the
    environment variable HANDHELD_API_KEY alone.
    """
    from handheld.compare import CompareRequest, read_prompts, read_text  # noqa: PLC0415
    from handheld.render import open_app  # noqa: PLC0415

    if (endpoint is None) == (reference is None):
        raise click.UsageError("Say what to compare with: --endpoint URL, or --reference NAME (handheld list).")
    if model_name and reference:
        raise click.UsageError("--model-name is an endpoint's name for a model; --reference takes the app's own.")
    request = CompareRequest(
        task=task,
        prompts=(*prompts, *(read_prompts(file) if file else ())),
        first=tuple(split(values, "--send")),
        text=read_text(text) if text else None,
        text_file=text,
        max_tokens=max_tokens,
        options=pairs(options, "--option"),
        logprobs=not no_logprobs,
    )
    with outside(json_) as (tools, progress):
        app = open_app(directory.absolute())
        if endpoint is not None:
            found = _with_endpoint(app, endpoint, model_name, request, tools, progress)
        else:
            found = _with_reference(app, str(reference), request, consent(progress, yes), tools, progress)
        progress.close()
        _show(found, json_)
    return 0


def _with_endpoint(
    app: RenderedApp, url: str, model: str | None, request: CompareRequest, tools: Tools, progress: Progress
) -> Comparison:
    from handheld.compare import comparable_task  # noqa: PLC0415
    from handheld.endpoint import connect  # noqa: PLC0415

    task = comparable_task(app.lock.tasks, app.directory, request.task)
    endpoint = connect(url, model, tools)  # before minutes are spent on the app's side
    measured = _measured(app, request, tools, progress)
    return _asked(task, endpoint, measured, request, progress, lambda: None)


def _with_reference(
    app: RenderedApp, name: str, request: CompareRequest, agree: Consent, tools: Tools, progress: Progress
) -> Comparison:
    from handheld.catalog import load_catalog  # noqa: PLC0415
    from handheld.compare import comparable_task  # noqa: PLC0415
    from handheld.errors import UnknownChoice  # noqa: PLC0415
    from handheld.hosted import prepare, serve  # noqa: PLC0415
    from handheld.resources import root  # noqa: PLC0415

    hosted = load_catalog(root()).hosted
    if name not in hosted:
        raise UnknownChoice("reference", name, list(hosted), "--reference")
    task = comparable_task(app.lock.tasks, app.directory, request.task)
    app_models(app, tools, progress)
    prepared = prepare(hosted[name], _model_of(app, task), tools, progress, agree)
    measured = _measured(app, request, tools, progress)
    with serve(prepared, measured.context, measured.threads, tools, progress) as server:
        return _asked(task, server.endpoint, measured, request, progress, server.memory)


def _model_of(app: RenderedApp, task: LockedTask) -> HostedModel:
    from handheld.app_errors import ModelGone  # noqa: PLC0415
    from handheld.hosted import HostedModel  # noqa: PLC0415

    locked = next(model for model in app.lock.models if model.task == task.name)
    path = app.directory / locked.file
    if not path.is_file():
        raise ModelGone(path, app.directory)
    return HostedModel(path, task.model, path.suffix.lower().removeprefix("."), locked.sha256)


def _measured(app: RenderedApp, request: CompareRequest, tools: Tools, progress: Progress) -> Measured:
    from handheld.build import build_app  # noqa: PLC0415
    from handheld.compare import measure_app  # noqa: PLC0415

    app_models(app, tools, progress)
    return measure_app(build_app(app, tools, progress), request, progress)


def _asked(
    task: LockedTask,
    endpoint: Endpoint,
    measured: Measured,
    request: CompareRequest,
    progress: Progress,
    memory: Any,  # noqa: ANN401
) -> Comparison:
    from handheld.compare import joined, measure_hosted  # noqa: PLC0415

    pairs_, windows, hosted = measure_hosted(endpoint, measured, request, progress, memory)
    return joined(task, endpoint, measured, pairs_, windows, hosted)


def _show(found: Comparison, json_: bool) -> None:
    from handheld.compare import to_json  # noqa: PLC0415
    from handheld.compare_view import comparison_view  # noqa: PLC0415

    if json_:
        echo_json(to_json(found), indent=2)
    else:
        click.echo(comparison_view(found))
