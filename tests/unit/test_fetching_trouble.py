"""A disk that fills up, several processes at once, a process that dies: the cache stays whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from handheld.errors import (
    DiskFull,
)
from handheld.tools import Tools
from helpers.cache import files_below, offline_index, online_index, stocked, tools_in
from helpers.catalogues import RuntimeText, package_model, source_text, write_catalogue
from helpers.fetching import SOURCES, assert_clean, fetch, index, joined, stored
from helpers.gguf_file import small_model
from helpers.packages import Package, make_sdist, make_wheel
from helpers.servers import index_of, serving

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
