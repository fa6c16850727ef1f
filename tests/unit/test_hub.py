"""Models of the hub, with its own client against a server on this machine."""

from __future__ import annotations

import io
import sys
import venv
from pathlib import Path

import pytest

from handheld.catalog import Catalog
from handheld.errors import HashMismatch, HubMissing, HubRefused, ModelDamaged, NoNetwork, NotAModel
from handheld.models import StoredModel, fetch_models
from handheld.progress import PlainProgress, Progress, SilentProgress
from handheld.tools import Tools
from helpers.cache import files_below, plan_for, tools_in
from helpers.catalogues import write_catalogue
from helpers.gguf_file import small_model
from helpers.servers import COMMIT, Answers, hub_of, serving

NAME = "sub/tiny.gguf"
REFERENCE = f"hf:org/repo/{NAME}"
ROUTE = f"/org/repo/resolve/main/{NAME}"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return write_catalogue(tmp_path / "root")


def hub_tools(folder: Path, url: str) -> Tools:
    return tools_in(folder, HF_ENDPOINT=url, HF_HUB_ETAG_TIMEOUT="5", HF_HUB_DISABLE_TELEMETRY="1")


def fetch(catalog: Catalog, tools: Tools, reference: str = REFERENCE, progress: Progress | None = None) -> StoredModel:
    return fetch_models(plan_for(catalog, reference), tools, progress or SilentProgress()).models["talk"]


def gets(answers: Answers) -> int:
    return sum(name.startswith("GET") and name.endswith(".gguf") for name in answers.asked)


def test_a_file_of_the_hub(tmp_path: Path, catalog: Catalog) -> None:
    with serving(hub_of("org/repo", NAME, small_model())) as answers:
        tools = hub_tools(tmp_path, answers.url)
        model = fetch(catalog, tools)
        assert model.path.read_bytes() == small_model()
        assert (model.path.name, model.bytes, model.revision) == ("tiny.gguf", len(small_model()), COMMIT)
        assert gets(answers) == 1
        # The branch is looked up again, the file is not.
        assert fetch(catalog, tools) == model
        assert gets(answers) == 1
    kinds = {name.partition("/")[0] for name in files_below(tools.cache)}
    assert kinds == {"hub", "models"}


def test_a_commit_never_changes(tmp_path: Path, catalog: Catalog) -> None:
    pinned = f"hf:org/repo@{COMMIT}/{NAME}"
    with serving(hub_of("org/repo", NAME, small_model())) as answers:
        tools = hub_tools(tmp_path, answers.url)
        model = fetch(catalog, tools, pinned)
        asked = len(answers.asked)
        assert fetch(catalog, tools, pinned) == model
        assert len(answers.asked) == asked


def test_without_network_the_last_file_is_used(tmp_path: Path, catalog: Catalog) -> None:
    with serving(hub_of("org/repo", NAME, small_model())) as answers:
        tools = hub_tools(tmp_path, answers.url)
        model = fetch(catalog, tools)
    told = io.StringIO()
    assert fetch(catalog, tools, progress=PlainProgress(told)) == model
    assert f"The hub does not answer; the file of commit {COMMIT[:12]} is used" in told.getvalue()
    # Another revision was never asked for.
    with pytest.raises(NoNetwork) as caught:
        fetch(catalog, tools, f"hf:org/repo@v2/{NAME}")
    assert caught.value.exit_code == 3
    assert "hf download org/repo" in caught.value.fix


def test_a_damaged_file_is_fetched_again(tmp_path: Path, catalog: Catalog) -> None:
    with serving(hub_of("org/repo", NAME, small_model())) as answers:
        tools = hub_tools(tmp_path, answers.url)
        model = fetch(catalog, tools)
        model.path.write_bytes(b"damage")
        assert fetch(catalog, tools).path.read_bytes() == small_model()
        assert gets(answers) == 2


REFUSALS = [
    ("hf:org/repo/other.gguf", {"X-Error-Code": "EntryNotFound"}, 404, "has no file other.gguf in main", "hf download"),
    ("hf:org/repo@v9/x.gguf", {"X-Error-Code": "RevisionNotFound"}, 404, "has no revision v9", "hf download"),
    ("hf:org/none/x.gguf", {"X-Error-Code": "RepoNotFound"}, 404, "there is no repository org/none", "hf auth login"),
    ("hf:org/repo/x.gguf", {"X-Error-Code": "GatedRepo"}, 403, "its terms have to be accepted", "hf auth login"),
]


@pytest.mark.parametrize(
    ("reference", "headers", "status", "reason", "fix"), REFUSALS, ids=[row[3] for row in REFUSALS]
)
def test_refusals(
    tmp_path: Path, catalog: Catalog, reference: str, headers: dict[str, str], status: int, reason: str, fix: str
) -> None:
    repository, _, name = reference.removeprefix("hf:").rpartition("/")
    repository, _, revision = repository.partition("@")
    route = f"/{repository}/resolve/{revision or 'main'}/{name}"
    answers = Answers(headers={route: headers}, statuses={route: status})
    with serving(answers), pytest.raises(HubRefused) as caught:
        fetch(catalog, hub_tools(tmp_path, answers.url), reference)
    assert reason in caught.value.what
    assert reference in caught.value.what
    assert fix in caught.value.fix
    assert caught.value.exit_code == 2
    assert files_below(tmp_path / "cache") == []


def test_another_hash(tmp_path: Path, catalog: Catalog) -> None:
    answers = hub_of("org/repo", NAME, small_model())
    for headers in answers.headers.values():
        headers["ETag"] = f'"{"0" * 64}"'
    with serving(answers), pytest.raises(HashMismatch) as caught:
        fetch(catalog, hub_tools(tmp_path, answers.url))
    assert caught.value.exit_code == 4
    assert files_below(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("data", "kind"), [(b"<html><body>no</body></html>", NotAModel), (small_model()[:-10], ModelDamaged)]
)
def test_a_file_that_is_no_model(
    tmp_path: Path, catalog: Catalog, data: bytes, kind: type[NotAModel | ModelDamaged]
) -> None:
    with serving(hub_of("org/repo", NAME, data)) as answers, pytest.raises(kind):
        fetch(catalog, hub_tools(tmp_path, answers.url))
    assert files_below(tmp_path / "cache") == []


def test_no_network(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(NoNetwork, match=r"hf:org/repo/sub/tiny\.gguf"):
        fetch(catalog, hub_tools(tmp_path, "http://127.0.0.1:9"))
    assert files_below(tmp_path / "cache") == []


def test_the_client_is_an_extra(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(HubMissing) as caught:
        fetch(catalog, tools_in(tmp_path))
    assert caught.value.fix == f'{python} -m pip install "handheld[hf]"'
    assert files_below(tmp_path / "cache") == []
