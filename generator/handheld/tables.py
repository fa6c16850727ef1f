"""Descriptions of TOML tables, from which both the checks and the JSON schema are made: one source of truth."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from handheld.errors import nearest, quoted

TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "strings": "a list of texts",
    "table": "a table",
    "tables": "a list of tables",
    "map": "a table",
    "any": "a value",
}


@dataclass(frozen=True, slots=True)
class Key:
    """What may stand under one key.

    type: One of `TYPES`; "any" is not looked at. "table" has `keys`; "tables" is a list of such tables; "map" has free
        key names, whose values are as `values` says.
    pattern: A regular expression for the whole text (for "strings", for each).
    choices: The texts allowed (for "strings", for each).
    minimum, maximum: Of a number; of a text's length and a list's, only `minimum` is used.
    """

    type: str
    summary: str = ""
    required: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | int | None = None
    maximum: float | int | None = None
    keys: Mapping[str, Key] = field(default_factory=dict)
    values: Key | None = None


def setting_key(
    type_: str,
    summary: str,
    choices: tuple[str, ...],
    minimum: float | None,
    maximum: float | None,
) -> Key:
    """What a value of a setting has to be like; its types are those of a key, and "choice"."""
    kind = "string" if type_ == "choice" else type_
    return Key(kind, summary, choices=choices, minimum=minimum, maximum=maximum)


def problems(value: object, key: Key, where: str = "") -> Iterator[str]:
    """Give a sentence for each thing that is wrong with `value`, each naming the key by its path."""
    if key.type == "any":
        return
    if not _is(value, key.type):
        yield f"`{where}` has to be {TYPES[key.type]}, not {_kind(value)}"
    elif isinstance(value, Mapping):
        yield from _map_problems(value, key, where) if key.type == "map" else _table_problems(value, key, where)
    elif isinstance(value, list):
        yield from _list_problems(value, key, where)
    elif isinstance(value, str):
        yield from _text_problems(value, key, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_problems(value, key, where)


def schema(key: Key) -> dict[str, object]:
    """The same description as JSON schema (draft 2020-12)."""
    names = {"strings": "array", "tables": "array", "table": "object", "map": "object"}
    result: dict[str, object] = {} if key.type == "any" else {"type": names.get(key.type, key.type)}
    if key.summary:
        result["description"] = key.summary
    texts: dict[str, object] = {}
    if key.pattern:
        texts["pattern"] = f"^(?:{key.pattern})$"
    if key.choices:
        texts["enum"] = list(key.choices)
    if key.type == "strings":
        result["items"] = {"type": "string", **texts}
        result["uniqueItems"] = True
    else:
        result |= texts
    result |= _bounds(key)
    if key.type == "table":
        result |= _object_schema(key)
    elif key.type == "tables":
        result["items"] = {"type": "object", **_object_schema(key)}
    elif key.values is not None:
        result["additionalProperties"] = schema(key.values)
    return result


def _bounds(key: Key) -> dict[str, object]:
    low = {"string": "minLength", "strings": "minItems", "tables": "minItems"}.get(key.type, "minimum")
    bounds = ((low, key.minimum), ("maximum", key.maximum))
    return {name: bound for name, bound in bounds if bound is not None}


def _object_schema(key: Key) -> dict[str, object]:
    required = [name for name, inner in key.keys.items() if inner.required]
    result: dict[str, object] = {"properties": {name: schema(inner) for name, inner in key.keys.items()}}
    if required:
        result["required"] = required
    result["additionalProperties"] = False
    return result


def _is(value: object, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "strings":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "tables":
            return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
        case _:
            return isinstance(value, Mapping)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list" if not value else f"a list with {_kind(value[0])}"
    kinds = (
        (bool, "true or false"),
        (str, "a text"),
        (int, "a whole number"),
        (float, "a number"),
        (Mapping, "a table"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def _table_problems(table: Mapping[str, object], key: Key, where: str) -> Iterator[str]:
    for name, value in table.items():
        inner = key.keys.get(name)
        path = f"{where}.{name}" if where else name
        if inner is None:
            near = nearest(name, key.keys)
            known = f"did you mean `{near}`?" if near else f"possible: {', '.join(key.keys) or 'none'}"
            yield f"`{path}` is unknown ({known})"
        else:
            yield from problems(value, inner, path)
    for name, inner in key.keys.items():
        if inner.required and name not in table:
            yield f"`{where}.{name}` is missing" if where else f"`{name}` is missing"


def _map_problems(table: Mapping[str, object], key: Key, where: str) -> Iterator[str]:
    assert key.values is not None
    for name, value in table.items():
        yield from problems(value, key.values, f"{where}.{name}")


def _list_problems(items: list[object], key: Key, where: str) -> Iterator[str]:
    if key.minimum is not None and len(items) < key.minimum:
        yield f"`{where}` needs at least {key.minimum} of them"
    for index, item in enumerate(items):
        path = f"{where}[{index}]"
        if isinstance(item, Mapping):
            yield from _table_problems(item, key, path)
        elif isinstance(item, str):
            yield from _text_problems(item, Key("string", pattern=key.pattern, choices=key.choices), path)
            if item in items[:index]:
                yield f"`{path}` repeats '{item}'"


def _text_problems(text: str, key: Key, where: str) -> Iterator[str]:
    if key.choices and text not in key.choices:
        near = nearest(text, key.choices)
        yield f"`{where}` is '{text}'; possible: {quoted(key.choices)}" + (f" (nearest: '{near}')" if near else "")
    elif key.pattern and not re.fullmatch(key.pattern, text):
        yield f"`{where}` is '{text}', which does not have the form {key.pattern}"
    elif key.minimum is not None and len(text) < key.minimum:
        yield f"`{where}` is empty" if not text else f"`{where}` is too short"


def _number_problems(number: float, key: Key, where: str) -> Iterator[str]:
    if not math.isfinite(number):
        yield f"`{where}` is {number}, which is no number to reckon with"
    elif key.minimum is not None and number < key.minimum:
        yield f"`{where}` is {number}; the least is {key.minimum}"
    elif key.maximum is not None and number > key.maximum:
        yield f"`{where}` is {number}; the most is {key.maximum}"
