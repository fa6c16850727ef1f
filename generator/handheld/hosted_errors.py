"""Failures of `handheld compare`: the endpoint, the server that is started for it, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handheld.errors import AppError, InputError, MachineError, nearest, quoted, sized

WITHOUT = "Give the same command with --no-logprobs: answers and speed are compared without them"


# What cannot be compared at all.


class NotComparable(InputError):
    """The task's model is no language model."""

    def __init__(self, task: str, shape: str, others: Sequence[str]) -> None:
        super().__init__(
            f"The task '{task}' cannot be compared with a hosted model.",
            f"Its model has the shape '{shape}'; tokens and their probabilities come from 'generate' alone.",
            f"--task {others[0]}" if others else "handheld list shows which tasks have the shape 'generate'",
        )


class NothingTraced(InputError):
    """The app's core does not give tokens and log-probabilities."""

    def __init__(self, task: str, missing: str) -> None:
        super().__init__(
            f"The task '{task}' of this app does not give '{missing}'.",
            "The app was made by an older Handheld; its core says less about an answer.",
            "handheld new --from app.toml --force renders it again (what you changed is kept)",
        )


class NoHostedForm(InputError):
    """A hosted runtime does not take the app's model."""

    def __init__(self, model: str, model_format: str, title: str, formats: Sequence[str]) -> None:
        super().__init__(
            f"{title} cannot serve the model '{model}'.",
            f"Its file is of the format '{model_format}'; there is a hosted form for {quoted(formats)}.",
            "An app with another model (handheld list), or a server that has this one: --endpoint URL",
        )


class NeverInAnApp(InputError):
    """A hosted runtime was chosen for an app."""

    def __init__(self, name: str, title: str, choices: Sequence[str]) -> None:
        super().__init__(
            f"{title} is never part of an app: it is a server, to measure the app against.",
            f"What runs inside an app: {quoted(choices)}.",
            f"Leave out --runtime {name}; once the app is there: handheld compare DIR --reference {name}",
        )


class NoPrompts(InputError):
    """The file of prompts is empty."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds no prompt.",
            "Each line that is not empty is one.",
            f'Write one into it: echo "What is the capital of France?" >> "{path}"',
        )


class TextTooShort(InputError):
    """A text of less than two tokens says nothing about perplexity."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(
            f"The text {path or ''} is too short to measure a perplexity on.".replace("  ", " "),
            "It has fewer than two tokens; some hundred words are a good size.",
            "--text with a longer file, or without --text",
        )


# The endpoint.


