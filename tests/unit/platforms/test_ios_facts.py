"""What Xcode's programs say, read from transcripts, each of which names its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from handheld.platforms.ios import argv, facts
from handheld.platforms.ios.facts import Unexpected

TRANSCRIPTS = Path(__file__).parent / "transcripts" / "ios"


def said(name: str) -> str:
    return (TRANSCRIPTS / f"{name}.txt").read_text(encoding="utf-8")


def test_xcode() -> None:
    assert facts.parse_xcode(said("xcode-26.1")) == facts.Xcode((26, 1), "17B55")
    assert facts.parse_xcode(said("xcode-11.2")).text == "11.2"
    for text in ("", said("xcode-select-tools"), said("licence-16.4")):
        with pytest.raises(Unexpected):
            facts.parse_xcode(text)


def test_simulators_that_can_be_used() -> None:
    listed = facts.parse_simulators(said("simctl-list"), (17, 0))
    assert [(device.name, device.version, device.phone) for device in listed.devices] == [
        ("iPad Pro 11-inch (M5)", (26, 1), False),
        ("iPad Pro 13-inch (M5)", (26, 1), False),
        ("iPhone 11 - iOS 26.1", (26, 1), True),
    ]
    (runtime,) = listed.runtimes
    assert runtime.version == (26, 1)
    assert runtime.kinds == (("com.apple.CoreSimulator.SimDeviceType.iPhone-17-Pro", "iPhone 17 Pro"),)
    assert not any(device.booted for device in listed.devices)


def test_simulators_older_than_the_app_are_left_out() -> None:
    text = said("simctl-list-two-of-a-name")
    old = {device.name for device in facts.parse_simulators(text, (16, 0)).devices}
    new = {device.name for device in facts.parse_simulators(text, (17, 0)).devices}
    assert old - new == {"iPhone 14"}
    assert not facts.parse_simulators(said("simctl-list-no-ios"), (17, 0)).runtimes


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"devices": null}', "Unable to locate a runtime"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(Unexpected):
        facts.parse_simulators(text, (17, 0))
    with pytest.raises(Unexpected):
        facts.parse_phones(text)
    with pytest.raises(Unexpected):
        facts.parse_tests(text)


def test_phones() -> None:
    found = facts.parse_phones(said("devicectl-477"))
    assert [(phone.name, phone.hindered) for phone in found] == [
        ("Rolf's iPad Pro 3rd Gen", "not paired with this Mac"),
        ("Rolf's iPhone 13", "not reachable"),
        ("Rolf's iPhone 15", "not reachable"),
    ]
    assert found[2].udid == "00008003-012301230123ABCD"
    assert facts.parse_phones(said("devicectl-443-empty")) == ()
    assert facts.parse_phones(said("devicectl-no-properties")) == ()


def test_simulators_that_devicectl_lists_are_no_phones() -> None:
    (phone,) = facts.parse_phones(said("devicectl-642"))
    assert (phone.name, phone.hindered) == ("MyPhone", "")


def test_why_a_phone_cannot_be_used() -> None:
    found = facts.parse_phones(said("devicectl-hindered"))
    assert [phone.hindered for phone in found] == ["not paired with this Mac", "without Developer Mode"]


def test_counts_of_tests() -> None:
    assert facts.parse_tests(said("tests-passed")) == facts.TestCounts(62, 0, ())
    failed = facts.parse_tests(said("tests-failed"))
    assert failed.failed == 1
    assert failed.failures == ("ChatModelTests/clearForgets(): Expectation failed: model.messages.isEmpty",)


def test_errors_of_a_build_come_once() -> None:
    lines = facts.build_errors(said("build-failed"))
    assert lines[0].endswith("error: cannot find 'Txt' in scope")
    assert len(lines) == 2
    assert facts.build_errors(said("build-succeeded")) == ()


@pytest.mark.parametrize(
    "line",
    [
        "Parrot/ChatModel.swift:117: Fatal error: Index out of range",
        "libc++abi: terminating due to uncaught exception of type std::bad_alloc",
        "dyld[48213]: Library not loaded: @rpath/libfoo.dylib",
        "App terminated due to signal 9.",
    ],
)
def test_crashes_are_seen(line: str) -> None:
    assert facts.crash_line(line) == line


@pytest.mark.parametrize("line", ["", "com.example.parrot: 48213", "the error: is fatal", "HANDHELD READY"])
def test_other_lines_are_no_crash(line: str) -> None:
    assert facts.crash_line(line) is None


def test_builds_stay_inside_the_app(tmp_path: Path) -> None:
    project = argv.Project(tmp_path / "ios", "Parrot", "com.example.parrot")
    command = argv.build(project, argv.destination(None, simulator=True), release=True, settings=("ARCHS=arm64",))
    assert command[command.index("-destination") + 1] == "generic/platform=iOS Simulator"
    assert command[command.index("-derivedDataPath") + 1] == tmp_path / "build" / "ios"
    assert command[-2:] == ("build", "ARCHS=arm64")
    bundle = project.bundle(simulator=True, release=True).relative_to(tmp_path)
    assert bundle.as_posix() == "build/ios/Build/Products/Release-iphonesimulator/Parrot.app"
    assert argv.destination("00008140", simulator=False) == "id=00008140"


def test_launch_arguments_are_those_of_the_app(repository: Path) -> None:
    shell = repository / "ios-template" / "{{cookiecutter.folder}}"
    source = (shell / "App" / "LaunchArguments.swift").read_text(encoding="utf-8")
    for word in (argv.SELF_TEST, argv.ANNOUNCE, argv.READY):
        assert f'"{word}"' in source
