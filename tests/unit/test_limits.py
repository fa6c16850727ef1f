"""What is too large, in the way or good to know before an app is made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.catalog import Catalog
from handheld.errors import (
    BundleTooLarge,
    DiskTooSmall,
    NothingFits,
    TargetInTheWay,
    TargetReadOnly,
)
from handheld.facts import Facts, HostFacts, TargetFacts
from handheld.identity import identify
from handheld.limits import BUNDLE_LIMITS
from handheld.plan import make_plan
from handheld.spec import TaskChoice
from helpers.catalogues import BETA, write_catalogue
from helpers.plans import FACTS, GB, HOST, small_catalogue, spec_of, with_model


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return small_catalogue(tmp_path)


TARGETS = [
    # exists, empty, app, force; fits
    (False, True, False, False, True),
    (True, True, False, False, True),
    (True, False, True, False, False),
    (True, False, True, True, True),
    (True, False, False, False, False),
    (True, False, False, True, False),
]


@pytest.mark.parametrize(("exists", "empty", "app", "force", "fits"), TARGETS)
def test_a_folder_in_the_way(catalog: Catalog, exists: bool, empty: bool, app: bool, force: bool, fits: bool) -> None:
    facts = replace(FACTS, target=TargetFacts(exists=exists, empty=empty, app=app, writable=True))
    if fits:
        make_plan(spec_of(force=force), catalog, facts)
        return
    with pytest.raises(TargetInTheWay, match="exists already") as caught:
        make_plan(spec_of(force=force), catalog, facts)
    assert "--directory" in caught.value.fix
    assert ("--force" in caught.value.fix) == app


def test_a_folder_that_cannot_be_written(catalog: Catalog) -> None:
    closed = replace(FACTS, target=TargetFacts(exists=False, empty=True, app=False, writable=False))
    with pytest.raises(TargetReadOnly) as caught:
        make_plan(spec_of(force=True), catalog, closed)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_stores_have_limits(catalog: Catalog, platform: str) -> None:
    spec = spec_of(TaskChoice("talk", model="/m.gguf"), platforms=(platform,))
    limit = BUNDLE_LIMITS[platform]
    make_plan(spec, catalog, with_model("/m.gguf", limit))
    with pytest.raises(BundleTooLarge) as caught:
        make_plan(spec, catalog, with_model("/m.gguf", limit + 1))
    assert "'m'" in caught.value.cause


@pytest.mark.parametrize(
    ("size", "platforms", "expected"),
    [(200_000_000, ("android",), False), (200_000_001, ("android",), True), (200_000_001, ("ios",), False)],
)
def test_google_play_has_a_smaller_limit(
    catalog: Catalog, size: int, platforms: tuple[str, ...], expected: bool
) -> None:
    spec = spec_of(TaskChoice("talk", model="/m.gguf"), platforms=platforms)
    warnings = make_plan(spec, catalog, with_model("/m.gguf", size)).warnings
    assert any("Google Play takes 200.0 MB" in text for text in warnings) == expected


def test_the_disk_has_to_hold_the_app(catalog: Catalog) -> None:
    spec = spec_of(TaskChoice("talk", model="/m.gguf"))
    facts = replace(with_model("/m.gguf", 2 * GB), host=replace(HOST, disk_free_bytes=GB))
    with pytest.raises(DiskTooSmall) as caught:
        make_plan(spec, catalog, facts)
    assert caught.value.exit_code == 3
    assert "2.0 GB" in caught.value.what


def test_copies_are_counted(catalog: Catalog) -> None:
    # alpha takes paths only, so Android has to copy the file out of the APK; iOS has files anyway.
    plan = make_plan(spec_of(TaskChoice("talk", model="/m.gguf")), catalog, with_model("/m.gguf", 1000))
    assert plan.device_bytes == {"android": 2000, "ios": 1000}
    assert plan.disk_bytes == 1000
    plan = make_plan(spec_of(), catalog, FACTS)
    assert plan.device_bytes == {"android": 5, "ios": 5}
    assert plan.disk_bytes == 15


WARNINGS = [
    (with_model("/m.gguf", chat_template=False), HOST, "has no chat template of its own"),
    (with_model("/m.gguf", licence=None), HOST, "The licence of m is unknown"),
    (with_model("/m.gguf", 3 * GB), replace(HOST, memory_bytes=4 * GB), "may not fit into this machine's memory"),
]


@pytest.mark.parametrize(("facts", "host", "sentence"), WARNINGS, ids=[row[2] for row in WARNINGS])
def test_warnings(catalog: Catalog, facts: Facts, host: HostFacts, sentence: str) -> None:
    spec = spec_of(TaskChoice("talk", model="/m.gguf"), platforms=("ios",))
    assert make_plan(spec, catalog, with_model("/m.gguf")).warnings == ()
    (warning,) = make_plan(spec, catalog, replace(facts, host=host)).warnings
    assert sentence in warning


def test_an_accelerator_of_one_platform_is_taken_there(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(replace(BETA, accelerators={"ios": "gpu"}),))
    asking = TaskChoice("talk", accelerator="gpu")
    (warning,) = make_plan(spec_of(asking), catalog, FACTS).warnings
    assert "Beta has no 'gpu' on android: there the CPU computes" in warning
    assert make_plan(spec_of(asking, platforms=("ios",)), catalog, FACTS).warnings == ()
    with pytest.raises(NothingFits):
        make_plan(spec_of(asking, platforms=("android",)), catalog, FACTS)


def test_a_model_beyond_what_is_allowed_is_told(catalog: Catalog) -> None:
    asking = TaskChoice("talk", model="/m.gguf", memory_mb=1)
    (warning,) = make_plan(spec_of(asking, platforms=("ios",)), catalog, with_model("/m.gguf", 1_000_001)).warnings
    assert "cannot load: memory_mb allows 1 MB" in warning
    assert make_plan(spec_of(asking, platforms=("ios",)), catalog, with_model("/m.gguf", 1_000_000)).warnings == ()


def test_a_template_of_the_app_quiets_the_warning(catalog: Catalog) -> None:
    spec = spec_of(TaskChoice("talk", model="/m.gguf", chat_template="T"), platforms=("ios",))
    assert make_plan(spec, catalog, with_model("/m.gguf", chat_template=False)).warnings == ()


def test_the_example_package_is_for_trying(catalog: Catalog) -> None:
    plan = make_plan(replace(spec_of(), identity=identify("Parrot")), catalog, FACTS)
    assert "Google Play refuses com.example" in plan.warnings[0]


def test_a_runtime_without_this_machine(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(replace(BETA, platforms=("android", "ios")),))
    assert any("does not run on this machine" in text for text in make_plan(spec_of(), catalog, FACTS).warnings)


def test_a_runtime_for_another_system(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(replace(BETA, more='hosts = ["macos"]\n'),))
    for system, expected in (("linux", True), ("macos", False)):
        facts = replace(FACTS, host=replace(FACTS.host, os=system))
        warnings = make_plan(spec_of(), catalog, facts).warnings
        assert any("does not run on this machine" in text for text in warnings) == expected


@pytest.mark.parametrize(
    ("runs_on", "planned", "said"),
    [
        (("android", "ios"), ("android", "ios"), []),
        (("ios",), ("ios",), ["Beta does not run on android: the app is made for ios alone."]),
        (("android",), ("android",), ["Beta does not run on ios: the app is made for android alone."]),
    ],
)
def test_where_nobody_named_a_platform_those_that_fit_will_do(
    tmp_path: Path, runs_on: tuple[str, ...], planned: tuple[str, ...], said: list[str]
) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(replace(BETA, platforms=("host", *runs_on)),))
    plan = make_plan(replace(spec_of(), any_platform=True), catalog, FACTS)
    assert plan.platforms == planned
    assert [text for text in plan.warnings if "alone" in text] == said
    assert f"platforms = {json.dumps(planned)}" in plan.app_toml


def test_nothing_fits_anywhere(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(replace(BETA, format="odd"),))
    with pytest.raises(NothingFits):
        make_plan(replace(spec_of(), any_platform=True), catalog, FACTS)
