"""Build and test the Swift half of rendered apps for real.

    PYTHONPATH=tests python tests/swift/lane.py [--record] [STEP...]

The same package, binding, models and screens that the apps ship, on Linux or macOS. The steps; without any, all:

    render     apps with the runtimes echo and llama_cpp, by the `handheld` command itself
    style      swift-format, strictly, over every Swift file of both apps
    manifest   native/Package.swift with every part in it, evaluated as here and as on a Mac; what is fetched is pinned
    echo       swift test of native/Package.swift with the runtime echo
    screens    the app's screens over stand-ins for SwiftUI and UIKit, and the app's own unit tests
    faults     planted faults in screens and binding, each of which the compiler has to find
    metal      Metal kernels and models as the package takes them against those that llama.cpp's CMake files take
    llama      swift test of native/Package.swift with llama.cpp and the real model, and the app's unit tests on it

and those that take longer, never by default:

    names      package, screens and unit tests of an app whose name and folder are hard
    release    `echo` and `llama` as the App Store gets them
    tsan       `echo` under ThreadSanitizer
    asan       `echo` under AddressSanitizer; llama.cpp under it is the business of `nox -s sanitize`

Everything lies in build/swift/, or in the folder that $HANDHELD_SWIFT_WORK names. --record keeps what the steps `echo`
and `llama` proved in docs/generated/proof.json: the golden cases are among their tests. The last line counts tests and
planted faults; a step that has none of them counts as one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handheld.facts import gather_host
from handheld.libraries import fetch_libraries
from handheld.progress import SilentProgress
from handheld.proof import proofs_of
from handheld.proof import record as keep
from handheld.render import open_app
from handheld.tools import open_tools
from helpers.apps import every_task
from swift import faults, manifest, metal
from swift.screens import Screens, lay_out
from swift.toolchain import NoSwiftError, Swift, find_swift

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CHOICES = {
    "echo": every_task(),
    "llama_cpp": ["--task", "chat", "--runtime", "llama_cpp", "--model", "smollm2-135m-instruct"],
}
"""Runtime -> the choices of the app that stands for it."""
HARD_NAME, HARD_FOLDER = "Ben & Jerry's 鹦鹉", "Zażółć & Söhne's apps"
RELEASE = ("-c", "release", "-Xswiftc", "-enable-testing")
"""Optimised; the tests look inside modules, which release builds allow only when asked."""
LONGER = ("names", "release", "tsan", "asan")
"""Steps that are taken only by name."""
PROVING = {"echo": "echo", "llama": "llama_cpp"}
"""Step -> the runtime whose golden case it proves."""
RAN = re.compile(r"^✔ Test run with (\d+) tests?\b", re.MULTILINE)


class StepFailed(Exception):
    """A step found something wrong."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Where everything lies."""

    swift: Swift
    work: Path

    def app(self, runtime: str) -> Path:
        return self.work / "apps" / runtime

    def screens(self, runtime: str) -> Screens:
        folder = self.work / f"screens-{runtime}"
        folder.mkdir(exist_ok=True)
        return lay_out(self.swift, self.app(runtime), folder)

    def test_screens(self, runtime: str) -> int:
        package = self.screens(runtime)
        return self.test(package.folder, runtime, scratch=str(package.scratch))

    def libraries(self, runtime: str) -> Path:
        """A folder with what an app's runtimes open on this machine, where the toolchain can see it."""
        app, tools = self.app(runtime), open_tools()
        machine, folder = gather_host(app), self.work / f"libraries-{runtime}"
        found = fetch_libraries(open_app(app).lock.libraries, machine.os, machine.arch, tools, SilentProgress())
        folder.mkdir(exist_ok=True)
        for name, path in found.items():
            (folder / name).unlink(missing_ok=True)
            shutil.copyfile(path, folder / name)
        return folder

    def must(self, argv: list[str], folder: Path, environ: dict[str, str] | None = None) -> None:
        if self.swift.run(argv, folder, environ).returncode != 0:
            raise StepFailed(f"failed in {folder}: {' '.join(argv)}")

    def test(
        self,
        folder: Path,
        runtime: str,
        *more: str,
        scratch: str = ".build",
        tasks: Path | None = None,
        environ: dict[str, str] | None = None,
    ) -> int:
        """Run swift test; gives how many tests Swift Testing says it ran, all of which passed."""
        jobs = str(os.cpu_count() or 2)
        argv = ["swift", "test", "-j", jobs, "--scratch-path", scratch, *more, *self.swift.link_flags]
        environ = {
            "HANDHELD_TASKS": str(tasks or self.app(runtime) / "tasks"),
            # SwiftPM builds programs that have the core inside: what it opens is looked for where the system looks.
            "LD_LIBRARY_PATH": str(self.libraries(runtime)),
            **(environ or {}),
        }
        done = self.swift.run(argv, folder, environ, quiet=True)
        said = [line for line in done.stdout.splitlines() if line.startswith(("✘", "✔ Test run with", "◇ Test run"))]
        sys.stdout.write("\n".join(said or done.stdout.splitlines()[-40:]) + "\n")
        ran = sum(map(int, RAN.findall(done.stdout)))
        if done.returncode != 0 or ran == 0:
            log = self.work / "failed-test.log"
            log.write_text(done.stdout, encoding="utf-8")
            raise StepFailed(f"tests failed; all of the output is in {log}")
        return ran


