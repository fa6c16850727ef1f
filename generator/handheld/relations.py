"""What the tables of the catalogue cannot say: how the keys of a runtime.toml or task.toml go together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from handheld.catalog_keys import HOST
from handheld.tables import problems, setting_key


def runtime_problems(table: Mapping[str, Any], folder: str) -> Iterator[str]:
    """Sentences about a runtime.toml in `folder`."""
    if table["name"] != folder:
        yield f"`name` is '{table['name']}', its folder '{folder}'"
    if set(table["accelerators"]) != set(table["platforms"]):
        yield "`accelerators` has to list exactly the platforms of `platforms`"
    if "hosts" in table and HOST not in table["platforms"]:
        yield f"`hosts` belongs to the platform '{HOST}', which `platforms` does not list"
    yield from _repeats(table.get("source", []), "source")
    yield from _repeats(table.get("library", []), "library", "os", "arch", "name")
    conversion = table.get("conversion")
    if conversion and set(conversion["download_bytes"]) != set(conversion["disk_bytes"]):
        yield "`conversion` has to give both sizes for the same systems"


def hosted_problems(table: Mapping[str, Any], folder: str) -> Iterator[str]:
    """Sentences about the runtime.toml of a hosted runtime in `folder`."""
    if table["name"] != folder:
        yield f"`name` is '{table['name']}', its folder '{folder}'"
    values = dict.fromkeys(("folder", "name", "port", "context", "threads"), "")
    for text in (*table["server"]["arguments"], *table["server"].get("environ", {}).values()):
        try:
            text.format(**values)
        except (KeyError, ValueError, IndexError):
            yield f"`server` has '{text}', of which only {{{'}, {'.join(values)}}} can be filled in"


def task_problems(table: Mapping[str, Any], folder: str) -> Iterator[str]:
    """Sentences about a task.toml in `folder`."""
    if table["name"] != folder:
        yield f"`name` is '{table['name']}', its folder '{folder}'"
    for name in ("setting", "option", "model"):
        yield from _repeats(table.get(name, []), name)
    yield from _repeats(table["port"], "port", "direction", "name")
    for name in ("setting", "option"):
        for index, setting in enumerate(table.get(name, [])):
            yield from _setting_problems(setting, f"{name}[{index}]")
    yield from _shape_problems(table)
    models = table.get("model", [])
    if sum(model.get("default", False) for model in models) > 1:
        yield "`model` has several with `default = true`"
    for index, model in enumerate(models):
        yield from _model_problems(model, f"model[{index}]", {other["name"] for other in models})


def _shape_problems(table: Mapping[str, Any]) -> Iterator[str]:
    for name in ("port", "setting", "option"):
        for index, item in enumerate(table.get(name, [])):
            if not set(item.get("shapes", ())) <= set(table["shapes"]):
                yield f"`{name}[{index}].shapes` names a shape that the task does not ask for"
    for index, model in enumerate(table.get("model", [])):
        if model.get("shape", table["shapes"][0]) not in table["shapes"]:
            yield f"`model[{index}].shape` is '{model['shape']}', which the task does not ask for"
    for shape in table["shapes"]:
        fitting = [port for port in table["port"] if shape in port.get("shapes", (shape,))]
        if not any(port["direction"] == "in" for port in fitting):
            yield f"`port` has no input for the shape '{shape}'"


def _repeats(tables: list[dict[str, Any]], where: str, *keys: str) -> Iterator[str]:
    names = [tuple(table[key] for key in keys or ("name",)) for table in tables]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"`{where}[{index}].name` repeats '{name[-1]}'"


def _setting_problems(table: Mapping[str, Any], where: str) -> Iterator[str]:
    if (table["type"] == "choice") != ("choices" in table):
        yield f"`{where}.choices` belongs to the type 'choice', and to it alone"
    elif table["type"] not in ("number", "integer") and ("minimum" in table or "maximum" in table):
        yield f"`{where}` has a range, but is no number"
    else:
        key = setting_key(
            table["type"], "", tuple(table.get("choices", ())), table.get("minimum"), table.get("maximum")
        )
        yield from problems(table["default"], key, f"{where}.default")


def _model_problems(table: Mapping[str, Any], where: str, names: set[str]) -> Iterator[str]:
    if ("text" in table) == bool(table.get("part")):
        yield f"`{where}` needs either `part` or `text`"
    if "text" in table:
        data = table["text"].encode()
        if len(data) != table["bytes"] or hashlib.sha256(data).hexdigest() != table.get("sha256"):
            yield f"`{where}.text` has {len(data)} bytes and the sha256 {hashlib.sha256(data).hexdigest()}"
    if not {"sha256", "convert"} & set(table):
        yield f"`{where}.sha256` is missing: only what a program makes may do without"
    if "modules" in table and "convert" not in table:
        yield f"`{where}.modules` belongs to `convert`"
    if table.get("like") == table["name"] or ("like" in table and table["like"] not in names):
        yield f"`{where}.like` names no other model of the task"
    if table.get("terms") and "licence_text" not in table:
        yield f"`{where}.licence_text` is missing: terms have to be shown"
