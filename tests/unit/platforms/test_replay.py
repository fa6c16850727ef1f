"""The player of recorded tools: it says what is written, and fails loudly at anything else."""

from __future__ import annotations

import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from fakes import replay

SCENARIO = """
[[adb]]
argv = ["devices", "-l"]
text = "none\\n"
before = "emulator -avd"

[[adb]]
argv = ["devices", "-l"]
text = "one\\n"

[[adb]]
argv = ["-s", "*", "pull", "**"]
writes = { "{-1}" = "PK" }
times = 1

[[adb]]
argv = ["emu", "kill"]
ends = "emulator"

[[emulator]]
argv = ["-avd", "*"]
text = "booting\\n"
hangs = true

[[avdmanager]]
argv = ["create"]
stdin = "no"
env = { ANDROID_HOME = "/sdk*" }
code = 3
may = true
"""
TRANSCRIPTS = Path(__file__).parent / "transcripts"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    replay.install(tmp_path / "bin", "adb", "emulator", "avdmanager")
    return path


def play(scenario: Path, tool: str, *arguments: str, stdin: str = "", **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [scenario.parent / "bin" / tool, *arguments],
        input=stdin,
        env={"HANDHELD_REPLAY": str(scenario), **environ},
        cwd=scenario.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_whole_play(scenario: Path) -> None:
    assert play(scenario, "adb", "devices", "-l") == (0, "none\n")
    argv = [str(scenario.parent / "bin" / "emulator"), "-avd", "small"]
    with subprocess.Popen(argv, env={"HANDHELD_REPLAY": str(scenario)}, stdout=subprocess.PIPE) as emulator:
        assert emulator.stdout
        assert emulator.stdout.readline() == b"booting\n"
        assert play(scenario, "adb", "devices", "-l") == (0, "one\n")
        assert replay.unused(scenario) == ["adb -s * pull **", "adb emu kill"]
        time.sleep(0.1)
        assert emulator.poll() is None
        assert play(scenario, "adb", "emu", "kill")[0] == 0
        assert emulator.wait(30) == 0
    assert play(scenario, "adb", "-s", "x", "pull", "/there", "here/app.apk")[0] == 0
    assert (scenario.parent / "here" / "app.apk").read_text() == "PK"
    assert replay.unused(scenario) == []
    assert replay.unexpected(scenario) == []


def test_what_nobody_wrote_down(scenario: Path) -> None:
    assert play(scenario, "adb", "reboot")[0] == replay.UNEXPECTED
    assert play(scenario, "adb", "-s", "x", "pull", "a", "b")[0] == 0
    assert play(scenario, "adb", "-s", "x", "pull", "a", "b")[0] == replay.UNEXPECTED, "it was to happen once"
    assert play(scenario, "avdmanager", "create", stdin="yes")[0] == replay.UNEXPECTED
    assert play(scenario, "avdmanager", "create", stdin="no", ANDROID_HOME="/other")[0] == replay.UNEXPECTED
    assert play(scenario, "avdmanager", "create", stdin="no", ANDROID_HOME="/sdk/1")[0] == 3
    assert len(replay.unexpected(scenario)) == 4


def test_transcripts_name_their_source() -> None:
    for folder in filter(Path.is_dir, TRANSCRIPTS.iterdir()):
        sources = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert set(sources) == names - {"sources.toml"}
        assert all(source.startswith(("composed", "our own run")) or "/" in source for source in sources.values())
