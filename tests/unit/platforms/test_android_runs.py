"""Whole Android runs through the real command line, with an SDK that plays what real ones have said."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from handheld.platforms.android import facts
from unit.platforms.android_sdk import (
    EMULATOR,
    PHONE,
    Row,
    Sdk,
    attached,
    emulates,
    explained,
    gradle,
    gradle_with_tests,
    installs,
    java,
    make_sdk,
    on,
    pictures,
    proves,
    row,
)

COLLECTED = {"selftest.json", "screenshot.png", "logcat.txt", "gradle.log", "report.json"}


@pytest.fixture
def sdk(tmp_path: Path) -> Sdk:
    return make_sdk(tmp_path)


# What goes well.


def test_a_phone(sdk: Sdk) -> None:
    sdk.plays(
        java(), attached("devices-phone.txt"), gradle(), installs(PHONE), proves(PHONE, hangs=True), pictures(PHONE)
    )
    done = sdk.run("--on", "android")
    assert done.out == "chat: passed ('The capital of France is Paris.')\n  8 tokens · 32 tokens/s\n"
    assert "is installed on ALP AL00" in done.err
    assert {path.name for path in sdk.reports.iterdir()} == COLLECTED
    report = json.loads((sdk.reports / "report.json").read_text())
    assert report["golden"][0]["report"]["generated_tokens_per_s"] == 31.5, "the whole report, not the log's line"
    assert report["passed"] is True


def test_a_phone_for_programs(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-two.txt"), [on(EMULATOR, "emu", "avd", "name", out="avd-name.txt")],
              gradle(), installs(PHONE), proves(PHONE, hangs=True), pictures(PHONE))  # fmt: skip
    told = sdk.run("--on", f"android:{PHONE}", "--json").json
    assert (told["event"], told["passed"], told["target"]) == ("golden", True, f"android:{PHONE}")
    assert told["tasks"][0]["task"] == "chat"
    assert all(Path(path).is_file() for path in told["files"])


def test_an_emulator_from_its_start_to_its_end(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-server-started.txt"), gradle(), emulates(),
              installs(EMULATOR), proves(EMULATOR, hangs=True), pictures(EMULATOR))  # fmt: skip
    done = sdk.run("--on", "android")
    assert "chat: passed" in done.out
    assert "Shutting down the emulator handheld-35" in done.err
    assert {path.name for path in sdk.reports.iterdir()} == COLLECTED | {"emulator.log"}
    asked = sdk.asked("adb")
    assert asked.index("-s emulator-5554 emu kill") > asked.index("-s emulator-5554 shell pm path android")
    assert asked[-1] == "kill-server", "the server that was started here is ended here"


def test_a_server_that_ran_before_is_left_alone(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-none.txt"), gradle(), emulates(),
              installs(EMULATOR), proves(EMULATOR, hangs=True), pictures(EMULATOR))  # fmt: skip
    sdk.run("--on", "android")
    assert "kill-server" not in sdk.asked("adb")


def test_an_emulator_that_runs_is_used_and_left_running(sdk: Sdk) -> None:
    name = [on(EMULATOR, "emu", "avd", "name", out="avd-name.txt")]
    sdk.plays(java(), attached("devices-emulator.txt"), name, gradle(), installs(EMULATOR),
              proves(EMULATOR, hangs=True), pictures(EMULATOR))  # fmt: skip
    assert "chat: passed" in sdk.run("--on", "android:handheld-35").out
    assert not any(line.endswith(("emu kill", "kill-server")) for line in sdk.asked("adb"))


def test_instrumented_tests(sdk: Sdk) -> None:
    more = [
        on(PHONE, "install", "-r", "-t", "*androidTest.apk", out="install-success.txt"),
        on(PHONE, "shell", "am", "instrument", "-w", "-r", "com.example.parrot.test/*", out="tests-passed.txt"),
        on(PHONE, "uninstall", "com.example.parrot.test", text="Success\n"),
    ]
    sdk.plays(
        java(),
        attached("devices-phone.txt"),
        gradle_with_tests(),
        installs(PHONE),
        proves(PHONE, hangs=True),
        pictures(PHONE),
        more,
    )
    assert "instrumented tests: 1 ran, 0 failed" in sdk.run("--on", "android", "--tests").out
    assert (sdk.reports / "tests.txt").is_file()


@pytest.mark.parametrize(
    ("out", "said", "explains"),
    [
        ("tests-failed.txt", "GoldenCaseTest.everyTask_givesTheAnswerThatIsKnown: java.lang.AssertionError", False),
        ("tests-none.txt", "ran no test", True),
        ("tests-crashed.txt", "Process crashed.", True),
        ("tests-no-package.txt", "Unable to find instrumentation info", True),
    ],
)
def test_instrumented_tests_that_do_not_pass(sdk: Sdk, out: str, said: str, explains: bool) -> None:
    more = [
        on(PHONE, "install", "-r", "-t", "*androidTest.apk", out="install-success.txt"),
        on(PHONE, "shell", "am", "instrument", "**", out=out),
        on(PHONE, "uninstall", "com.example.parrot.test", text="Success\n"),
    ]
    sdk.plays(
        java(),
        attached("devices-phone.txt"),
        gradle_with_tests(),
        installs(PHONE),
        proves(PHONE, hangs=True),
        pictures(PHONE),
        more,
    )
    done = sdk.run("--on", "android", "--tests", exit_code=1)
    assert said in done.out + done.err
    assert ("Fix: " in done.err) == explains


# Devices that cannot be used.


def test_two_devices(sdk: Sdk) -> None:
    name = [on(EMULATOR, "emu", "avd", "name", out="avd-name.txt")]
    sdk.plays(java(), attached("devices-two.txt"), name)
    done = sdk.run("--on", "android", exit_code=2)
    explained(done.err)
    assert f"android:{PHONE}  ALP AL00" in done.err
    assert f"android:{EMULATOR}  handheld-35" in done.err
    assert "--on android:" in done.err


def test_two_devices_and_a_person(sdk: Sdk) -> None:
    name = [on(EMULATOR, "emu", "avd", "name", out="avd-name.txt")]
    sdk.plays(
        java(), attached("devices-two.txt"), name, gradle(), installs(PHONE), proves(PHONE, hangs=True), pictures(PHONE)
    )
    terminal = sdk.terminal("--on", "android")
    listed = terminal.wait_for("Which one? [1]: ")
    assert "1  android:UYT5T18414003349  ALP AL00" in listed
    assert "2  android:emulator-5554  handheld-35" in listed
    terminal.type("1\n")
    terminal.wait_for("chat: passed")
    assert terminal.end() == 0
    sdk.ended_well()


@pytest.mark.parametrize(
    ("out", "word", "fix"),
    [
        ("devices-phone-unauthorized.txt", "not authorised", "USB debugging"),
        ("devices-offline.txt", "offline", "adb reconnect offline"),
        ("devices-no-permissions.txt", "without permissions", "udev"),
    ],
)
def test_a_phone_that_cannot_be_used(sdk: Sdk, out: str, word: str, fix: str) -> None:
    sdk.plays(java(), attached(out))
    done = sdk.run("--on", "android", exit_code=3)
    explained(done.err)
    assert word in done.err
    assert fix in done.err
    listed = sdk.command("run", sdk.app, "--list", "--json").json
    assert [place["hindered"] for place in listed if place["kind"] == "phone"] == [word]


def test_an_adb_that_does_not_work(sdk: Sdk) -> None:
    said = "* daemon not running; starting now at tcp:5037\nerror: cannot connect to daemon\n"
    sdk.plays(java(), [row("adb", "devices", "-l", text=said, code=1)])
    done = sdk.run("--on", "android", exit_code=3)
    explained(done.err)
    assert "cannot connect to daemon" in done.err
    assert "adb cannot list devices" in sdk.command("run", sdk.app, "--list").out, "and the rest of the list is there"


def test_a_device_that_is_not_there(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-phone.txt"))
    done = sdk.run("--on", "android:nobody", exit_code=2)
    assert f"android:{PHONE}" in done.err
    assert "android:handheld-35" in done.err


# Emulators that do not come up.


def test_no_acceleration(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-none.txt"))
    done = sdk.run("--on", "android", exit_code=3, environ={"HANDHELD_KVM": str(sdk.folder / "kvm")})
    explained(done.err)
    assert "modprobe" in done.err
    assert not sdk.asked("gradlew"), "told before anything is built"


def test_no_acceleration_by_the_emulator_itself(sdk: Sdk) -> None:
    accel = [row("emulator", "-accel-check", out="accel-none.txt", code=1)]
    sdk.plays(java(), attached("devices-none.txt"), accel)
    assert "VT disabled in BIOS" in sdk.run("--on", "android", exit_code=3).err


def ends_at_once(said: str) -> list[tuple[str, Row]]:
    """An emulator that says something and ends before it boots."""
    return [
        row("emulator", "-accel-check", out="accel-kvm.txt"),
        row("emulator", "-avd", "**", out=said, code=1),
        on(EMULATOR, "shell", "getprop", "sys.boot_completed", text="", code=1),
        on(EMULATOR, "emu", "kill", code=1),
    ]


def test_no_space_for_an_emulator(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-none.txt"), gradle(), ends_at_once("emulator-no-space.txt"))
    done = sdk.run("--on", "android", "--limit", "30", exit_code=3)
    explained(done.err)
    assert "needs 7.7 GB" in done.err
    assert "5.6 GB are free" in done.err


def test_an_emulator_that_ends(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-none.txt"), gradle(), ends_at_once("emulator-no-kvm.txt"))
    done = sdk.run("--on", "android", "--limit", "30", exit_code=3)
    explained(done.err)
    assert "vmx or svm" in done.err


def test_an_emulator_that_never_boots(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-none.txt"), gradle(), emulates(ready=False))
    done = sdk.run("--on", "android", "--limit", "2", exit_code=3)
    explained(done.err)
    assert "not ready after 2 s" in done.err
    assert "--limit 4" in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_told_to_end_while_it_boots(sdk: Sdk, number: signal.Signals, code: int) -> None:
    sdk.plays(java(), attached("devices-none.txt"), gradle(), emulates(ready=False))
    before = signal.signal(number, signal.SIG_DFL if number == signal.SIGHUP else signal.getsignal(number))
    process = sdk.command.start("run", sdk.app, "--on", "android")
    signal.signal(number, before)  # under nohup, what is started inherits that SIGHUP is ignored
    end = time.monotonic() + 60
    while len([line for line in sdk.asked("adb") if "getprop" in line]) < 3:
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Shutting down the emulator" in err
    assert b"Traceback" not in err
    assert out == b""
    sdk.ended_well()


def test_a_virtual_device_is_made(sdk: Sdk) -> None:
    ini = sdk.folder / "home" / ".android" / "avd" / "handheld-35.ini"
    ini.unlink()
    image = facts.image_package().name
    made = row("avdmanager", "--silent", "create", "avd", "--force", "--name", "handheld-35", "--package", image,
               "--device", "pixel_6", stdin="no", writes={str(ini): "path=\n"})  # fmt: skip
    sdk.plays(java(), attached("devices-none.txt"), [made], gradle(), emulates(),
              installs(EMULATOR), proves(EMULATOR, hangs=True), pictures(EMULATOR))  # fmt: skip
    assert "chat: passed" in sdk.run("--on", "android").out


def test_a_virtual_device_that_cannot_be_made(sdk: Sdk) -> None:
    (sdk.folder / "home" / ".android" / "avd" / "handheld-35.ini").unlink()
    said = "Error: Package path is not valid. Valid system image paths are:\nnull\n"
    rows = [
        row("avdmanager", "--silent", "create", "**", text=said, code=1),
        row("emulator", "-accel-check", out="accel-kvm.txt"),
    ]
    sdk.plays(java(), attached("devices-none.txt"), rows)
    done = sdk.run("--on", "android", exit_code=3)
    explained(done.err)
    assert "Package path is not valid" in done.err


# Apps that are not taken, crash or hang.


@pytest.mark.parametrize(
    ("out", "fix", "danger"),
    [
        ("install-storage.txt", "df -h /data", True),
        ("install-incompatible.txt", f"adb -s {PHONE} uninstall com.example.parrot", True),
        ("install-downgrade.txt", f"adb -s {PHONE} uninstall com.example.parrot", True),
        ("install-abi.txt", "ro.product.cpu.abilist", False),
        ("install-restricted.txt", "Install via USB", False),
        ("install-connection.txt", "logcat -d -s PackageManager", False),
    ],
)
def test_a_phone_that_does_not_take_the_app(sdk: Sdk, out: str, fix: str, danger: bool) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE, out, code=1))
    done = sdk.run("--on", "android", exit_code=1)
    explained(done.err)
    assert fix in done.err
    assert ("Danger: " in done.err) == danger


def test_success_is_the_word_and_not_the_exit_code(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE, "install-abi.txt", code=0))
    sdk.run("--on", "android", exit_code=1)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("log-exception.txt", 'library "libhandheld.so" not found'),
        ("log-signal.txt", "input is not valid Modified UTF-8"),
        ("log-memory.txt", "Kill 'com.example.parrot'"),
    ],
)
def test_an_app_that_crashes(sdk: Sdk, log: str, said: str) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE), proves(PHONE, log, hangs=True))
    done = sdk.run("--on", "android", "--limit", "30", exit_code=1)
    explained(done.err)
    assert "crashed on ALP AL00" in done.err
    assert said in done.err
    assert said in (sdk.reports / "logcat.txt").read_text(), "the log is kept when something failed"


def test_an_app_that_hangs(sdk: Sdk) -> None:
    sdk.plays(
        java(), attached("devices-phone.txt"), gradle(), installs(PHONE), proves(PHONE, "log-silent.txt", hangs=True)
    )
    done = sdk.run("--on", "android", "--limit", "2", exit_code=1)
    explained(done.err)
    assert "nothing came for 2 s" in done.err


def test_a_phone_that_is_pulled_out(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE), proves(PHONE, "log-silent.txt", code=1))
    assert "the connection to the device ended" in sdk.run("--on", "android", exit_code=1).err


def test_an_earlier_run_is_forgotten(sdk: Sdk) -> None:
    sdk.reports.mkdir(parents=True)
    for name in ("report.json", "tests.txt", "emulator.log"):
        (sdk.reports / name).write_text("of an earlier run")
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE, "install-abi.txt", code=1))
    sdk.run("--on", "android", exit_code=1)
    assert {path.name for path in sdk.reports.iterdir()} == {"gradle.log"}


def test_a_phone_that_goes_to_sleep(sdk: Sdk) -> None:
    rows = [on(PHONE, "shell", *words, text=f"adb: device '{PHONE}' not found\n", code=1)
            for words in (("input", "**"), ("wm", "**"), ("date", "+%s"))]  # fmt: skip
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE), rows)
    done = sdk.run("--on", "android", exit_code=1)
    explained(done.err)
    assert "does not answer" in done.err
    assert f"device '{PHONE}' not found" in done.err


def test_an_app_that_does_not_start(sdk: Sdk) -> None:
    rows = proves(PHONE, start="start-missing.txt", may=True)
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE), rows)
    assert "does not exist" in sdk.run("--on", "android", exit_code=1).err


def test_a_wrong_answer(sdk: Sdk) -> None:
    report = [entry for entry in pictures(PHONE) if "/storage/*/selftest.json" not in entry[1]["argv"]]
    refused = on(PHONE, "pull", "/storage/*/selftest.json", "*", text="remote object does not exist\n", code=1)
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE),
              proves(PHONE, "log-failed.txt", hangs=True), [refused], report)  # fmt: skip
    done = sdk.run("--on", "android", exit_code=1)
    assert done.out == "chat: failed: the answer does not contain 'Paris'\n"
    assert json.loads((sdk.reports / "selftest.json").read_text())["passed"] is False, "at least the log's line"
    assert (sdk.reports / "screenshot.png").is_file()


def test_a_result_in_two_lines(sdk: Sdk) -> None:
    sdk.plays(java(), attached("devices-phone.txt"), gradle(), installs(PHONE),
              proves(PHONE, "log-in-two.txt", hangs=True), pictures(PHONE))  # fmt: skip
    assert "chat: passed" in sdk.run("--on", "android").out
