"""An Android SDK that plays scenarios, an app to build with it, and the real command line in between."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes import replay
from handheld.platforms.android import facts
from handheld.render import render_app
from helpers.apps import made_up_files, plan_of
from helpers.command import Command, Done, Terminal

TRANSCRIPTS = Path(__file__).parent / "transcripts" / "android"
PHONE = "UYT5T18414003349"
EMULATOR = "emulator-5554"
PACKAGE = "com.example.parrot"
TEST_APK = "app/build/outputs/apk/androidTest/debug/app-debug-androidTest.apk"
APK = "app/build/outputs/apk/debug/app-debug.apk"
BUNDLE = "app/build/outputs/bundle/release/app-release.aab"
Row = dict[str, Any]


def row(tool: str, *argv: str, **more: object) -> tuple[str, Row]:
    """A row of a scenario: `tool` is asked `argv`."""
    return tool, {"argv": list(argv), **more}


Rows = list[tuple[str, Row]]


def java() -> Rows:
    return [row("java", "-version", out="java-17.txt")]


def gradle(out: str = "gradle-success.txt", task: str = "assembleDebug", makes: str = APK, **more: object) -> Rows:
    writes = {makes: "PK"} if out in {"gradle-success.txt", "gradle-idle.txt"} and makes else {}
    return [row("gradlew", "--console=plain", "--no-daemon", task, out=out, writes=writes, **more)]


def gradle_with_tests() -> Rows:
    made = {APK: "PK", TEST_APK: "PK"}
    tasks = ("assembleDebug", "assembleDebugAndroidTest")
    return [row("gradlew", "--console=plain", "--no-daemon", *tasks, out="gradle-success.txt", writes=made)]


def attached(out: str) -> Rows:
    return [row("adb", "devices", "-l", out=out)]


def on(serial: str, *argv: str, **more: object) -> tuple[str, Row]:
    return row("adb", "-s", serial, *argv, **more)


def installs(serial: str, out: str = "install-success.txt", **more: object) -> Rows:
    return [on(serial, "install", "-r", "-t", "*app-debug.apk", out=out, **more)]


def proves(serial: str, log: str = "log-passed.txt", start: str = "start-ok.txt", **more: object) -> Rows:
    """The app starts in self-test mode, and its log says `log`."""
    activity = f"{PACKAGE}/{PACKAGE}.MainActivity"
    return [
        on(serial, "shell", "input", "keyevent", "KEYCODE_WAKEUP"),
        on(serial, "shell", "wm", "dismiss-keyguard"),
        on(serial, "shell", "date", "+%s", text="1795773600\n"),
        on(serial, "shell", "am", "start", "-S", "-n", activity, "--ez", "handheld.selftest", "true", out=start),
        on(serial, "logcat", "-v", "threadtime", "-T", "1795773600.000", "-d", out=log),
        on(serial, "logcat", "-v", "threadtime", "-T", "1795773600.000", "Handheld:V", "**", out=log, **more),
    ]


def pictures(serial: str) -> Rows:
    """The report is brought, the app is opened, and its picture taken."""
    activity = f"{PACKAGE}/{PACKAGE}.MainActivity"
    return [
        on(serial, "pull", "/storage/*/selftest.json", "*", copies={"{-1}": "selftest.json"}),
        on(serial, "shell", "am", "start", "-S", "-n", activity, "-W", out="start-slow.txt"),
        on(serial, "shell", "screencap", "-p", "/data/local/tmp/handheld.png"),
        on(serial, "pull", "/data/local/tmp/handheld.png", "*", copies={"{-1}": "screen.png"}),
        on(serial, "shell", "rm", "-f", "/data/local/tmp/handheld.png"),
    ]


def emulates(ready: bool = True) -> Rows:
    """A virtual device that boots: nothing is attached before, it is then; its package manager comes last."""
    rows = [
        row("emulator", "-accel-check", out="accel-kvm.txt"),
        row(
            "emulator", "-avd", "handheld-35", "-port", "5554", "-no-window", "**", out="emulator-boots.txt", hangs=True
        ),
        on(EMULATOR, "emu", "kill", text="OK: killing emulator, bye bye\n", ends="emulator"),
        row("adb", "kill-server", may=True),
    ]
    booted = [on(EMULATOR, "shell", "getprop", "sys.boot_completed", text="\n", times=2)]
    if ready:
        # In use as soon as it says that it has booted: this is what most emulator runs break on.
        manager = "Error: Could not access the Package Manager. Is the system running?\n"
        booted += [
            on(EMULATOR, "shell", "getprop", "sys.boot_completed", text="1\n"),
            on(EMULATOR, "shell", "pm", "path", "android", text=manager, code=1, times=2),
            on(EMULATOR, "shell", "pm", "path", "android", text="package:/system/framework/framework-res.apk\n"),
        ]
    else:
        booted.append(on(EMULATOR, "shell", "getprop", "sys.boot_completed", text="\n", may=True))
    return rows + booted


@dataclass(frozen=True, slots=True)
class Sdk:
    """The fake SDK in a folder, with the environment that makes Handheld take it."""

    folder: Path
    command: Command
    app: Path
    scenario: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "sdk"

    @property
    def reports(self) -> Path:
        return self.app / "build" / "reports" / "android"

    def plays(self, *parts: Rows) -> None:
        """Write the scenario."""
        lines = []
        for tool, entry in (entry for part in parts for entry in part):
            lines += ["", f"[[{tool}]]", *(f"{name} = {_toml(value)}" for name, value in entry.items())]
        self.scenario.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *arguments: str, exit_code: int = 0, environ: Mapping[str, str] | None = None) -> Done:
        """`handheld run <app>`; afterwards everything that was to happen has, nothing else, and nothing is left."""
        return self.does("run", *arguments, exit_code=exit_code, environ=environ)

    def does(self, verb: str, *arguments: str, exit_code: int = 0, environ: Mapping[str, str] | None = None) -> Done:
        done = self.command(verb, self.app, *arguments, exit_code=exit_code, environ=environ)
        self.ended_well(f"{done.out}\n{done.err}")
        return done

    def terminal(self, *arguments: str) -> Terminal:
        return self.command.terminal("run", self.app, *arguments)

    def ended_well(self, said: str = "") -> None:
        """Nothing unexpected was asked, nothing expected was left out, no process lives."""
        assert replay.unexpected(self.scenario) == [], said
        assert replay.unused(self.scenario) == [], said
        for call in replay.calls_of(self.scenario):
            assert not Path(f"/proc/{call['pid']}").exists(), f"{call} still runs"

    def asked(self, tool: str) -> list[str]:
        """What a tool was asked, in order."""
        return [" ".join(call["argv"]) for call in replay.calls_of(self.scenario) if call["tool"] == tool]


def make_sdk(folder: Path) -> Sdk:
    """An SDK with everything that an app needs, a virtual device, and an app with a wrapper."""
    plan = plan_of(folder / "parrot", platforms=("android",))
    app = render_app(plan, made_up_files(plan, folder / "files")).directory
    root, home = folder / "sdk", folder / "home"
    needs = facts.needs_of_app(app / "android")
    for package in (*facts.build_packages(needs), *facts.emulator_packages()):
        put(package, root)
    replay.install(root / "platform-tools", "adb")
    replay.install(root / "emulator", "emulator")
    replay.install(root / "cmdline-tools" / "latest" / "bin", "avdmanager", "sdkmanager")
    replay.install(folder / "bin", "java")
    replay.install(app / "android", "gradlew")
    accept(root)
    avd = home / ".android" / "avd"
    avd.mkdir(parents=True)
    (avd / "handheld-35.ini").write_text("path=\n")
    environ = {
        "ANDROID_HOME": str(root),
        "HOME": str(home),
        "PATH": str(folder / "bin"),
        "HANDHELD_KVM": os.devnull,
        "HANDHELD_CACHE": str(folder / "cache"),
        "HANDHELD_REPLAY": str(folder / "scenario.toml"),
        "HANDHELD_TRANSCRIPTS": str(TRANSCRIPTS),
    }
    return Sdk(folder, Command(folder, environ), app, folder / "scenario.toml", environ)


def put(package: facts.Package, root: Path) -> None:
    """Install a package, as far as it is looked at."""
    proof = package.folder(root) / package.proof
    proof.parent.mkdir(parents=True, exist_ok=True)
    proof.touch()


def accept(root: Path) -> None:
    """Accept the licence, as sdkmanager writes it down."""
    (root / "licenses").mkdir(parents=True, exist_ok=True)
    (root / "licenses" / facts.SDK_LICENCE).write_text("\n24333f8a63b6825ea9c5514f83c2829b004d1fee")


def explained(text: str) -> None:
    """A failure says what failed, why, and what to do."""
    assert all(word in text for word in ("Cause: ", "Fix: ")), text


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
