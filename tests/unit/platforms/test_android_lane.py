"""`nox -s android`, with an SDK that plays, and without any."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from device import android
from device.android import Wanted
from unit.platforms.android_sdk import (
    PHONE,
    Sdk,
    attached,
    gradle_with_tests,
    installs,
    java,
    make_sdk,
    on,
    pictures,
    proves,
)


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    made = make_sdk(tmp_path)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(android, "render", lambda wanted: wanted.app)  # it is there already
    return made


def wanted(sdk: Sdk, device: str | None = None) -> Wanted:
    return Wanted(device, False, False, "echo", sdk.app, sdk.reports)


def proven_on(result: bool, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The JVM lane takes minutes and has tests of its own: here it only says how it ended."""
    asked: list[bool] = []

    def jvm() -> bool:
        asked.append(result)
        return result

    monkeypatch.setattr(android, "jvm", jvm)
    return asked


def phone_tests(out: str) -> list[tuple[str, dict[str, object]]]:
    return [
        on(PHONE, "install", "-r", "-t", "*androidTest.apk", out="install-success.txt"),
        on(PHONE, "shell", "am", "instrument", "**", out=out),
        on(PHONE, "uninstall", "com.example.parrot.test", text="Success\n"),
    ]


@pytest.mark.parametrize(("out", "code"), [("tests-passed.txt", 0), ("tests-failed.txt", 1)])
def test_a_phone(sdk: Sdk, monkeypatch: pytest.MonkeyPatch, out: str, code: int) -> None:
    asked = proven_on(True, monkeypatch)
    sdk.plays(java(), attached("devices-phone.txt"), gradle_with_tests(), installs(PHONE),
              proves(PHONE, hangs=True), pictures(PHONE), phone_tests(out))  # fmt: skip
    assert android.prove(wanted(sdk)) == code
    sdk.ended_well()
    assert json.loads((sdk.reports / "report.json").read_text())["level"] == "device"
    assert asked == [], "the JVM proves nothing that Android has refuted"


@pytest.mark.parametrize(("proven", "ci", "code"), [(True, "", 0), (False, "", 3), (True, "true", 3)])
def test_no_sdk(
    sdk: Sdk,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    proven: bool,
    ci: str,
    code: int,
) -> None:
    asked = proven_on(proven, monkeypatch)
    monkeypatch.setenv("CI", ci)
    shutil.rmtree(sdk.root)
    sdk.plays(java())
    assert android.prove(wanted(sdk)) == code
    said = capfd.readouterr().out
    assert asked == [proven]
    assert "Not run here: the build by Gradle" in said
    assert "nox -s android -- --yes" in said
    assert ("IT FAILED" in said) != proven
    assert said.rstrip().splitlines()[-1].startswith("Proven instead")


def test_a_phone_that_was_named_is_never_replaced(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = proven_on(True, monkeypatch)
    sdk.plays(java(), attached("devices-phone-unauthorized.txt"))
    assert android.prove(wanted(sdk, "984e71340418728d")) == 3
    assert asked == []


def test_an_emulator_that_fails_is_a_failure(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = proven_on(True, monkeypatch)
    sdk.plays(java(), attached("devices-phone-unauthorized.txt"))
    assert android.prove(wanted(sdk)) == 3
    assert asked == [], "doctor finds nothing missing, so something is wrong"


def test_what_passed_is_recorded(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle_with_tests(), installs(PHONE),
              proves(PHONE, hangs=True), pictures(PHONE), phone_tests("tests-passed.txt"))  # fmt: skip
    recorded: list[Wanted] = []
    monkeypatch.setattr(android, "record", recorded.append)
    assert android.prove(replace(wanted(sdk), record=True)) == 0
    assert len(recorded) == 1
