"""What is generated is what stands in the repository, and every name has one source."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from handheld.catalog import load_catalog
from handheld.codegen import NOTE, drift, generated, write
from handheld.codegen_docs import BEGIN, with_table
from handheld.proof import LEVELS, OWN, Proof, levels, load_proofs, record


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    """What codegen reads, to change."""
    for name in ("native", "templates", "docs"):
        shutil.copytree(repository / name, tmp_path / name)
    for name in ("README.md", "generator/handheld/status.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repository / name, tmp_path / name)
    return tmp_path


def test_nothing_differs(repository: Path) -> None:
    assert drift(repository) == [], "run: nox -s generate"


def test_every_edit_is_noticed_and_mended(copy: Path) -> None:
    assert drift(copy) == []
    for name in generated(copy):
        path = copy / name
        text = path.read_text()
        path.write_text(text.replace("| --- |", "| - |", 1) if name == "README.md" else text + "x")
        assert drift(copy) == [name]
        assert write(copy) == [name]
        assert path.read_text() == text


def test_code_says_that_it_is_generated(repository: Path) -> None:
    for name in generated(repository):
        if not name.endswith((".md", ".json")):
            assert NOTE in (repository / name).read_text()


def test_a_new_status_reaches_every_language(copy: Path) -> None:
    source = copy / "native/status.toml"
    row = '[[status]]\nname = "too_hot"\ncode = 306\nsentence = "The device is too hot: \\"$5\\"."\n\n'
    before = '[[status]]\nname = "internal"'
    source.write_text(source.read_text().replace(before, row + before))
    files = generated(copy)
    assert "HH_TOO_HOT = 306" in files["native/include/handheld_status.h"]
    assert "TOO_HOT = 306" in files["generator/handheld/status.py"]
    assert (
        'TOO_HOT(306, "The device is too hot: \\"\\$5\\".")' in files["native/bindings/kotlin/dev/handheld/Status.kt"]
    )
    assert "case tooHot = 306" in files["native/bindings/swift/Handheld/Status.swift"]


@pytest.mark.parametrize(("old", "new"), [("code = 101", "code = 100"), ('"busy"', '"unsupported"')])
def test_codes_and_names_stand_once(copy: Path, old: str, new: str) -> None:
    source = copy / "native/status.toml"
    source.write_text(source.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match="status"):
        generated(copy)


def test_a_readme_without_the_markers() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        with_table(f"# Title\n{BEGIN}\nno end", "table")


def test_the_schema_is_one_and_takes_the_examples(repository: Path) -> None:
    schema = json.loads((repository / "docs/generated/app.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = {"handheld": 1, "app": {"name": "Parrot"}, "task": {"chat": {"settings": {"temperature": 0.5}}}}
    jsonschema.validate(valid, schema)
    for wrong in ({**valid, "ap": {}}, {**valid, "task": {"chat": {"settings": {"temperature": "hot"}}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


# Proofs.


def test_a_proof_names_what_exists(repository: Path) -> None:
    catalog = load_catalog(repository)
    for proof in load_proofs(repository):
        task = catalog.tasks[proof.task]
        assert proof.model in {OWN, *(model.name for model in task.models)}
        assert proof.runtime in catalog.runtimes
        assert proof.level in LEVELS


def test_proofs_are_kept_once(tmp_path: Path) -> None:
    (tmp_path / "docs/generated").mkdir(parents=True)
    assert load_proofs(tmp_path) == ()
    proof = Proof("t", "r", "m", "host", "linux x86_64", "0.1.0")
    later = Proof("t", "r", "m", "host", "linux x86_64", "0.2.0")
    other = Proof("t", "r", "m", "device", "phone", "0.1.0")
    for each in (proof, later, other):
        record(tmp_path, [each])
    assert set(load_proofs(tmp_path)) == {later, other}
    assert levels(load_proofs(tmp_path), task="t") == ["device", "host"]
    assert levels(load_proofs(tmp_path), task="t", model="x") == []


def test_the_readmes_table_claims_what_was_proven(repository: Path) -> None:
    catalog, proofs = load_catalog(repository), load_proofs(repository)
    table = (repository / "README.md").read_text().split(BEGIN)[1]
    for task in catalog.tasks.values():
        row = next(line for line in table.splitlines() if line.startswith(f"| {task.title} "))
        cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
        for runtime, cell in zip(catalog.runtimes, cells, strict=True):
            claimed = set(re.findall("|".join(LEVELS), cell))
            assert claimed == {proof.level for proof in proofs if (proof.task, proof.runtime) == (task.name, runtime)}
