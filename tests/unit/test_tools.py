"""The one door to the outside, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from handheld.errors import CacheReadOnly, ToolFailed, ToolMissing, ToolTimeout
from handheld.progress import make_progress
from handheld.tools import TAIL, Tools, open_tools

PYTHON = sys.executable


def ignore(line: str) -> None:
    """Take a line and do nothing."""
    del line


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path / "cache", {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!{PYTHON}\n{text}")
    path.chmod(0o755)
    return path


# Finding.


def test_find(tools: Tools, tmp_path: Path) -> None:
    path = program(tmp_path, "frob", "")
    assert tools.find("frob") == path
    assert tools.find(str(path)) == path
    assert tools.find("no-such-program") is None
    path.chmod(0o644)
    assert tools.find("frob") is None


def test_find_searches_the_given_path_alone(tmp_path: Path) -> None:
    assert Tools(tmp_path, {"PATH": str(tmp_path)}).find("sh") is None
    assert Tools(tmp_path, {}).find("sh") is None


def test_a_missing_program_is_explained(tmp_path: Path) -> None:
    tools = Tools(tmp_path, {"PATH": "/a:/b"})
    with pytest.raises(ToolMissing) as caught:
        tools.require("frob", "sudo apt install frob")
    assert "'frob' was not found" in caught.value.what
    assert "/a:/b" in caught.value.cause
    assert caught.value.fix == "sudo apt install frob"
    assert caught.value.exit_code == 3
    with pytest.raises(ToolMissing, match="'frob'"):
        tools.run(["frob"])
    with pytest.raises(ToolMissing, match="'frob'"):
        tools.stream(["frob"], ignore)
    with pytest.raises(ToolMissing, match="not found"):
        Tools(tmp_path, {}).require("frob")


# Running.


def test_run(tools: Tools, tmp_path: Path) -> None:
    text = "import os, sys; print(os.getcwd(), os.environ['EXTRA'], sys.stdin.read()); print('err', file=sys.stderr)"
    done = tools.run([PYTHON, "-c", text], cwd=tmp_path, env={"EXTRA": "ż"}, stdin="in\u00e9")
    assert done.stdout == f"{tmp_path} ż iné\n"
    assert (done.stderr, done.returncode) == ("err\n", 0)
    assert done.argv == (PYTHON, "-c", text)
    assert 0 < done.seconds < 60


def test_run_gives_no_input_unless_asked(tools: Tools) -> None:
    assert tools.run([PYTHON, "-c", "import sys; print(len(sys.stdin.read()))"]).stdout == "0\n"


def test_output_need_not_be_utf8(tools: Tools) -> None:
    assert tools.run([PYTHON, "-c", r"import os; os.write(1, b'a\xffb')"]).stdout == "a\ufffdb"


def test_a_failure_is_explained(tools: Tools) -> None:
    text = "import sys; print('to stdout'); print('reason', file=sys.stderr); sys.exit(7)"
    with pytest.raises(ToolFailed) as caught:
        tools.run([PYTHON, "-c", text])
    assert "failed with exit code 7" in caught.value.what
    assert "reason" in caught.value.cause
    assert PYTHON in caught.value.fix
    assert tools.run([PYTHON, "-c", text], check=False).returncode == 7


def test_a_failure_shows_the_end_of_the_output_alone(tools: Tools) -> None:
    text = "import sys; print('\\n'.join(f'line {n}' for n in range(1000))); sys.exit(1)"
    with pytest.raises(ToolFailed) as caught:
        tools.run([PYTHON, "-c", text])
    assert "line 999" in caught.value.cause
    assert "line 979" not in caught.value.cause


def test_a_silent_failure_is_explained(tools: Tools) -> None:
    with pytest.raises(ToolFailed, match="exit code 1") as caught:
        tools.run([PYTHON, "-c", "raise SystemExit(1)"])
    assert caught.value.cause == "It printed nothing."


def test_death_by_signal_is_explained(tools: Tools) -> None:
    with pytest.raises(ToolFailed, match="ended by signal 9"):
        tools.run([PYTHON, "-c", "import os; os.kill(os.getpid(), 9)"])


# Streaming.


def test_lines_come_while_the_process_runs(tools: Tools, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    text = f"""
import pathlib, time
print("first", flush=True)
while not pathlib.Path({str(gate)!r}).exists():
    time.sleep(0.01)
