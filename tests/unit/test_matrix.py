"""The runtimes side by side: what is known of each, and a dash for what was never measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from handheld.catalog import load_catalog
from handheld.matrix import HEAD, cells, plain, rows
from handheld.proof import load_proofs
from handheld.resources import root
from handheld.sizes import RuntimeSize, load_sizes, record_sizes
from handheld.views import runtimes_view

SIZE = RuntimeSize(
    core=1_000_000, opened=2_000_000, android=None, where="linux x86_64", date="2026-01-01", commit="abc"
)


def test_every_runtime_has_a_row() -> None:
    catalog = load_catalog(root())
    found = rows(catalog, load_proofs(root()), load_sizes(root()))
    assert [row.runtime.name for row in found] == list(catalog.runtimes)
    for row in found:
        assert len(cells(row)) == len(HEAD)
        assert all(cells(row))
        pinned = [*row.runtime.sources, *row.runtime.libraries]
        assert bool(plain(row)["versions"]) == bool(pinned), row.runtime.name
        assert json.dumps(plain(row))


def test_what_was_measured_is_shown_and_nothing_else() -> None:
    catalog = load_catalog(root())
    name = next(iter(catalog.runtimes))
    row, other, *_ = rows(catalog, (), {name: SIZE})
    assert cells(row)[-2:] == ("3.0 MB", "-")
    assert cells(other)[-3:] == ("not yet", "-", "-")
    assert plain(other)["measured"] is None
    text = runtimes_view([row, other])
    assert "Measured on linux x86_64, 2026-01-01, commit abc." in text


def test_versions_that_differ_say_where() -> None:
    runtime = next(r for r in load_catalog(root()).runtimes.values() if len(r.libraries) > 1)
    gradle = {**runtime.slots, "android": {**runtime.slots["android"], "gradle_dependencies": ("g:a:7.7@aar",)}}
    row = rows(replace(load_catalog(root()), runtimes={"x": replace(runtime, slots=gradle)}), (), {})[0]
    assert row.versions["android"] == "7.7"
    assert "7.7 (android)" in cells(row)[5]


def test_a_measurement_of_one_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "docs/generated").mkdir(parents=True)
    assert load_sizes(tmp_path) == {}
    record_sizes(tmp_path, {"b": SIZE, "a": replace(SIZE, core=None, opened=None)})
    record_sizes(tmp_path, {"b": replace(SIZE, commit="def")})
    sizes = load_sizes(tmp_path)
    assert list(sizes) == ["a", "b"]
    assert (sizes["a"].host, sizes["b"].host, sizes["b"].commit) == (None, 3_000_000, "def")
