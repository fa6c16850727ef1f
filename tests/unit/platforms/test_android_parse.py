"""What Android's programs say, read from transcripts; sources.toml says where each comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from handheld.errors import MachineError
from handheld.platforms import Target
from handheld.platforms.android import argv, facts, install, parse
from handheld.platforms.android.device import Chosen, Known, choose, listed
from handheld.platforms.android.errors import acceleration_fix, remedy
from handheld.platforms.android.facts import Avd
from handheld.platforms.android.parse import Attached
from handheld.platforms.errors import DeviceHindered, SeveralDevices, UnknownDevice
from handheld.platforms.sentinel import ResultReader
from handheld.resources import root
from handheld.tools import Tools

TRANSCRIPTS = Path(__file__).parent / "transcripts" / "android"
PHONE = Attached("UYT5T18414003349", "device", "ALP AL00")
RUNNING = Attached("emulator-5554", "device", "sdk gphone64 x86 64")


def said(name: str) -> str:
    return (TRANSCRIPTS / name).read_text(encoding="utf-8")


# adb.


@pytest.mark.parametrize(
    ("name", "devices"),
    [
        ("devices-none.txt", []),
        ("devices-server-started.txt", []),
        ("devices-phone.txt", [PHONE]),
        ("devices-two.txt", [PHONE, RUNNING]),
        ("devices-offline.txt", [Attached("120.27.71.160:5555", "offline")]),
        ("devices-no-permissions.txt", [Attached("0123456789ABCDEF", "no permissions")]),
        (
            "devices-unauthorized.txt",
            [
                Attached("984e71340418728d", "unauthorized"),
                Attached("emulator-5554", "device", "Android SDK built for x86"),
            ],
        ),
    ],
)
def test_devices(name: str, devices: list[Attached]) -> None:
    assert list(parse.attached(said(name))) == devices


def test_whose_server_it_is() -> None:
    assert parse.server_started(said("devices-server-started.txt"))
    assert not parse.server_started(said("devices-none.txt"))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("install-storage.txt", "INSTALL_FAILED_INSUFFICIENT_STORAGE"),
        ("install-incompatible.txt", "INSTALL_FAILED_UPDATE_INCOMPATIBLE"),
        ("install-abi.txt", "INSTALL_FAILED_NO_MATCHING_ABIS"),
        ("install-downgrade.txt", "INSTALL_FAILED_VERSION_DOWNGRADE"),
        ("install-downgrade-bare.txt", "INSTALL_FAILED_VERSION_DOWNGRADE"),
        ("install-restricted.txt", "INSTALL_FAILED_USER_RESTRICTED"),
    ],
)
def test_a_refused_package(name: str, code: str) -> None:
    assert not parse.installed(said(name))
    assert parse.install_failure(said(name))[0] == code
    cause, fix, _ = remedy(code, "com.example.parrot", "S1")
    assert cause != remedy("INSTALL_FAILED_ELSE", "com.example.parrot", "S1")[0], "each has its own"
    assert fix


def test_an_installed_package() -> None:
    assert parse.installed(said("install-success.txt"))
    assert not parse.installed("Success is not what this says\n")
    assert parse.install_failure(said("install-connection.txt")) == ("", "")


def test_a_start() -> None:
    assert parse.start_failure(said("start-ok.txt")) == []
    assert parse.start_failure(said("start-slow.txt")) == [], "slow is not failed"
    assert "does not exist" in parse.start_failure(said("start-missing.txt"))[-1]


# Emulator, Java.


def test_acceleration() -> None:
    assert parse.acceleration(said("accel-kvm.txt")) == ""
    assert parse.acceleration(said("accel-haxm.txt")) == ""
    assert parse.acceleration(said("accel-none.txt")).startswith("/dev/kvm is not found")


def test_a_disk_that_is_too_small() -> None:
    assert parse.no_disk_space(said("emulator-no-space.txt")) == (5560976015, 7730941132)
    assert parse.no_disk_space(said("emulator-no-space-2019.txt")) == (6461792255, 7730941132)
    assert parse.no_disk_space(said("emulator-boots.txt")) is None


def test_why_an_emulator_ended() -> None:
    reasons = parse.emulator_reasons(said("emulator-no-kvm.txt"))
    assert reasons[0].endswith("requires hardware acceleration!")
    assert any("vmx or svm" in line for line in reasons)
    assert len(parse.emulator_reasons(said("emulator-boots.txt"))) == 4, "else its last lines"


def test_java() -> None:
    assert parse.java_version(said("java-17.txt")) == 17
    assert parse.java_version(said("java-8.txt")) == 8
    assert parse.java_version("command not found") is None


def test_what_brings_acceleration(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    missing = facts.acceleration_hindered({}, device)
    assert "modprobe" in acceleration_fix(missing)
    device.touch(mode=0)
    if os.geteuid() != 0:  # root may open everything
        assert "gpasswd" in acceleration_fix(facts.acceleration_hindered({}, device))
    assert "gpasswd" in acceleration_fix("This user doesn't have permissions to use KVM (/dev/kvm).")


# Gradle.


def test_a_build() -> None:
    assert parse.gradle_succeeded(said("gradle-success.txt"))
    assert not parse.gradle_idle(said("gradle-success.txt"))
    assert parse.gradle_idle(said("gradle-idle.txt"))
    for name in ("kotlin", "native", "licence", "key", "offline", "models", "no-wrapper-line"):
        assert not parse.gradle_succeeded(said(f"gradle-{name}.txt"))


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("gradle-kotlin.txt", "e: app/src/main/kotlin/com/example/parrot/tasks/chat/ChatScreen.kt:79:33 Unresolved", 2),
        ("gradle-native.txt", "C/C++: /APP/native/core/log.cpp:62:14: error: expected expression", 1),
        ("gradle-models.txt", "Execution failed for task ':app:checkModels'.", 3),
        ("gradle-no-wrapper-line.txt", "Error: Could not find or load main class", 2),
    ],
)
def test_why_a_build_failed(name: str, first: str, count: int) -> None:
    reasons = parse.gradle_reasons(said(name).splitlines(), "/APP/android")
    assert reasons[0].startswith(first)
    assert len(reasons) == count, "and not three hundred lines"


def test_a_build_with_many_mistakes() -> None:
    lines = [f"e: file:///x/A.kt:{number}:1 wrong" for number in range(50)]
    reasons = parse.gradle_reasons(lines)
    assert len(reasons) == parse.SHOWN + 1
    assert reasons[-1] == "and 38 more"


def test_a_licence_that_was_not_accepted() -> None:
    assert parse.unlicensed(said("gradle-licence.txt").splitlines()) == ["ndk;29.0.13846066"]
    assert parse.unlicensed(said("gradle-kotlin.txt").splitlines()) == []


# The log.


def result_of(name: str) -> object:
    reader = ResultReader(parse.own_message)
    for line in said(name).splitlines():
        reader.feed(line)
    return reader.result and reader.result["passed"]


def crash_of(name: str) -> list[str]:
    tell = parse.crash_hook("com.example.parrot")
    return [told for told in map(tell, said(name).splitlines()) if told is not None]


def test_results_in_a_log() -> None:
    assert result_of("log-passed.txt") is True
    assert result_of("log-failed.txt") is False
    assert result_of("log-in-two.txt") is True
    for name in ("exception", "signal", "memory", "silent"):
        assert result_of(f"log-{name}.txt") is None


def test_crashes_in_a_log() -> None:
    exception = crash_of("log-exception.txt")
    assert exception[0] == "FATAL EXCEPTION: main"
    assert 'library "libhandheld.so" not found' in exception[1]
    assert not any("not ours" in line for line in exception), "another app's crash is none of ours"
    signal = crash_of("log-signal.txt")
    assert signal[0].startswith("Fatal signal 6")
    assert any("Modified UTF-8" in line for line in signal)
    assert not any(line.startswith("x0") for line in signal)
    assert "lowmem" not in crash_of("log-memory.txt")[0]
    assert "Kill 'com.example.parrot'" in crash_of("log-memory.txt")[0]
    for name in ("passed", "failed", "in-two", "silent"):
        assert crash_of(f"log-{name}.txt") == []


# Instrumented tests.


def test_instrumented_tests() -> None:
    passed = parse.instrumentation(said("tests-passed.txt"))
    assert (passed.ran, passed.failures, passed.finished) == (1, (), True)
    failed = parse.instrumentation(said("tests-failed.txt"))
    assert (failed.ran, failed.finished) == (1, True)
    assert failed.failures[0].startswith("GoldenCaseTest.everyTask_givesTheAnswerThatIsKnown: java.lang.AssertionError")
    assert parse.instrumentation(said("tests-none.txt")).ran == 0
    crashed = parse.instrumentation(said("tests-crashed.txt"))
    assert (crashed.ran, crashed.finished, crashed.message) == (0, False, "Process crashed.")
    assert not parse.instrumentation(said("tests-no-package.txt")).finished


# Which device is meant.


def pick(
    target: str | None, *attached: Attached, avds: tuple[str, ...] = (), names: dict[str, str] | None = None
) -> Chosen:
    there = Known(attached, tuple(Avd(name, "") for name in avds), names or {})
    return choose(Target("android", target), there, lambda _question, _devices: None)


def test_the_device_that_is_meant() -> None:
    assert pick(None, PHONE).serial == PHONE.serial
    assert pick(None, PHONE, avds=("Pixel_9",)).serial == PHONE.serial, "what runs comes before what could"
    assert pick(None) == Chosen(facts.OWN_AVD, avd=facts.OWN_AVD, make=True)
    assert pick(None, avds=("Pixel_9",)) == Chosen("Pixel_9", avd="Pixel_9")
    assert pick(None, avds=("Pixel_9", facts.OWN_AVD)).avd == facts.OWN_AVD
    assert pick("Pixel_9", PHONE, avds=("Pixel_9",)).avd == "Pixel_9"
    running = pick("Pixel_9", RUNNING, avds=("Pixel_9",), names={RUNNING.serial: "Pixel_9"})
    assert running.serial == RUNNING.serial, "by its name, although it runs"
    assert pick(facts.OWN_AVD).make


def test_a_device_that_cannot_be_meant() -> None:
    with pytest.raises(SeveralDevices):
        pick(None, PHONE, RUNNING)
    with pytest.raises(SeveralDevices):
        pick(None, avds=("a", "b"))
    with pytest.raises(UnknownDevice):
        pick("nobody", PHONE)
    for state in ("unauthorized", "offline", "no permissions", "sideload"):
        with pytest.raises(DeviceHindered) as refused:
            pick(None, Attached("S1", state))
        assert refused.value.fix
    with pytest.raises(DeviceHindered):
        pick("S1", Attached("S1", "offline"), PHONE)
    assert pick(None, Attached("emulator-5556", "offline")).make, "somebody else's emulator is no phone"


def test_a_person_chooses() -> None:
    there = Known((PHONE, RUNNING), (), {})
    chosen = choose(Target("android"), there, lambda _question, devices: devices[1])
    assert chosen.serial == RUNNING.serial


def test_the_list_has_each_once() -> None:
    there = Known((PHONE, RUNNING), (Avd("a", ""), Avd("b", "")), {RUNNING.serial: "a"})
    assert [device.target.device for device in listed(there)] == [PHONE.serial, RUNNING.serial, "b"]


# Facts.


def test_what_an_app_needs_is_what_its_template_says(tmp_path: Path) -> None:
    template = facts.needs_of_template(root() / "android-template" / "facts.toml")
    names = [package.name for package in facts.build_packages(template)]
    assert names[0] == f"platforms;android-{template.compile_sdk}"
    assert f"ndk;{template.ndk}" in names
    assert facts.missing(tmp_path, facts.build_packages(template)) == facts.build_packages(template)
    for package in facts.build_packages(template):
        path = package.folder(tmp_path) / package.proof
        path.parent.mkdir(parents=True)
        path.touch()
    assert facts.missing(tmp_path, facts.build_packages(template)) == ()


def test_later_build_tools_will_do(tmp_path: Path) -> None:
    wanted = facts.Package("build-tools;36.0.0", "aapt2", 1, 1)
    for version, enough in (("35.0.1", False), ("36.1.0", True)):
        (tmp_path / "build-tools" / version).mkdir(parents=True)
        (tmp_path / "build-tools" / version / "aapt2").touch()
        assert (facts.missing(tmp_path, [wanted]) == ()) == enough


def test_virtual_devices(tmp_path: Path) -> None:
    folder = tmp_path / ".android" / "avd"
    (folder / "a.avd").mkdir(parents=True)
    (folder / "a.avd" / "config.ini").write_text("image.sysdir.1=system-images/android-35/aosp_atd/x86_64/\n")
    (folder / "a.ini").write_text(f"path={folder / 'a.avd'}\n")
    (folder / "b.ini").write_text("avd.ini.encoding=UTF-8\n")
    found = facts.avds({"HOME": str(tmp_path)})
    assert found == (Avd("a", "system-images/android-35/aosp_atd/x86_64"), Avd("b", ""))
    assert facts.avds({"ANDROID_AVD_HOME": str(tmp_path / "none")}) == ()


def test_the_question_says_it_all(tmp_path: Path) -> None:
    text = install.question(facts.emulator_packages(), tmp_path, free=10**11, manager=False)
    assert all(package.name in text for package in facts.emulator_packages())
    assert str(tmp_path) in text
    assert "licence" in text
    assert "100.0 GB are free there" in text
    assert text.endswith("Install them?")


def test_gradle_of_a_wrapper_is_found(tmp_path: Path) -> None:
    """The folder's name is what Gradle 9's own wrapper makes of this address."""
    url = "https://services.gradle.org/distributions/gradle-9.1.0-bin.zip"
    needs = facts.Needs(36, "30", "3.31.6", url, "0" * 64)
    folder = tmp_path / "wrapper" / "dists" / "gradle-9.1.0-bin" / "9agqghryom9wkf8r80qlhnts3"
    program = folder / "gradle-9.1.0" / "bin" / "gradle"
    program.parent.mkdir(parents=True)
    program.touch()
    tools = Tools(tmp_path, {"GRADLE_USER_HOME": str(tmp_path)})
    assert install.wrapper_gradle(needs, tools) is None, "unpacked only in part"
    (folder / "gradle-9.1.0-bin.zip.ok").touch()
    assert install.wrapper_gradle(needs, tools) == program


def test_nobody_agrees_by_silence(tmp_path: Path) -> None:
    tools = Tools(tmp_path, {"ANDROID_HOME": str(tmp_path / "sdk"), "PATH": ""})
    with pytest.raises(MachineError) as refused:
        install.ensure(facts.emulator_packages(), lambda _: False, tools, None)  # type: ignore[arg-type]
    assert "--yes" in refused.value.fix
    assert refused.value.danger
    assert not (tmp_path / "sdk").exists()


def test_commands_are_lists() -> None:
    adb = Path("/sdk/platform-tools/adb")
    start = argv.start_app(adb, "S1", "com.example.parrot", self_test=True)
    assert start[1:3] == ["-s", "S1"]
    assert start[-3:] == ["--ez", "handheld.selftest", "true"]
    assert "-W" not in start, "the app may be gone before it is idle"
    assert json.dumps([str(part) for part in argv.emulator(Path("/e"), "a b", 5556)]).count("a b") == 1
