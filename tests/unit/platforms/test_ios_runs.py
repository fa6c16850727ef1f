"""Whole runs of `handheld` on an iPhone or simulator, against recorded `xcodebuild` and `xcrun`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fakes import replay
from handheld.render import render_app
from helpers.apps import made_up_files, plan_of
from helpers.command import Command, Done

TRANSCRIPTS = Path(__file__).parent / "transcripts"
IPHONE, IPAD = "D40CE982-3E65-4756-8162-90EFE50AF7FA", "3F1C114D-FC3D-481A-9CA1-499EE1339390"
PHONE, PHONE_ID = "00008140-000000001234CDEF", "CCCCCCCC-1111-2222-3333-BBBBBBBBBBBB"
PACKAGE = "com.example.parrot"
Row = dict[str, Any]


def said(argv: Sequence[str], out: str = "", **more: Any) -> Row:
    """A row of a scenario; `out` is a transcript's name."""
    return {"argv": list(argv), **({"out": f"ios/{out}.txt"} if out else {}), **more}


VERSION = said(["-version"], "xcode-26.1")
LIST = ["simctl", "list", "-j"]
LAUNCH = ["simctl", "launch", "--console-pty", "--terminate-running-process"]


def built(where: str = f"id={IPHONE}", out: str = "build-succeeded", settings: Sequence[str] = (), **more: Any) -> Row:
    head = ["-project", "*/ios/Parrot.xcodeproj", "-scheme", "Parrot", "-destination", where, "-derivedDataPath", "*"]
    return said([*head, "-configuration", "Debug", "build", *settings], out, **more)


def ran_tests(where: str = f"id={IPHONE}", code: int = 0) -> Row:
    head = ["-project", "*", "-scheme", "Parrot", "-destination", where, "-derivedDataPath", "*"]
    return said([*head, "-resultBundlePath", "*/tests.xcresult", "test"], "build-succeeded", code=code)


def listed(out: str = "simctl-list", **more: Any) -> Row:
    return said(LIST, out, **more)


def booted(device: str = IPHONE, out: str = "", **more: Any) -> Row:
    return said(["simctl", "bootstatus", device, "-b"], out, **more)


def installed(device: str = IPHONE, out: str = "", **more: Any) -> Row:
    return said(["simctl", "install", device, "*/Debug-iphonesimulator/Parrot.app"], out, **more)


def proven(device: str = IPHONE, out: str = "console-passed", **more: Any) -> Row:
    return said([*LAUNCH, device, PACKAGE, "--handheld-selftest"], out, **more)


def pictured(device: str = IPHONE) -> list[Row]:
    picture = ["simctl", "io", device, "screenshot", "--type=png", "*/screenshot.png"]
    return [
        said([*LAUNCH, device, PACKAGE, "--handheld-announce"], "console-ready", hangs=True),
        said(picture, writes={"{-1}": "a picture"}),
    ]


def shut_down(device: str = IPHONE) -> Row:
    return said(["simctl", "shutdown", device])