class AddressRefused(InputError):
    """The endpoint's address is none."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"'{url}' is no address of a server.",
            "It has to begin with http:// or https://.",
            "--endpoint http://127.0.0.1:8000",
        )


class KeyInClear(InputError):
    """A key would travel unencrypted."""

    def __init__(self, url: str, variable: str) -> None:
        super().__init__(
            f"The key in {variable} is not sent to {url}: the connection is not encrypted.",
            "The address begins with http:// and is another machine's.",
            f"The server's https:// address, or, where it needs no key: unset {variable}",
            "Everybody on the way could read the key.",
        )


class EndpointUnreachable(MachineError):
    """Nobody answers, or the connection broke in the middle of an answer."""

    def __init__(self, url: str, detail: str, cut: bool = False) -> None:
        super().__init__(
            f"The answer of {url} was cut: {detail}." if cut else f"The endpoint {url} cannot be reached: {detail}.",
            "The server ended, or it took too long." if cut else "The server does not run, or the address is wrong.",
            f'curl "{url}/v1/models" shows whether it answers; start the server, then give the same command again',
        )


class KeyRefused(MachineError):
    """The endpoint wants a key, or another one."""

    def __init__(self, url: str, variable: str, given: bool) -> None:
        super().__init__(
            f"The endpoint {url} refused {'the key' if given else 'a request without a key'}.",
            f"The key in {variable} is wrong or may not use this model." if given else f"{variable} is not set.",
            f"export {variable}=... with a key of that server, then give the same command again",
        )


class UnknownModel(InputError):
    """The endpoint has no such model, or several and none was named."""

    def __init__(self, url: str, given: str | None, names: Sequence[str]) -> None:
        shown = [*names[:8], *(["..."] if len(names) > 8 else [])]
        near = nearest(given, names) if given else None
        super().__init__(
            f"The endpoint {url} has no model '{given}'." if given else f"The endpoint {url} serves several models.",
            f"It serves {quoted(shown)}." + (f" The nearest is '{near}'." if near else ""),
            f"--model-name {near or names[0]}",
        )


class EndpointRefused(MachineError):
    """The endpoint refused a request for a reason of its own."""

    def __init__(self, url: str, status: int, said: str) -> None:
        super().__init__(
            f"The endpoint {url} refused a request (status {status}).",
            f"It said: {said or 'nothing'}",
            "A server that takes token ids at /v1/completions (docs/guide/compare.md); shorter prompts, if it says so",
        )
        self.said = said


class NotTheProtocol(MachineError):
    """The endpoint's answer is not of OpenAI's completions protocol."""

    def __init__(self, url: str, got: str) -> None:
        super().__init__(
            f"The endpoint {url} does not speak OpenAI's completions protocol.",
            f"It gave {got}.",
            f'curl "{url}/v1/models" should list its models; the address ends before /v1',
        )


class NoLogprobs(MachineError):
    """The endpoint does not give log-probabilities of given tokens."""

    def __init__(self, url: str, said: str = "") -> None:
        super().__init__(
            f"The endpoint {url} gives no log-probabilities of given tokens.",
            f"It said: {said}" if said else "It left out `logprobs`, which `echo` asks for; many servers do.",
            WITHOUT,
        )


class OtherTokens(InputError):
    """The endpoint's tokenizer is not the model's."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(
            f"The model at {url} has another tokenizer than the app's model.",
            f"The app's tokens mean something else there: {detail}",
            "An endpoint with the same model, or one of its family; the very same weights: --reference (handheld list)",
            "Probabilities of different tokens cannot be compared.",
        )


# The server that is started here.


class NotInstalled(InputError):
    """The reference's environment is large, and nobody agreed to it."""

    def __init__(self, title: str, download: int, disk: int) -> None:
        super().__init__(
            f"{title} is not installed, and was not asked for.",
            f"It is {sized(download)} to download and takes {sized(disk)}.",
            "Give the same command again with --yes, or a server that runs already: --endpoint URL",
        )


class ServerNeedsMemory(MachineError):
    """The server would not fit."""

    def __init__(self, title: str, needed: int, free: int) -> None:
        super().__init__(
            f"{title} needs about {sized(needed)} of memory for this model; {sized(free)} are free.",
            "The hosted form holds every weight as a 32-bit number, and the server itself is large.",
            "Close other programs, or use a server on another machine: --endpoint URL",
            "Started all the same, it would be ended by the system, perhaps with other programs.",
        )


class SpreadFailed(AppError):
    """The model could not be turned into its hosted form. `output` is what the program said."""

    def __init__(self, title: str, model: str, output: str) -> None:
        said = [line for line in output.strip().splitlines() if line.strip()]
        super().__init__(
            f"The model '{model}' could not be turned into the form that {title} takes.",
            f"The program ended with: {said[-1] if said else 'nothing'}",
            "A server that has the model: --endpoint URL; or an app with another model: handheld list",
        )


class ServerDied(AppError):
    """The server ended, or was not ready in time. `tail` is the end of its log."""

    def __init__(self, title: str, how: str, tail: str, log: Path) -> None:
        shown = "\n    ".join(tail.strip().splitlines()[-12:])
        super().__init__(
            f"{title} {how}.",
            f"the end of its log:\n    {shown}" if shown else "It logged nothing.",
            f'less "{log}" shows all of it; memory and disk are the usual reasons: handheld doctor',
        )
