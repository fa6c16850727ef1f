"""A hosted runtime from its table to a running server: a real environment, a real process tree, real ends of it."""

from __future__ import annotations

import re
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from handheld.catalog import Conversion, Hosted, load_catalog
from handheld.conversion import _Watch
from handheld.errors import CatalogueWrong, InputError
from handheld.hosted import HostedModel, prepare, serve
from handheld.hosted_errors import NeverInAnApp, NoHostedForm, NotInstalled, ServerDied, ServerNeedsMemory, SpreadFailed
from handheld.progress import SilentProgress
from handheld.spec import Request, read_spec
from handheld.tools import Tools
from helpers import openai_server
from helpers.apps import made_up_files, plan_of, tree_of
from helpers.cache import files_below, offline_index
from helpers.packages import make_wheel

PROGRESS = SilentProgress()
SPREAD = """import sys
from pathlib import Path
data = Path(sys.argv[1]).read_bytes()
if data == b"bad":
    sys.exit("cannot read this model: no such architecture")
(Path(sys.argv[2]) / "weights").write_bytes(data * 4)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hosted, Tools]:
    """A hosted runtime whose server is a package on this disk, and tools whose pip finds it."""
    folder = tmp_path_factory.mktemp("hosted")
    wheel = make_wheel(
        folder / "links", "tinyserver", "1.0", {"tinyserver.py": Path(openai_server.__file__).read_bytes()}
    )
    (folder / "requirements.txt").write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    (folder / "spread.py").write_text(SPREAD)
    system = {"darwin": "macos"}.get(sys.platform, sys.platform)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = Conversion(folder / "requirements.txt", (own,), {system: 5_000_000}, {system: 9_000_000})
    hosted = Hosted(
        name="tiny",
        title="Tiny",
        licence="Apache-2.0",
        shapes=("generate",),
        formats=("gguf",),
        environment=environment,
        spread=folder / "spread.py",
        arguments=("-m", "tinyserver", "{folder}", "{port}", "{name}"),
        environ={"TINY_THREADS": "{threads}"},
        memory_bytes=1000,
    )
    return hosted, offline_index(folder, folder / "links")


@pytest.fixture
def model(tmp_path: Path) -> HostedModel:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return HostedModel(path, "small", "gguf", "ab" * 32)


def agree(_question: str) -> bool:
    return True


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def test_nothing_large_comes_unasked(place: tuple[Hosted, Tools], model: HostedModel, tmp_path: Path) -> None:
    hosted, tools = place
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    elsewhere = replace(tools, cache=tmp_path / "cache")
    with pytest.raises(NotInstalled) as caught:
        prepare(hosted, model, elsewhere, PROGRESS, refuse)
    assert "5.0 MB" in asked[0]
    assert "9.0 MB" in asked[0]
    assert "--yes" in caught.value.fix
    assert not elsewhere.cache.exists()


def test_a_server_serves_and_ends_with_its_children(place: tuple[Hosted, Tools], model: HostedModel) -> None:
    hosted, tools = place
    prepared = prepare(hosted, model, tools, PROGRESS, agree)
    assert (prepared.folder / "weights").read_bytes() == b"weights" * 4
    with serve(prepared, 256, 1, tools, PROGRESS) as server:
        assert server.endpoint.model == "reference"
        assert server.endpoint.score([258, 65, 256, 259, 65]).logprobs == (-3.0, -0.5, -3.0, -0.5)
        assert server.memory() > 2e6
        assert len(children()) >= 2
    assert not list((tools.cache / "logs").iterdir())
    again = prepare(hosted, model, replace(tools, environ={**tools.environ, "PIP_FIND_LINKS": ""}), PROGRESS, agree)
    assert again == prepared, "what is there is used"


def test_an_interrupt_ends_the_server(place: tuple[Hosted, Tools], model: HostedModel) -> None:
    hosted, tools = place
    prepared = prepare(hosted, model, tools, PROGRESS, agree)
    with pytest.raises(KeyboardInterrupt), serve(prepared, 256, 1, tools, PROGRESS):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("fault", "how"), [("die", "while it started"), ("die-later", "during an answer")])
def test_a_server_that_dies_leaves_its_words(
    place: tuple[Hosted, Tools], model: HostedModel, fault: str, how: str
) -> None:
    hosted, tools = place
    prepared = prepare(hosted, model, tools, PROGRESS, agree)
    faulty = replace(prepared, hosted=replace(hosted, arguments=(*hosted.arguments, fault)))

    def use() -> None:
        with serve(faulty, 256, 1, tools, PROGRESS) as server:
            while True:
                server.endpoint.generate([258, 65, 256, 259], 4)

    with pytest.raises(ServerDied) as caught:
        use()
    assert how in caught.value.what
    assert "serving " in caught.value.cause
    log = re.search(r'less "(.+?)"', caught.value.fix)
    assert log is not None
    assert Path(log[1]).is_file()
    Path(log[1]).unlink()


def test_too_little_memory(place: tuple[Hosted, Tools], model: HostedModel) -> None:
    hosted, tools = place
    prepared = prepare(hosted, model, tools, PROGRESS, agree)
    large = replace(prepared, hosted=replace(hosted, memory_bytes=1 << 60))
    with pytest.raises(ServerNeedsMemory), serve(large, 256, 1, tools, PROGRESS):
        pass


def test_a_model_without_a_hosted_form(place: tuple[Hosted, Tools], model: HostedModel) -> None:
    hosted, tools = place
    with pytest.raises(NoHostedForm, match="small"):
        prepare(hosted, replace(model, format="echo"), tools, PROGRESS, agree)


def test_a_model_that_cannot_be_spread_leaves_nothing(place: tuple[Hosted, Tools], model: HostedModel) -> None:
    hosted, tools = place
    before = [name for name in files_below(tools.cache) if name.startswith(("hosted", "tmp"))]
    model.path.write_bytes(b"bad")
    with pytest.raises(SpreadFailed) as caught:
        prepare(hosted, replace(model, sha256="cd" * 32), tools, PROGRESS, agree)
    assert "no such architecture" in caught.value.cause
    assert [name for name in files_below(tools.cache) if name.startswith(("hosted", "tmp"))] == before


def test_looking_at_a_download_bears_its_end(tmp_path: Path) -> None:
    """The folders are removed by pip while their sizes are added up."""
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            for number in range(8):
                (tmp_path / f"pip-unpack-{number}").mkdir()
                (tmp_path / f"pip-unpack-{number}" / "wheel").write_bytes(b"1")
            for number in range(8):
                shutil.rmtree(tmp_path / f"pip-unpack-{number}")

    mover = threading.Thread(target=come_and_go)
    mover.start()
    try:
        with _Watch("Tiny", tmp_path, 100, PROGRESS) as watch:
            for _ in range(60):
                assert not watch.tick()
    finally:
        stop.set()
        mover.join()


# Never inside an app.


@pytest.mark.parametrize("name", sorted(load_catalog(Path(__file__).resolve().parents[2]).hosted))
def test_a_hosted_runtime_is_refused_for_an_app(repository: Path, name: str) -> None:
    catalog = load_catalog(repository)
    for given in (name, catalog.hosted[name].title.upper()):
        with pytest.raises(NeverInAnApp) as caught:
            read_spec(Request("Parrot", tasks=("chat",), runtimes=(given,)), catalog)
        assert isinstance(caught.value, InputError)
        assert f"--reference {name}" in caught.value.fix
    assert name not in catalog.runtimes


def test_no_file_of_a_hosted_runtime_is_in_an_app(repository: Path, tmp_path: Path) -> None:
    from handheld.render import render_app  # noqa: PLC0415

    hosted = load_catalog(repository).hosted
    assert hosted
    plan = plan_of(tmp_path / "app")
    render_app(plan, made_up_files(plan, tmp_path / "files"))
    rendered = {content for _, content in tree_of(tmp_path / "app").values()}
    names = set(tree_of(tmp_path / "app"))
    assert any(name.startswith("native/runtimes/") for name in names)
    for name in hosted:
        assert not [path for path in names if f"runtimes/{name}/" in path]
        for path in (repository / "native" / "runtimes" / name).iterdir():
            assert path.read_bytes() not in rendered


def test_a_hosted_runtime_has_no_code_of_the_core(repository: Path) -> None:
    for name in load_catalog(repository).hosted:
        folder = repository / "native" / "runtimes" / name
        assert not [path.name for path in folder.iterdir() if path.suffix in {".cpp", ".hpp", ".swift", ".cmake"}]
        assert not (folder / "CMakeLists.txt").exists()
        lines = (folder / "requirements.txt").read_text().splitlines()
        pinned = [line for line in lines if line and not line.startswith("#")]
        assert pinned
        assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+ --hash=sha256:[0-9a-f]{64}", line) for line in pinned)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"{folder}"', '"{directory}"', "{folder}, {name}, {port}"),
        ("hosted = true", 'hosted = true\nplatforms = ["host"]', "platforms"),
        ('spread = "spread.py"', "", "spread"),
        ('name = "vllm"', 'name = "other"', "its folder"),
    ],
)
def test_a_wrong_table_is_named(repository: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (repository / "native/runtimes/vllm/runtime.toml").read_text()
    assert old in text
    folder = tmp_path / "native" / "runtimes" / "vllm"
    folder.mkdir(parents=True)
    (folder / "runtime.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogueWrong, match=re.escape(says)):
        load_catalog(tmp_path)