@dataclass(frozen=True, slots=True)
class Played:
    """What a run did and said."""

    done: Done
    calls: tuple[str, ...]
    reports: Path


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run `handheld` on a rendered app against rows for `xcodebuild` and `xcrun`; every row has to be used."""
    plan = plan_of(tmp_path / "parrot")
    app = render_app(plan, made_up_files(plan, tmp_path / "files")).directory
    scenario, programs = tmp_path / "scenario.toml", tmp_path / "bin"

    def run(
        *arguments: str,
        xcodebuild: Sequence[Row] | None = (),
        xcrun: Sequence[Row] = (),
        exit_code: int = 0,
        environ: Mapping[str, str] | None = None,
    ) -> Played:
        rows = {"xcodebuild": xcodebuild or (), "xcrun": xcrun}
        scenario.write_text(toml(rows), encoding="utf-8")
        if xcodebuild is not None:
            replay.install(programs, "xcodebuild", "xcrun")
        outside = {
            "PATH": str(programs),
            "HOME": str(tmp_path / "home"),
            "HANDHELD_CACHE": str(tmp_path / "cache"),
            "HANDHELD_REPLAY": str(scenario),
            "HANDHELD_TRANSCRIPTS": str(TRANSCRIPTS),
        }
        command = Command(app, {**outside, **(environ or {})})
        first, *rest = arguments
        done = command(first, str(app), *rest, exit_code=exit_code)
        assert replay.unexpected(scenario) == []
        assert replay.unused(scenario) == []
        calls = tuple(f"{call['tool']} {' '.join(call['argv'])}" for call in replay.calls_of(scenario))
        return Played(done, calls, app / "build" / "reports" / "ios")

    return run


def toml(tables: Mapping[str, Sequence[Row]]) -> str:
    lines = []
    for tool, rows in tables.items():
        for row in rows:
            lines += [f"[[{tool}]]", *(f"{key} = {value(content)}" for key, content in row.items())]
    return "\n".join([*lines, ""])


def value(content: Any) -> str:
    if isinstance(content, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {value(inner)}" for key, inner in content.items()) + "}"
    return json.dumps(content)


def simulator(*more: Row, out: str = "simctl-list") -> list[Row]:
    return [listed(out), *more]


GOOD = [booted(), installed(), proven(), *pictured(), shut_down()]
SUMMARY = ["xcresulttool", "get", "test-results", "summary", "--path", "*/tests.xcresult"]


# A simulator.


def test_a_run_in_a_simulator(play: Play) -> None:
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION, built()], xcrun=simulator(*GOOD))
    assert "The capital of France is Paris." in run.done.out
    assert (run.reports / "screenshot.png").read_text() == "a picture"
    assert "HANDHELD RESULT" in (run.reports / "console.log").read_text()
    assert "BUILD SUCCEEDED" in (run.reports / "build.log").read_text()
    assert str(run.reports) in run.done.err
    assert run.calls[-1] == f"xcrun simctl shutdown {IPHONE}"


def test_its_result_for_programs(play: Play) -> None:
    run = play("run", "--on", "ios-simulator", "--json", xcodebuild=[VERSION, built()], xcrun=simulator(*GOOD))
    (event,) = run.done.events
    assert event["passed"] is True
    assert event["device"] == "iPhone 11 - iOS 26.1, iOS 26.1"
    assert event["tasks"][0]["report"]["generated_tokens"] == 24
    names = {Path(path).name for path in event["files"]}
    assert names == {"screenshot.png", "console.log", "build.log"}


def test_the_whole_report_is_brought(play: Play, tmp_path: Path) -> None:
    report = tmp_path / "Documents" / "selftest.json"
    report.parent.mkdir()
    whole = {"passed": True, "tasks": [{"task": "chat", "passed": True, "text": "All of a long answer"}]}
    report.write_text(json.dumps(whole))
    line = {"passed": True, "file": str(report), "tasks": []}
    result = proven(out="", text=f"HANDHELD RESULT {json.dumps(line)}\n")
    rows = simulator(booted(), installed(), result, *pictured(), shut_down())
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION, built()], xcrun=rows)
    assert "All of a long answer" in run.done.out
    assert json.loads((run.reports / "selftest.json").read_text()) == whole


def test_a_simulator_that_was_booted_stays_booted(play: Play) -> None:
    rows = simulator(installed(), proven(), *pictured(), out="simctl-list-booted")
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION, built()], xcrun=rows)
    assert not any("shutdown" in call for call in run.calls)


def test_a_simulator_is_made_and_removed_when_there_is_none(play: Play) -> None:
    kinds = "com.apple.CoreSimulator.SimDeviceType.iPhone-17-Pro", "com.apple.CoreSimulator.SimRuntime.iOS-26-1"
    made = said(["simctl", "create", "Handheld", *kinds], text="NEW-1\n")
    rows = [made, booted("NEW-1"), installed("NEW-1"), proven("NEW-1"), *pictured("NEW-1"), shut_down("NEW-1")]
    rows += [said(["simctl", "delete", "NEW-1"])]
    xcodebuild = [VERSION, built("id=NEW-1")]
    run = play(
        "run", "--on", "ios-simulator", xcodebuild=xcodebuild, xcrun=simulator(*rows, out="simctl-list-no-device")
    )
    assert run.calls[-2:] == ("xcrun simctl shutdown NEW-1", "xcrun simctl delete NEW-1")


def test_a_named_simulator(play: Play) -> None:
    rows = simulator(booted(IPAD), installed(IPAD), proven(IPAD), *pictured(IPAD), shut_down(IPAD))
    xcodebuild = [VERSION, built(f"id={IPAD}")]
    play("run", "--on", "ios-simulator:iPad Pro 13-inch (M5)", xcodebuild=xcodebuild, xcrun=rows)


def test_two_simulators_of_one_name(play: Play) -> None:
    rows = [listed("simctl-list-two-of-a-name")]
    run = play("run", "--on", "ios-simulator:iPhone 17 Pro", xcodebuild=[VERSION], xcrun=rows, exit_code=2)
    assert "ios-simulator:11111111-0000-4000-8000-000000000001  iPhone 17 Pro, iOS 26.0" in run.done.err
    assert "ios-simulator:22222222-0000-4000-8000-000000000002  iPhone 17 Pro, iOS 26.1" in run.done.err
    device = "22222222-0000-4000-8000-000000000002"
    rows += [installed(device), proven(device), *pictured(device)]
    play("run", "--on", f"ios-simulator:{device}", xcodebuild=[VERSION, built(f"id={device}")], xcrun=rows)


def test_a_simulator_that_nobody_has(play: Play) -> None:
    run = play("run", "--on", "ios-simulator:Nokia", xcodebuild=[VERSION], xcrun=[listed()], exit_code=2)
    assert "There is no device 'Nokia'." in run.done.err
    assert IPHONE in run.done.err


# What goes wrong before.


def test_no_xcode(play: Play) -> None:
    run = play("run", "--on", "ios-simulator", xcodebuild=None, exit_code=3)
    assert "Xcode is not here" in run.done.err
    assert ("On a Mac" in run.done.err) == (sys.platform != "darwin")


def test_command_line_tools_alone(play: Play) -> None:
    version = said(["-version"], "xcode-select-tools", code=1)
    run = play("run", "--on", "ios-simulator", xcodebuild=[version], exit_code=3)
    assert "sudo xcode-select --switch /Applications/Xcode.app" in run.done.err
    assert "CommandLineTools" in run.done.err


@pytest.mark.parametrize(("transcript", "code"), [("licence-11.2", 69), ("licence-16.4", 1)])
def test_licence_not_accepted(play: Play, transcript: str, code: int) -> None:
    version = said(["-version"], transcript, code=code)
    run = play("run", "--on", "ios-simulator", xcodebuild=[version], exit_code=3)
    assert "Fix: sudo xcodebuild -license accept" in run.done.err
    assert "Danger:" in run.done.err


def test_xcode_is_too_old(play: Play) -> None:
    run = play("run", "--on", "ios-simulator", xcodebuild=[said(["-version"], "xcode-11.2")], exit_code=3)
    assert "Xcode 11.2 is too old: the project needs 26.0 or newer." in run.done.err


def test_xcode_says_something_else(play: Play) -> None:
    run = play("run", "--on", "ios-simulator", xcodebuild=[said(["-version"], text="hello\n")], exit_code=3)
    assert "`xcodebuild -version` gave no usable answer." in run.done.err
    rows = [said(LIST, text="Failed to initialize simulator device set.\n", code=1)]
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION], xcrun=rows, exit_code=3)
    assert "Failed to initialize simulator device set." in run.done.err


def test_no_ios_for_the_simulator(play: Play) -> None:
    rows = [listed("simctl-list-no-ios")]
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION], xcrun=rows, exit_code=3)
    assert "Fix: xcodebuild -downloadPlatform iOS" in run.done.err


def test_ios_is_downloaded_when_the_person_agrees(play: Play) -> None:
    download = "xcodebuild -downloadPlatform"
    rows = [listed("simctl-list-no-ios", before=download), listed(after=download), *GOOD]
    xcodebuild = [VERSION, said(["-downloadPlatform", "iOS"]), built()]
    play("run", "--on", "ios-simulator", "--yes", xcodebuild=xcodebuild, xcrun=rows)


def test_the_build_fails(play: Play) -> None:
    xcodebuild = [VERSION, built(out="build-failed", code=65)]
    run = play("run", "--on", "ios-simulator", xcodebuild=xcodebuild, xcrun=[listed()], exit_code=1)
    assert "error: cannot find 'Txt' in scope" in run.done.err
    assert str(run.reports / "build.log") in run.done.err


# What goes wrong on the simulator.


def failing(play: Play, *rows: Row, exit_code: int = 1, limit: str = "60") -> Played:
    everything = simulator(*rows, shut_down())
    arguments = ("run", "--on", "ios-simulator", "--limit", limit)
    run = play(*arguments, xcodebuild=[VERSION, built()], xcrun=everything, exit_code=exit_code)
    assert run.calls[-1] == f"xcrun simctl shutdown {IPHONE}", "what was started is ended"
    return run


def test_the_simulator_does_not_boot(play: Play) -> None:
    run = failing(play, booted(out="simctl-boot-failed", code=60), exit_code=3)
    assert "launchd failed to respond." in run.done.err
    assert f"xcrun simctl erase {IPHONE}" in run.done.err
    assert "Danger:" in run.done.err


def test_the_simulator_is_not_ready_in_time(play: Play) -> None:
    run = failing(play, booted(hangs=True), exit_code=3, limit="1")
    assert "it was not ready after 1 s" in run.done.err


def test_a_boot_that_somebody_else_won(play: Play) -> None:
    boot = "xcrun simctl bootstatus"
    rows = [listed(before=boot), listed("simctl-list-booted", after=boot), booted(out="simctl-boot-booted", code=149)]
    rows += GOOD[1:]
    play("run", "--on", "ios-simulator", xcodebuild=[VERSION, built()], xcrun=rows)


def test_the_app_is_refused(play: Play) -> None:
    run = failing(play, booted(), installed(out="simctl-install-refused", code=1))
    assert "Failed to load Info.plist" in run.done.err


def test_the_app_crashes(play: Play) -> None:
    run = failing(play, booted(), installed(), proven(out="console-crash"))
    assert "Parrot crashed on iPhone 11" in run.done.err
    assert "Fatal error: Index out of range" in run.done.err
    assert str(run.reports / "console.log") in run.done.err


def test_the_system_wrote_a_crash_report(play: Play) -> None:
    report = "../home/Library/Logs/DiagnosticReports/Parrot-2026-11-27-170000.ips"
    crash = proven(out="console-silent", writes={report: "{}"})
    run = failing(play, booted(), installed(), crash)
    assert "crash report: " in run.done.err
    assert "Parrot-2026-11-27-170000.ips" in run.done.err


def test_the_app_ends_without_a_word(play: Play) -> None:
    run = failing(play, booted(), installed(), proven(out="console-silent"))
    assert "it ended before it had one" in run.done.err


def test_the_result_is_cut(play: Play) -> None:
    run = failing(play, booted(), installed(), proven(out="console-cut"))
    assert "no whole result" in run.done.err


def test_the_app_hangs(play: Play) -> None:
    run = failing(play, booted(), installed(), proven(out="console-silent", hangs=True), limit="1")
    assert "none in 1 s" in run.done.err


def test_a_golden_case_fails(play: Play) -> None:
    run = failing(play, booted(), installed(), proven(out="console-failed"), *pictured())
    assert "the answer does not contain 'Paris'" in run.done.out


def test_without_a_picture_the_run_still_counts(play: Play) -> None:
    unlucky = [*pictured()[:1], said(pictured()[1]["argv"], text="Timeout waiting for screen surfaces\n", code=60)]
    rows = simulator(booted(), installed(), proven(), *unlucky, shut_down())
    run = play("run", "--on", "ios-simulator", xcodebuild=[VERSION, built()], xcrun=rows)
    assert not (run.reports / "screenshot.png").exists()


# The tests.


def with_tests(play: Play, out: str, code: int, exit_code: int) -> Played:
    rows = simulator(*GOOD, said(SUMMARY, out))
    xcodebuild = [VERSION, built(), ran_tests(code=code)]
    return play("run", "--on", "ios-simulator", "--tests", xcodebuild=xcodebuild, xcrun=rows, exit_code=exit_code)


def test_the_tests_pass(play: Play) -> None:
    run = with_tests(play, "tests-passed", 0, 0)
    assert "instrumented tests: 62 ran, 0 failed" in run.done.out
    assert json.loads((run.reports / "tests.json").read_text())["totalTestCount"] == 62


def test_a_test_fails(play: Play) -> None:
    run = with_tests(play, "tests-failed", 65, 1)
    assert "ChatModelTests/clearForgets(): Expectation failed: model.messages.isEmpty" in run.done.out


def test_no_test_ran(play: Play) -> None:
    assert "ran no test" in with_tests(play, "tests-none", 0, 1).done.err


# A phone.


def phones(out: str) -> Row:
    content = (TRANSCRIPTS / "ios" / f"{out}.txt").read_text(encoding="utf-8")
    return said(["devicectl", "list", "devices", "--json-output", "*"], writes={"{-1}": content})


def signed(where: str = f"id={PHONE}", *settings: str, **more: Any) -> Row:
    return built(where, settings=("-allowProvisioningUpdates", *settings), **more)


PUT = ["devicectl", "device", "install", "app", "--device", PHONE_ID, "*/Debug-iphoneos/Parrot.app"]
START = ["devicectl", "device", "process", "launch", "--console", "--terminate-existing", "--device", PHONE_ID]
START += [PACKAGE, "--handheld-selftest"]
COPY = ["devicectl", "device", "copy", "from", "--device", PHONE_ID, "--domain-type", "appDataContainer"]
COPY += ["--domain-identifier", PACKAGE, "--source", "Documents/selftest.json", "--destination", "*"]


def test_a_run_on_a_phone(play: Play) -> None:
    report = json.dumps({"passed": True, "tasks": [{"task": "chat", "passed": True, "text": "Paris, all of it"}]})
    rows = [phones("devicectl-642"), said(PUT), said(START, "console-passed"), said(COPY, writes={"{-1}": report})]
    team = {"DEVELOPMENT_TEAM": "ABCDE12345"}
    xcodebuild = [VERSION, signed(f"id={PHONE}", "DEVELOPMENT_TEAM=ABCDE12345")]
    run = play("run", "--on", "ios-device", xcodebuild=xcodebuild, xcrun=rows, environ=team)
    assert "Paris, all of it" in run.done.out
    assert "still on the phone" in run.done.err


def test_no_phone(play: Play) -> None:
    rows = [phones("devicectl-443-empty")]
    run = play("run", "--on", "ios-device", xcodebuild=[VERSION], xcrun=rows, exit_code=3)
    assert "There is no iPhone to run on." in run.done.err


@pytest.mark.parametrize(
    ("name", "why"), [("Unpaired", "not paired with this Mac"), ("Locked down", "without Developer Mode")]
)
def test_a_phone_that_cannot_be_used(play: Play, name: str, why: str) -> None:
    rows = [phones("devicectl-hindered")]
    run = play("run", "--on", f"ios-device:{name}", xcodebuild=[VERSION], xcrun=rows, exit_code=3)
    assert why in run.done.err
    assert "Fix: " in run.done.err


def test_nobody_has_chosen_a_team(play: Play) -> None:
    xcodebuild = [VERSION, signed(out="build-unsigned", code=65)]
    run = play("run", "--on", "ios-device", xcodebuild=xcodebuild, xcrun=[phones("devicectl-642")], exit_code=1)
    assert "DEVELOPMENT_TEAM=" in run.done.err
    assert "requires a development team" in run.done.err


def test_the_phone_refuses_the_app(play: Play) -> None:
    rows = [phones("devicectl-642"), said(PUT, "devicectl-install-refused", code=1)]
    run = play("run", "--on", "ios-device", xcodebuild=[VERSION, signed()], xcrun=rows, exit_code=1)
    assert "not of a type that CoreDevice recognizes" in run.done.err


def test_the_phone_is_locked(play: Play) -> None:
    rows = [phones("devicectl-642"), said(PUT), said(START, "devicectl-launch-locked", code=1)]
    run = play("run", "--on", "ios-device", xcodebuild=[VERSION, signed()], xcrun=rows, exit_code=3)
    assert "because it is locked" in run.done.err


# The other commands.


def test_build_for_any_simulator(play: Play) -> None:
    command = built("generic/platform=iOS Simulator", settings=["ARCHS=*"])
    bundle = "build/ios/Build/Products/Debug-iphonesimulator/Parrot.app/Parrot"
    run = play("build", "--on", "ios-simulator", "--json", xcodebuild=[VERSION, {**command, "writes": {bundle: "MZ!"}}])
    assert run.done.json["bytes"] == 3
    assert run.done.json["artefact"].endswith("Debug-iphonesimulator/Parrot.app")


def test_build_for_one_device(play: Play) -> None:
    xcodebuild = [VERSION, built(settings=["ARCHS=*"])]
    play("build", "--on", f"ios-simulator:{IPHONE}", xcodebuild=xcodebuild, xcrun=[listed()])
    play("build", "--on", "ios-device:MyPhone", xcodebuild=[VERSION, signed()], xcrun=[phones("devicectl-642")])


def test_list(play: Play) -> None:
    rows = [listed(), phones("devicectl-hindered")]
    run = play("run", "--list", "--json", xcodebuild=[VERSION], xcrun=rows)
    found = {row["target"]: row for row in run.done.json if row["target"].startswith("ios")}
    assert found[f"ios-simulator:{IPHONE}"]["ready"] is True
    assert found["ios-device:00008140-0000000000000001"]["hindered"] == "not paired with this Mac"
    assert len(found) == 5


def test_doctor(tmp_path: Path, play: Play) -> None:
    del play
    programs, scenario = tmp_path / "bin", tmp_path / "doctor.toml"
    replay.install(programs, "xcodebuild", "xcrun")
    scenario.write_text(toml({"xcodebuild": [VERSION], "xcrun": [listed()]}))
    outside = {"PATH": str(programs), "HANDHELD_REPLAY": str(scenario), "HANDHELD_TRANSCRIPTS": str(TRANSCRIPTS)}
    command = Command(tmp_path, {**outside, "HANDHELD_CACHE": str(tmp_path / "cache")})
    (lane,) = [lane for lane in command("doctor", "--json", exit_code=None).json["lanes"] if lane["name"] == "ios"]
    assert lane["ready"] is True
    assert [need["found"] for need in lane["needs"]] == [f"{programs / 'xcodebuild'} (Xcode 26.1)", "iOS 26.1"]
