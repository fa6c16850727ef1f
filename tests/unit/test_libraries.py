"""Libraries that runtimes open: fetched for this machine alone, by hash, once; a build puts them beside the core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handheld.errors import HandheldError, HashMismatch
from handheld.libraries import Library, LicenceText, fetch_libraries, fetch_licence_texts
from handheld.progress import SilentProgress
from handheld.tools import Tools
from helpers.cache import offline_index, stocked, tools_in
from helpers.packages import Package, make_wheel

MEMBER = "alpha/capi/liba.so.1.2"


@pytest.fixture
def alpha(links: Path) -> Package:
    return make_wheel(links, "alpha", "1.2", {MEMBER: b"machine code", "alpha/other": b"left where it is"})


def locked(package: Package, system: str = "linux") -> Library:
    pinned = {"pypi": package.requirement, "sha256": package.sha256, "bytes": package.bytes}
    return Library(name="liba.so", os=system, arch="arm64", python="3.11", member=MEMBER, **pinned)  # type: ignore[arg-type]


def fetched(libraries: list[Library], tools: Tools) -> dict[str, Path]:
    return fetch_libraries(libraries, "linux", "arm64", tools, SilentProgress())


def test_pip_brings_it_for_the_python_that_it_was_packed_for(tmp_path: Path, links: Path, alpha: Package) -> None:
    paths = fetched([locked(alpha), locked(alpha, "macos")], offline_index(tmp_path, links))
    assert {name: path.read_bytes() for name, path in paths.items()} == {"liba.so": b"machine code"}
    assert not list((tmp_path / "cache").glob("archives/*"))
    assert fetched([locked(alpha)], tools_in(tmp_path)) == paths, "a second time nobody is asked"


def test_several_of_one_package_lie_side_by_side(tmp_path: Path, links: Path, alpha: Package) -> None:
    both = [locked(alpha), replace(locked(alpha), name="libother.so", member="alpha/other")]
    paths = fetched(both, offline_index(tmp_path, links))
    assert {name: path.read_bytes()[:7] for name, path in paths.items()} == {
        "liba.so": b"machine",
        "libother.so": b"left wh",
    }
    assert fetched(both, tools_in(tmp_path)) == paths, "a second time nobody is asked"


def test_what_is_for_other_machines_is_left_alone(tmp_path: Path, alpha: Package) -> None:
    assert fetched([locked(alpha, "macos")], tools_in(tmp_path)) == {}
    assert fetched([], tools_in(tmp_path)) == {}


def test_a_damaged_one_is_made_again(tmp_path: Path, links: Path, alpha: Package) -> None:
    path = fetched([locked(alpha)], stocked(tmp_path, links))["liba.so"]
    path.write_bytes(b"machine c0de")
    assert fetched([locked(alpha)], stocked(tmp_path, links))["liba.so"].read_bytes() == b"machine code"


def test_another_package_than_the_locked_one_is_refused(tmp_path: Path, links: Path, alpha: Package) -> None:
    with pytest.raises(HashMismatch):
        fetched([replace(locked(alpha), sha256="0" * 64)], offline_index(tmp_path, links))
    assert not list((tmp_path / "cache").glob("libraries/*"))


def test_a_member_that_is_not_there_leaves_nothing(tmp_path: Path, links: Path, alpha: Package) -> None:
    with pytest.raises(HandheldError):
        fetched([replace(locked(alpha), member="alpha/nowhere")], stocked(tmp_path, links))
    assert not list((tmp_path / "cache").glob("libraries/*"))


def test_a_licence_text_comes_with_the_library_of_its_package(tmp_path: Path, links: Path, alpha: Package) -> None:
    text = LicenceText(alpha.requirement, "3.11", alpha.sha256, alpha.bytes, "alpha/other")
    tools = offline_index(tmp_path, links)
    path = fetch_licence_texts([text], [locked(alpha)], tools, SilentProgress())[text]
    assert (path.name, path.read_bytes()) == ("other", b"left where it is")
    assert not list((tmp_path / "cache").glob("archives/*"))
    # Both are there now: nobody is asked for either.
    nobody = tools_in(tmp_path)
    assert fetched([locked(alpha)], nobody)["liba.so"].read_bytes() == b"machine code"
    assert fetch_licence_texts([text], [], nobody, SilentProgress()) == {text: path}
