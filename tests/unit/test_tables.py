"""The descriptions of TOML tables: what they refuse, and that the JSON schema made of them refuses the same."""

from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest

from handheld.tables import Key, problems, schema

TEXT = Key("string", minimum=1)
TABLE = Key(
    "table",
    keys={
        "name": Key("string", "A name.", required=True, minimum=1),
        "kind": Key("string", choices=("red", "green")),
        "code": Key("string", pattern="[A-Z][0-9]+"),
        "count": Key("integer", minimum=1, maximum=9),
        "share": Key("number", minimum=0, maximum=1),
        "on": Key("boolean"),
        "items": Key("strings", choices=("a", "b"), minimum=1),
        "inner": Key("table", keys={"deep": Key("integer", required=True)}),
        "rows": Key("tables", keys={"name": TEXT}),
        "free": Key("map", values=TEXT),
        "any": Key("any"),
    },
)
GOOD: list[dict[str, Any]] = [
    {"name": "x"},
    {"name": "x", "kind": "red", "code": "A1", "count": 9, "share": 1, "on": False, "items": ["b", "a"]},
    {"name": "x", "inner": {"deep": 3}, "rows": [{"name": "y"}, {}], "free": {"k": "v"}, "any": [1, "a"]},
    {"name": "x", "share": 0.25},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "`name` is missing"),
    ({"name": ""}, "`name` is empty"),
    ({"name": 3}, "`name` has to be a text, not a whole number"),
    ({"name": "x", "knid": "red"}, "`knid` is unknown (did you mean `kind`?)"),
    ({"name": "x", "qqqq": 1}, "`qqqq` is unknown (possible: name, kind"),
    ({"name": "x", "kind": "gren"}, "`kind` is 'gren'; possible: 'red', 'green' (nearest: 'green')"),
    ({"name": "x", "code": "a1"}, "`code` is 'a1', which does not have the form [A-Z][0-9]+"),
    ({"name": "x", "code": "A1\n"}, "`code` is 'A1\n', which does not have the form"),
    ({"name": "x", "count": 0}, "`count` is 0; the least is 1"),
    ({"name": "x", "count": 10}, "`count` is 10; the most is 9"),
    ({"name": "x", "count": True}, "`count` has to be a whole number, not true or false"),
    ({"name": "x", "count": 1.5}, "`count` has to be a whole number, not a number"),
    ({"name": "x", "share": 1.01}, "`share` is 1.01; the most is 1"),
    ({"name": "x", "on": "yes"}, "`on` has to be true or false, not a text"),
    ({"name": "x", "on": 1}, "`on` has to be true or false, not a whole number"),
    ({"name": "x", "items": []}, "`items` needs at least 1"),
    ({"name": "x", "items": ["a", "a"]}, "`items[1]` repeats 'a'"),
    ({"name": "x", "items": ["c"]}, "`items[0]` is 'c'; possible: 'a', 'b'"),
    ({"name": "x", "items": "a"}, "`items` has to be a list of texts, not a text"),
    ({"name": "x", "items": [1]}, "`items` has to be a list of texts, not a list with a whole number"),
    ({"name": "x", "inner": {}}, "`inner.deep` is missing"),
    ({"name": "x", "inner": {"deep": 1, "depe": 2}}, "`inner.depe` is unknown (did you mean `deep`?)"),
    ({"name": "x", "inner": 1}, "`inner` has to be a table, not a whole number"),
    ({"name": "x", "rows": [{}, {"nmae": "y"}]}, "`rows[1].nmae` is unknown (did you mean `name`?)"),
    ({"name": "x", "rows": {"name": "y"}}, "`rows` has to be a list of tables, not a table"),
    ({"name": "x", "free": {"k": 1}}, "`free.k` has to be a text, not a whole number"),
]


@pytest.mark.parametrize("value", GOOD)
def test_good_tables_pass(value: dict[str, Any]) -> None:
    assert list(problems(value, TABLE)) == []


@pytest.mark.parametrize(("value", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_bad_tables_are_explained(value: dict[str, Any], sentence: str) -> None:
    found = list(problems(value, TABLE))
    assert len(found) == 1
    assert found[0].startswith(sentence)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_have_to_be_finite(number: float) -> None:
    assert list(problems({"name": "x", "share": number}, TABLE)) != []
    assert list(problems(number, Key("number"), "free")) != []


def test_all_problems_are_told_at_once() -> None:
    assert len(list(problems({"count": 0, "on": 1, "x": 1}, TABLE))) == 4


@pytest.mark.parametrize("value", GOOD)
def test_the_schema_takes_the_same(value: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema(TABLE)).validate(value)


# Python's $ also matches before a last line end; editors use ECMA's, which does not.
@pytest.mark.parametrize("value", [value for value, _ in BAD if value.get("code") != "A1\n"], ids=str)
def test_the_schema_refuses_the_same(value: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(schema(TABLE)).is_valid(value)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(TABLE))
