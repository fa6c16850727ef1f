"""app.lock.toml: what was made, so that `build`, `run`, an upgrade and the app's own fetch.py need the folder alone.

Results only; what a person asks for stands in app.toml. The same app gives the same text.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handheld.app_errors import LockDamaged, NewerApp, NotAnApp
from handheld.errors import Unreadable
from handheld.libraries import Library

LOCK_NAME = "app.lock.toml"
EPOCH = 1
"""Raised when an older Handheld could misread a rendered app."""


@dataclass(frozen=True, slots=True)
class LockedTask:
    """One task of the app. Paths are relative to the app's folder; `golden` is None when the task has no case."""

    name: str
    title: str
    runtime: str
    model: str
    manifest: str
    golden: str | None


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A model file and where it comes from: package parts, a text, a hub file, or a file only its author has.

    `file` is relative to the app's folder, as is `convert`, the program that turns the joined parts into it. It runs in
    `environment`, a table with `requirements` (a file for pip), `pythons` and `disk_bytes`, or with Python alone.
    `recipe` is the hash of all that such a file is made of and by; `sha256` then only tells what came of it here.

    `parts` are tables with `pypi`, `sha256`, `member` and `kind`; `hf` is "org/repo@revision/file"; `local` is the
    file's name at its author's.
    """

    task: str
    file: str
    bytes: int
    sha256: str
    licence: str
    parts: tuple[Mapping[str, str], ...] = ()
    convert: str | None = None
    recipe: str | None = None
    environment: Mapping[str, object] | None = None
    text: str | None = None
    hf: str | None = None
    local: str | None = None


@dataclass(frozen=True, slots=True)
class LockedSource:
    """Third-party sources in native/third_party/<into>."""

    name: str
    version: str
    licence: str
    pypi: str
    sha256: str
    into: str


@dataclass(frozen=True, slots=True)
class Lock:
    """All of app.lock.toml.

    `install` is the requirement with which the app's noxfile brings this Handheld back. `inputs` is the hash of
    everything that the files were made of. `owned` files are replaced by an upgrade, `yours` are merged; both map a
    path to the sha256 of what was rendered.
    """

    version: str
    install: str
    inputs: str
    name: str
    module: str
    slug: str
    package: str
    platforms: tuple[str, ...]
    host_arguments: tuple[str, ...]
    tasks: tuple[LockedTask, ...]
    models: tuple[LockedModel, ...]
    sources: tuple[LockedSource, ...]
    owned: Mapping[str, str] = field(default_factory=dict)
    yours: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[Library, ...] = ()
    epoch: int = EPOCH

    @property
    def files(self) -> dict[str, str]:
        """All rendered files with their hashes."""
        return {**self.owned, **self.yours}


def write_lock(lock: Lock) -> str:
    """The text of app.lock.toml."""
    head = {"version": lock.version, "install": lock.install, "epoch": lock.epoch, "inputs": lock.inputs}
    app = {"name": lock.name, "module": lock.module, "slug": lock.slug, "package": lock.package}
    lines = ["# Written by Handheld, not by hand: what was made. What you ask for stands in app.toml."]
    lines += _table("[handheld]", head)
    lines += _table("[app]", {**app, "platforms": lock.platforms})
    lines += _table("[host]", {"cmake_arguments": lock.host_arguments})
    tables = (("task", lock.tasks), ("model", lock.models), ("source", lock.sources), ("library", lock.libraries))
    for title, rows in tables:
        for row in rows:
            lines += _table(f"[[{title}]]", {name: getattr(row, name) for name in row.__slots__})
    lines += ["", "# Replaced when the app is rendered again."]
    lines += _table("[files.owned]", dict(sorted(lock.owned.items())))[1:]
    lines += ["", "# Yours to change; kept when the app is rendered again."]
    lines += _table("[files.yours]", dict(sorted(lock.yours.items())))[1:]
    return "\n".join(lines) + "\n"


def read_lock(directory: Path, own_version: str) -> Lock:
    """Read the lock of the app in `directory`.

    Raises:
        InputError: no app lies there, or one made by a later Handheld than `own_version`.
        FileError: the file cannot be read or is damaged.
    """
    path = directory / LOCK_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise NotAnApp(directory) from None
    except OSError as error:
        raise Unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise LockDamaged(path, str(error)) from error
    try:
        tables = tomllib.loads(text)
        if tables["handheld"]["epoch"] > EPOCH:
            raise NewerApp(directory, tables["handheld"]["version"], own_version)
        return _lock(tables)
    except tomllib.TOMLDecodeError as error:
        raise LockDamaged(path, str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise LockDamaged(path, f"{error} is missing or of another type") from error


def _lock(tables: Mapping[str, Any]) -> Lock:
    head, app = tables["handheld"], tables["app"]
    return Lock(
        version=head["version"],
        install=head["install"],
        epoch=head["epoch"],
        inputs=head["inputs"],
        **{name: app[name] for name in ("name", "module", "slug", "package")},
        platforms=tuple(app["platforms"]),
        host_arguments=tuple(tables["host"]["cmake_arguments"]),
        tasks=tuple(LockedTask(**{"golden": None, **row}) for row in tables.get("task", ())),
        models=tuple(LockedModel(**{**row, "parts": tuple(row.get("parts", ()))}) for row in tables.get("model", ())),
        sources=tuple(LockedSource(**row) for row in tables.get("source", ())),
        libraries=tuple(Library(**row) for row in tables.get("library", ())),
        owned=dict(tables["files"]["owned"]),
        yours=dict(tables["files"]["yours"]),
    )


def _table(title: str, values: Mapping[str, object]) -> list[str]:
    return ["", title, *_rows(values)]


def _rows(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None and value != ():
            yield f"{_key(name)} = {_value(value)}"
        elif name in {"platforms", "cmake_arguments"}:
            yield f"{name} = []"


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _text(name)


def _value(value: object) -> str:
    match value:
        case str():
            return _text(value)
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case Mapping():
            return "{ " + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
        case Sequence():
            items = [_value(item) for item in value]
            tables = any(isinstance(item, Mapping) for item in value)
            return "[\n" + "".join(f"    {item},\n" for item in items) + "]" if tables else f"[{', '.join(items)}]"
    raise TypeError(f"no TOML for {value!r}")


def _text(text: str) -> str:
    # A JSON string is a TOML string, but for one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