print("second")
"""
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        gate.touch()

    done = tools.stream([PYTHON, "-c", text], on_line, timeout=60)
    assert lines == ["first", "second"]
    assert (done.stdout, done.returncode) == ("first\nsecond", 0)


@pytest.mark.parametrize(
    ("writes", "lines"),
    [
        (["a\\nb"], ["a", "b"]),
        (["a\\n", "\\n", "b\\n"], ["a", "", "b"]),
        (["10 %\\r", "20 %\\r", "done\\n"], ["10 %", "20 %", "done"]),
        (["a\\r", "\\nb\\r\\n"], ["a", "b"]),
        (["za\\xc5", "\\xbcar\\n"], ["zażar"]),
        (["\\xff\\n"], ["\ufffd"]),
        ([], []),
    ],
)
def test_lines_are_split_as_terminals_do(tools: Tools, writes: list[str], lines: list[str]) -> None:
    text = "import os, time\n" + "".join(f"os.write(1, b'{data}'); time.sleep(0.05)\n" for data in writes)
    found: list[str] = []
    tools.stream([PYTHON, "-c", text], found.append)
    assert found == lines


def test_both_outputs_are_streamed(tools: Tools) -> None:
    found: list[str] = []
    tools.stream([PYTHON, "-c", "import sys; print('a', flush=True); print('b', file=sys.stderr)"], found.append)
    assert found == ["a", "b"]


def test_a_flood_is_streamed_and_not_kept(tools: Tools) -> None:
    count = 0

    def on_line(line: str) -> None:
        nonlocal count
        count += len(line) + 1

    done = tools.stream([PYTHON, "-c", "print(('x' * 99 + '\\n') * 50_000, end='')"], on_line)
    assert count == 5_000_000
    assert TAIL - 200 <= len(done.stdout) <= TAIL


def test_a_line_without_end_is_cut(tools: Tools) -> None:
    lengths: list[int] = []
    tools.stream([PYTHON, "-c", "print('x' * 1_000_000)"], lambda line: lengths.append(len(line)))
    assert sum(lengths) == 1_000_000
    assert max(lengths) <= 3 * TAIL


def test_streaming_failures_are_explained(tools: Tools) -> None:
    command = [PYTHON, "-c", "print('reason'); raise SystemExit(3)"]
    with pytest.raises(ToolFailed, match="exit code 3") as caught:
        tools.stream(command, ignore)
    assert "reason" in caught.value.cause
    assert tools.stream(command, ignore, check=False).returncode == 3


def test_a_tick_may_end_the_process(tools: Tools) -> None:
    ticks = 0

    def on_tick() -> bool:
        nonlocal ticks
        ticks += 1
        return ticks == 3

    done = tools.stream([PYTHON, "-c", "import time; time.sleep(60)"], ignore, on_tick=on_tick)
    assert ticks == 3
    assert done.returncode < 0
    assert done.seconds < 30


def test_a_process_may_close_its_output_and_live_on(tools: Tools) -> None:
    text = "import os, time; os.write(1, b'x'); os.close(1); os.close(2); time.sleep(0.5); os._exit(4)"
    lines: list[str] = []
    assert tools.stream([PYTHON, "-c", text], lines.append, check=False).returncode == 4
    assert lines == ["x"]


# Ending.

TREE = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
print("up", flush=True)
time.sleep(100)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("text", [TREE, STUBBORN + TREE], ids=["polite", "stubborn"])
@pytest.mark.parametrize("how", ["run", "stream"])
def test_a_timeout_ends_the_whole_tree(tools: Tools, tmp_path: Path, text: str, how: str) -> None:
    note = tmp_path / "pid"
    command = [PYTHON, "-c", text, str(note)]
    calls: dict[str, Callable[[], object]] = {
        "run": lambda: tools.run(command, timeout=2),
        "stream": lambda: tools.stream(command, ignore, timeout=2),
    }
    with pytest.raises(ToolTimeout, match="longer than 2 s") as caught:
        calls[how]()
    assert caught.value.exit_code == 3
    assert gone(int(note.read_text()))


def test_an_error_in_a_callback_ends_the_tree(tools: Tools, tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def on_line(line: str) -> None:
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="up"):
        tools.stream([PYTHON, "-c", TREE, str(note)], on_line)
    assert gone(int(note.read_text()))


@pytest.mark.parametrize("how", ["run", "stream"])
def test_ctrl_c_ends_the_tree(tmp_path: Path, how: str, repository: Path) -> None:
    note = tmp_path / "pid"
    call = {"run": "tools.run(command)", "stream": "tools.stream(command, str)"}[how]
    text = f"""
