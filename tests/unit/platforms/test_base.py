"""Targets, the registry of platforms, and what comes out of a log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from handheld import platforms
from handheld.errors import InputError, UnknownChoice
from handheld.lock import Lock
from handheld.platforms import NotInApp, Target, parse_target, platform_for
from handheld.platforms.sentinel import LONGEST, SENTINEL, Ending, ResultReader, task_results, watch
from handheld.render import RenderedApp
from handheld.tools import Tools, open_tools

RESULT = {"handheld": 1, "passed": True, "tasks": [{"task": "chat", "passed": True, "text": "Paris 🦜"}]}
LINE = SENTINEL + json.dumps(RESULT, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("host", Target("host")),
        ("android", Target("android")),
        ("android:emulator-5554", Target("android", "emulator-5554")),
        ("android:192.168.1.7:5555", Target("android", "192.168.1.7:5555")),
        ("ios-simulator:iPhone 17 Pro", Target("ios-simulator", "iPhone 17 Pro")),
        ("ios-device:00008110-000A", Target("ios-device", "00008110-000A")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert str(target) == text


@pytest.mark.parametrize("text", ["android:", "mars", "", "Android", "android-emulator"])
def test_targets_that_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_target(text)


def test_a_misspelt_target_names_the_nearest() -> None:
    with pytest.raises(UnknownChoice) as refused:
        parse_target("andriod")
    assert refused.value.fix == "--on android"


def test_each_folder_is_a_platform() -> None:
    assert platforms.folders()[0] == "host"
    assert {"android", "ios"} <= set(platforms.folders())
    for folder in platforms.folders():
        platform = platforms.load(folder)
        assert all(callable(getattr(platform, name)) for name in ("devices", "build", "run", "check"))
    assert all(platforms.folder_of(Target(name)) in platforms.folders() for name in platforms.target_names())


def test_a_new_platform_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mars").mkdir()
    (tmp_path / "mars" / "__init__.py").write_text('TARGETS = {"rover": "a rover"}\nLANES = {}\nload = dict\n')
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "handheld.platforms.mars", raising=False)
    assert parse_target("rover:opportunity") == Target("rover", "opportunity")


def test_every_finding_is_of_a_lane(own_tools: Tools) -> None:
    lanes = platforms.lanes()
    findings = [finding for folder in platforms.folders() for finding in platforms.load(folder).check(own_tools)]
    assert {finding.lane for finding in findings} == set(lanes)
    assert all(finding.found or finding.fix for finding in findings)


def test_an_app_without_the_platform() -> None:
    lock = Lock("1", "x", "", "P", "P", "p", "com.p", ("ios",), (), (), (), ())
    with pytest.raises(NotInApp) as refused:
        platform_for(RenderedApp(Path("/p"), None, lock, fresh=False), Target("android"))
    assert "app.toml" in refused.value.fix


# The sentinel.


def read(lines: list[str]) -> ResultReader:
    reader = ResultReader()
    for line in lines:
        reader.feed(line)
    return reader


@pytest.mark.parametrize(
    "lines",
    [
        [LINE],
        ["before", "prefix I/Handheld: " + LINE + "  ", "after"],
        [LINE[:60], LINE[60:75], LINE[75:]],
        [SENTINEL.rstrip() + " ", LINE.removeprefix(SENTINEL)],
        [LINE[:60], LINE],
        [LINE + ' HANDHELD RESULT {"passed": false}'],
    ],
    ids=["alone", "prefix", "in three", "in two at the blank", "begun twice", "text behind"],
)
def test_a_result(lines: list[str]) -> None:
    assert read(lines).result == RESULT


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["HANDHELD", "RESULT"],
        [SENTINEL + "[]"],
        [SENTINEL + '{"passed": "yes"}'],
        [LINE[:-1]],
        [LINE[:60], *["x" * 1000] * (LONGEST // 1000 + 2), LINE[60:]],
    ],
    ids=["nothing", "two lines", "a list", "a text for a truth", "cut", "endless"],
)
def test_no_result(lines: list[str]) -> None:
    assert read(lines).result is None


def test_a_cut_result_is_told() -> None:
    assert read([LINE[:-1]]).broken == LINE.removeprefix(SENTINEL)[:-1]


def test_lines_of_others_do_not_come_between() -> None:
    reader = ResultReader(lambda line: line[2:] if line.startswith("me") else None)
    for line in ("me" + LINE[:50], "it noise", "me" + LINE[50:]):
        reader.feed(line)
    assert reader.result == RESULT


def test_tasks_of_a_result() -> None:
    failed = {"task": "see", "passed": False, "text": "Rome", "missing": ["Paris"]}
    chat, see, odd = task_results({"tasks": [*RESULT["tasks"], failed, {"passed": 1}, "x"]})  # type: ignore[misc]
    assert chat.passed
    assert chat.text == "Paris 🦜"
    assert not see.passed
    assert "'Paris'" in see.message
    assert not odd.passed, "only true is true"
    assert task_results({"passed": True}) == ()


def watched(code: str, limit: float = 60, tools: Tools | None = None) -> Ending:
    def crash(line: str) -> str | None:
        return line if "FATAL" in line else None

    return watch([sys.executable, "-uc", code], tools or open_tools(), limit=limit, crash=crash)


def test_watching_ends_with_the_result() -> None:
    ending = watched(f"import time; print('a'); print({LINE!r}); time.sleep(600)")
    assert (ending.why, ending.result, ending.lines) == ("result", RESULT, ("a", LINE))


def test_watching_ends_with_a_crash_and_its_story() -> None:
    ending = watched("import time; print('FATAL 1'); time.sleep(0.3); print('FATAL 2'); time.sleep(600)")
    assert (ending.why, ending.crash) == ("crash", ("FATAL 1", "FATAL 2"))


def test_watching_ends_with_the_time() -> None:
    assert watched("import time; print('a'); time.sleep(600)", limit=1).why == "limit"


def test_watching_ends_with_the_log() -> None:
    ending = watched(f"print({LINE[:40]!r})")
    assert ending.why == "ended"
    assert ending.broken
