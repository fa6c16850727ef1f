"""Shells and slices -> files: cookiecutter templates, joined and rendered with Jinja alone.

The shells stay templates that the plain `cookiecutter` command renders to the same bytes (a test compares). Its own
engine is not used, because half of its time goes into what an app never needs, and a person waits for it; see
docs/decisions/joined-templates.md.
"""

from __future__ import annotations

import fnmatch
import json
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handheld.app_errors import TemplateBroken
from handheld.copying import walk
from handheld.icon import recolour

if TYPE_CHECKING:
    from jinja2 import Environment

MARKS = (b"{{", b"{%", b"{#")
"""A file without these is the same before and after."""
VERBATIM = "_copy_without_render"
RECOLOURED = "_recolour"
"""Key of a cookiecutter.json: patterns of the PNG files whose first colour becomes the app's."""


def render_shell(
    shell: Path, slices: Sequence[Path], context: Mapping[str, Any], target: Path, cache: Path | None = None
) -> None:
    """Join a shell with the tasks' slices and render it into the folder `target`.

    `cache` is a folder for compiled templates; without it each run compiles them again.

    Raises:
        AppError: a path stands in two places, a key is missing or unknown, or a template cannot be rendered.
    """
    from jinja2.exceptions import TemplateError  # noqa: PLC0415 - only rendering needs it

    defaults = json.loads((shell / "cookiecutter.json").read_text(encoding="utf-8"))
    check_keys(shell, defaults, context)
    files = joined(shell, slices)
    environment = _environment(files, cache)
    values = {"cookiecutter": context}
    verbatim: Sequence[str] = defaults.get(VERBATIM, ())
    pictures: Sequence[str] = defaults.get(RECOLOURED, ())
    parts = _Parts(environment, values)
    for name, path in files.items():
        try:
            place = target.joinpath(*(parts[part] for part in name.split("/")))
            place.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if _is_template(name, content, verbatim):
                content = environment.get_template(name).render(values).encode()
            elif _matches(name, pictures):
                content = recolour(content, context["app"]["color"])
            place.write_bytes(content)
            place.chmod(path.stat().st_mode & 0o777)
        except (TemplateError, ValueError) as error:
            raise TemplateBroken(shell.name, f"{name}: {error}") from error


class _Parts(dict[str, str]):
    """Rendered names of folders and files; each is compiled once."""

    def __init__(self, environment: Environment, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._environment, self._values = environment, values

    def __missing__(self, part: str) -> str:
        self[part] = self._environment.from_string(part).render(self._values) if "{{" in part else part
        return self[part]


def joined(shell: Path, slices: Sequence[Path]) -> dict[str, Path]:
    """The files of a shell with the slices laid over it, by their path below the app's platform folder.

    Raises:
        AppError: a path stands in two of them.
    """
    folder = next(path for path in shell.iterdir() if path.name.startswith("{{cookiecutter"))
    files = dict(walk(folder))
    for overlay in slices:
        for name, path in walk(overlay) if overlay.is_dir() else ():
            if name in files:
                raise TemplateBroken(str(overlay), f"{name} stands in the shell or in another slice too")
            files[name] = path
    return files


def check_keys(shell: Path, defaults: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Refuse what the cookiecutter command would silently drop or leave at its default."""
    declared = {name for name in _paths(defaults) if not name.startswith(("_", "facts."))}
    given = {name for name in _paths(context) if not name.startswith("facts.")}
    for what, names in (("lacks", given - declared), ("has, and nobody gives it,", declared - given)):
        if names:
            raise TemplateBroken(shell.name, f"its cookiecutter.json {what} {', '.join(sorted(names))}")


def _paths(values: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of all keys; what tables of free names hold (usage) and lists hold is not looked at."""
    found = set()
    for name, value in values.items():
        found.add(prefix + name)
        if isinstance(value, Mapping) and name != "usage":
            found |= _paths(value, f"{prefix}{name}.")
    return found


def _is_template(name: str, content: bytes, verbatim: Sequence[str]) -> bool:
    if _matches(name, verbatim) or b"\0" in content[:1024]:
        return False
    return any(mark in content for mark in MARKS)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _environment(files: Mapping[str, Path], cache: Path | None) -> Environment:
    from jinja2 import BytecodeCache, Environment, FunctionLoader, StrictUndefined, __version__  # noqa: PLC0415
    from jinja2.bccache import Bucket  # noqa: PLC0415

    class Compiled(BytecodeCache):
        """Keeps compiled templates in `cache`, by all that they depend on; a damaged one is made again."""

        def load_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError, EOFError, ValueError, TypeError):
                bucket.code = marshal.loads(self._path(bucket).read_bytes())

        def dump_bytecode(self, bucket: Bucket) -> None:
            path = self._path(bucket)
            with suppress(OSError):  # it only saves time
                path.parent.mkdir(parents=True, exist_ok=True)
                new = path.with_name(f"{path.name}.{os.getpid()}")
                new.write_bytes(marshal.dumps(bucket.code))
                new.replace(path)

        def _path(self, bucket: Bucket) -> Path:
            return (
                (cache or Path())
                / f"{sys.implementation.cache_tag}-jinja{__version__}"
                / f"{bucket.key}-{bucket.checksum}"
            )

    return Environment(
        loader=FunctionLoader(lambda name: files[name].read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
        bytecode_cache=Compiled() if cache else None,
    )