def render(lane: Lane) -> int:
    for runtime in CHOICES:
        _render(lane.app(runtime), "Parrot", runtime)
    return 1


def _render(app: Path, name: str, runtime: str) -> None:
    argv = [sys.executable, "-m", "handheld", "new", name, *CHOICES[runtime], "--directory", str(app), "--force"]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "generator")}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailed(done.stdout + done.stderr)


def style(lane: Lane) -> int:
    for runtime in CHOICES:
        native, ios = lane.app(runtime) / "native", lane.app(runtime) / "ios"
        places = [native / "Package.swift", native / "bindings" / "swift", ios]
        argv = ["swift-format", "lint", "--strict", "--recursive", "--configuration", str(ios / ".swift-format")]
        lane.must([*argv, *map(str, places)], native)
    return 1


def every_part(lane: Lane) -> int:
    fetched, wrong = manifest.problems(lane.swift, lane.work / "manifest")
    if wrong or not fetched:
        raise StepFailed("\n".join(wrong) or "no target is fetched on a Mac, yet several parts have one")
    shutil.copyfile(manifest.NATIVE / ".swift-format", lane.work / "manifest" / ".swift-format")
    lane.must(["swift-format", "lint", "--strict", "Package.swift"], lane.work / "manifest")
    return 1


def echo(lane: Lane) -> int:
    return lane.test(lane.app("echo") / "native", "echo")


def screens(lane: Lane) -> int:
    return lane.test_screens("echo")


def planted(lane: Lane) -> int:
    package = lane.screens("echo")
    lane.must(["swift", "build", "--scratch-path", str(package.scratch), *lane.swift.link_flags], package.folder)
    count, problems = faults.plant(lane.swift, package)
    if problems:
        raise StepFailed("\n".join(problems))
    sys.stdout.write(f"{count} faults planted, all found\n")
    return count


def kernels(lane: Lane) -> int:
    native = lane.app("llama_cpp") / "native"
    wrong = metal.differences(lane.swift, native, lane.work) + metal.models_left_out(native)
    if wrong:
        raise StepFailed("\n".join(wrong))
    return 1


def llama(lane: Lane) -> int:
    return lane.test(lane.app("llama_cpp") / "native", "llama_cpp") + lane.test_screens("llama_cpp")


def names(lane: Lane) -> int:
    app = lane.work / "apps" / HARD_FOLDER
    _render(app, HARD_NAME, "echo")
    folder = lane.work / "screens of a hard name"
    folder.mkdir(exist_ok=True)
    package = lay_out(lane.swift, app, folder)
    return lane.test(package.folder, "echo", scratch=str(package.scratch), tasks=app / "tasks")


def release(lane: Lane) -> int:
    return sum(lane.test(lane.app(runtime) / "native", runtime, *RELEASE) for runtime in CHOICES)


def tsan(lane: Lane) -> int:
    return lane.test(lane.app("echo") / "native", "echo", "--sanitize=thread", scratch=".build/tsan")


def asan(lane: Lane) -> int:
    # Swift's own libXCTest.so leaks a little; what is ours is counted by a test of its own, which has no use for the
    # 256 MB of freed memory that ASan keeps by default.
    options = {"ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=8:thread_local_quarantine_size_kb=64"}
    return lane.test(lane.app("echo") / "native", "echo", "--sanitize=address", scratch=".build/asan", environ=options)


STEPS: dict[str, Callable[[Lane], int]] = {
    "render": render,
    "style": style,
    "manifest": every_part,
    "echo": echo,
    "screens": screens,
    "faults": planted,
    "metal": kernels,
    "llama": llama,
    "names": names,
    "release": release,
    "tsan": tsan,
    "asan": asan,
}


def find_work() -> Path:
    """The folder that everything lies in."""
    work = Path(os.environ.get("HANDHELD_SWIFT_WORK", REPOSITORY / "build" / "swift")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    return work


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="keep what was proven in docs/generated/proof.json")
    parser.add_argument("steps", nargs="*", metavar="STEP")
    given = parser.parse_args()
    steps = given.steps or [name for name in STEPS if name not in LONGER]
    if unknown := [name for name in steps if name not in STEPS]:
        parser.error(f"there is no step {unknown[0]}; there are: {', '.join(STEPS)}")
    work = find_work()
    try:
        lane = Lane(find_swift(work), work)
    except NoSwiftError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    passed, failed = 0, 0
    for name in steps:
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        start = time.monotonic()
        try:
            count = STEPS[name](lane)
        except StepFailed as error:
            count, failed = 0, failed + 1
            sys.stderr.write(f"{error}\n")
        passed += count
        sys.stdout.write(f"== {name}: {'ok' if count else 'FAILED'}, {time.monotonic() - start:.0f} s\n")
        if count and given.record and name in PROVING:
            app = lane.app(PROVING[name])
            keep(REPOSITORY, proofs_of(open_app(app).lock, "swift", gather_host(app)))
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