import sys, pathlib
from handheld.tools import open_tools
tools = open_tools()
command = [sys.executable, "-c", {TREE!r}, {str(note)!r}]
try:
    {call}
except KeyboardInterrupt:
    sys.exit(130)
"""
    env = {**os.environ, "PYTHONPATH": str(repository / "generator")}
    # A group of its own: the signal goes to the parent alone, as from a supervisor.
    process = subprocess.Popen([PYTHON, "-c", text], env=env, start_new_session=True)
    while not note.exists() or not note.read_text():
        assert process.poll() is None
        threading.Event().wait(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert gone(int(note.read_text()))


# The rest.


def test_the_cache_is_where_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert open_tools({"HANDHELD_CACHE": str(tmp_path / "c")}).cache == tmp_path / "c"
    monkeypatch.setenv("HANDHELD_CACHE", "~/c")
    assert open_tools().cache == Path.home() / "c"
    monkeypatch.delenv("HANDHELD_CACHE")
    assert open_tools().cache.name == "handheld"
    assert open_tools().cache.is_relative_to(Path.home())


def test_tools_of_the_environment_are_found_without_activating_it() -> None:
    tools = open_tools({"PATH": "/nowhere"})
    assert tools.environ["PATH"].split(os.pathsep) == ["/nowhere", str(Path(PYTHON).parent)]
    assert tools.find(Path(PYTHON).name) == Path(PYTHON)
    assert open_tools({}).environ["PATH"] == str(Path(PYTHON).parent)


def test_the_clock_goes_forward(tools: Tools) -> None:
    assert tools.clock() <= tools.clock()


def test_a_lock_may_be_taken_again(tools: Tools) -> None:
    with tools.lock("a"), tools.lock("b"), tools.lock("a"):
        pass
    with tools.lock("a"):
        pass


def test_a_lock_keeps_other_processes_out(tools: Tools, tmp_path: Path, repository: Path) -> None:
    text = f"""
from handheld.tools import Tools
from handheld.progress import make_progress
from pathlib import Path
import sys
with Tools(Path({str(tools.cache)!r}), {{}}).lock("a", make_progress(sys.stderr)):
    Path({str(tmp_path / "in")!r}).touch()
"""
    env = {**os.environ, "PYTHONPATH": str(repository / "generator")}
    with tools.lock("a"):
        other = subprocess.Popen([PYTHON, "-c", text], env=env, stderr=subprocess.PIPE)
        assert other.stderr is not None
        assert b"Waiting for another Handheld" in other.stderr.readline()
        assert not (tmp_path / "in").exists()
    assert other.wait(30) == 0
    other.stderr.close()
    assert (tmp_path / "in").exists()


def test_a_killed_process_leaves_no_lock(tools: Tools, repository: Path) -> None:
    text = f"""
from handheld.tools import Tools
from pathlib import Path
import time
with Tools(Path({str(tools.cache)!r}), {{}}).lock("a"):
    print("held", flush=True)
    time.sleep(100)
"""
    env = {**os.environ, "PYTHONPATH": str(repository / "generator")}
    other = subprocess.Popen([PYTHON, "-c", text], env=env, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    other.kill()
    other.wait()
    other.stdout.close()
    with tools.lock("a"):
        pass


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheReadOnly) as caught, Tools(tmp_path / "file" / "cache", {}).lock("a"):
        pass
    assert "HANDHELD_CACHE" in caught.value.fix


# Start-up.


@pytest.mark.parametrize("module", ["spec", "catalog", "facts", "plan", "models", "tools", "errors", "progress"])
def test_importing_is_light(module: str, repository: Path) -> None:
    heavy = (
        "rich numpy requests pydantic cookiecutter psutil filelock platformdirs text_unidecode huggingface_hub jinja2"
    )
    text = f"import sys, handheld.{module}; print(*[name for name in {heavy.split()} if name in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(repository / "generator")}
    done = subprocess.run([PYTHON, "-c", text], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_progress_object_is_needed(tools: Tools) -> None:
    with make_progress(sys.stderr, quiet=True).task("x"), tools.lock("x"):
        pass
