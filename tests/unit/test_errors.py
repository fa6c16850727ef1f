"""Every error has its parts, its exit code, and no second voice."""

from __future__ import annotations

import inspect
import json
import re
import typing
from pathlib import Path

import click
import pytest

from handheld import errors, hosted_errors
from handheld.__main__ import cli
from handheld.errors import FileError, HandheldError, InputError, Interrupted, MachineError, nearest, sized

BASES = {"HandheldError": 1, "AppError": 1, "InputError": 2, "MachineError": 3, "FileError": 4, "Interrupted": 130}
CONCRETE = [
    kind
    for module in (errors, hosted_errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, HandheldError) and kind.__name__ not in BASES and kind.__module__ == module.__name__
]
SAMPLES: dict[object, object] = {
    str: "thing",
    int: 7,
    float: 1.5,
    bool: True,
    int | None: 7,
    str | None: "thing",
    Path | None: Path("/place/file"),
    Path: Path("/place/file"),
    Path | None: Path("/place/file"),
    OSError: PermissionError(13, "Permission denied"),
    typing.Sequence[str]: ["one", "two"],
}


def sample(kind: type[HandheldError]) -> HandheldError:
    """Make an error of a class from the types that its constructor asks for."""
    hints = typing.get_type_hints(kind.__init__, vars(inspect.getmodule(kind)))
    hints.pop("return", None)
    values: dict[str, typing.Any] = {
        name: SAMPLES[typing.Sequence[str] if "Sequence" in str(hint) else hint] for name, hint in hints.items()
    }
    return kind(**values)


@pytest.mark.parametrize(("name", "code"), BASES.items())
def test_exit_codes(name: str, code: int) -> None:
    assert getattr(errors, name).exit_code == code


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: str(kind.__name__))
def test_each_error_says_what_why_and_how(kind: type[HandheldError]) -> None:
    error = sample(kind)
    assert error.what
    assert error.cause
    assert error.fix
    assert error.what[-1] in ".:" or ": " in error.what
    assert str(error) == error.what
    assert kind.exit_code in (1, 2, 3, 4)


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: str(kind.__name__))
def test_no_error_prints(kind: type[HandheldError], capfd: pytest.CaptureFixture[str]) -> None:
    sample(kind).as_text()
    assert capfd.readouterr() == ("", "")


def test_every_option_that_is_proposed_exists() -> None:
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    known = {option for command in commands if command for given in command.params for option in given.opts}
    texts = [sample(kind).as_text() for kind in CONCRETE]
    # Options of Handheld come first in a command or after a colon or "or"; others belong to the tool before them.
    proposed = {found for text in texts for found in re.findall(r"(?:Fix: |: |, |or |with )(--[a-z-]+)", text)}
    assert len(proposed) > 4
    assert proposed <= known


def test_text_leaves_empty_parts_out() -> None:
    assert HandheldError("It failed.").as_text() == "It failed."
    full = HandheldError("It failed.", "A cause.", "a command", "A danger.").as_text()
    assert full.splitlines() == ["It failed.", "  Cause: A cause.", "  Fix: a command", "  Danger: A danger."]


def test_json_is_plain() -> None:
    value = json.loads(json.dumps(FileError("It failed.", fix="a command").as_json()))
    assert value == {
        "error": {"what": "It failed.", "cause": "", "fix": "a command", "danger": ""},
        "exit_code": 4,
    }


def test_the_bases_are_apart() -> None:
    assert not issubclass(InputError, MachineError)
    assert issubclass(Interrupted, HandheldError)


@pytest.mark.parametrize(
    ("given", "choices", "expected"),
    [
        ("chatt", ["chat", "hotword"], "chat"),
        ("CHAT", ["chat"], "chat"),
        ("top-k", ["top_k", "top_p"], "top_k"),
        ("zzz", ["chat"], None),
        ("chat", [], None),
    ],
)
def test_nearest(given: str, choices: list[str], expected: str | None) -> None:
    assert nearest(given, choices) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (98_362_432, "98.4 MB"), (7 * 10**12, "7000.0 GB")],
)
def test_sized(count: int, text: str) -> None:
    assert sized(count) == text
