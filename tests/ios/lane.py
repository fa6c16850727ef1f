"""All that this machine can do about the iOS half of rendered apps.

    PYTHONPATH=tests python tests/ios/lane.py [--device UDID] [STEP...]

With Xcode the last step builds an app, runs it in a simulator (or on the phone with that UDID) and brings the reports
to build/reports/ios/. Elsewhere everything else is done, and the last line says what was left out and why. The steps:

    render    apps with ordinary and with hard names, by the `handheld` command itself
    parsers   the project file by npm's `xcode` and `@bacons/xcode`
    cross     our C++ compiled for iPhone and simulator by zig, and that of each runtime for arrays that iOS has
    frameworks   our Objective-C++, the same way, against stand-ins for Apple's frameworks
    neon      the core built with an iPhone's processor flags, and run under QEMU
    swift     package, models and screens on Linux or macOS: tests/swift/lane.py
    device    the app itself, proven in a simulator or on a phone
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from handheld.catalog import load_catalog
from handheld.resources import root
from helpers.apps import every_task
from ios import cross, frameworks, neon, parsers
from native.support import runtimes, tiny_file, tiny_model

REPOSITORY = Path(__file__).resolve().parent.parent.parent
REPORTS = REPOSITORY / "build" / "reports" / "ios"
APPS = {"plain": "Parrot", "signs": "Ben & Jerry's #1; 50% (off)", "chinese": "鹦鹉", "keyword": "Class"}
"""Names that project files have to survive."""
SHIPPED = ("--task", "chat")
"""What the app that is run is made of: the task's own default model."""
SWIFT_STEPS = ("render", "style", "echo", "screens")


class StepFailedError(Exception):
    """A step found something wrong."""


class LeftOut(Exception):
    """A step cannot be done here; the message says why."""


@dataclass
class Lane:
    """Where everything lies, and what was left out."""

    work: Path
    device: str | None
    ci: bool
    left_out: list[str] = field(default_factory=list)

    def app(self, name: str) -> Path:
        return self.work / "apps" / name

    def lacks(self, what: str) -> Exception:
        """Something that can be installed is missing: at home a step is left out, with CI=true it fails."""
        return StepFailedError(what) if self.ci else LeftOut(what)


def render(lane: Lane) -> None:
    for name, title in APPS.items():
        _handheld(
            "new", title, *every_task(), "--directory", str(lane.app(name)), "--force", "--id", f"com.example.{name}app"
        )


def read_projects(lane: Lane) -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise lane.lacks(f"no {program} (sudo apt install nodejs npm)")
    try:
        found = parsers.install(lane.work / "node")
    except RuntimeError as error:
        raise StepFailedError(str(error)) from error
    projects = [next((lane.app(name) / "ios").glob("*.xcodeproj")) for name in APPS]
    wrong = [said for project in projects for said in found.complaints(project)]
    wrong += parsers.check_that_they_find_faults(found, projects[0], lane.work)
    _refuse(wrong)
    sys.stdout.write(f"{len(projects)} project files read by both parsers, and written again with the same bytes\n")


def compile_for_phones(lane: Lane) -> None:
    compiler = cross.find()
    if compiler is None:
        raise lane.lacks("no zig (python3 -m pip install ziglang)")
    app = lane.work / "apps" / "shipped"
    _handheld("new", "Parrot", *SHIPPED, "--directory", str(app), "--force")
    native, scratch = app / "native", lane.work / "cross"
    files = cross.sources(native)
    _refuse(cross.check(compiler, native, scratch, files))
    _refuse(cross.check_that_it_finds_faults(compiler, scratch))
    count = len(files)
    for runtime in (name for name in runtimes("tensors") if "ios" in load_catalog(root()).runtimes[name].platforms):
        count += _compile_runtime(lane, compiler, runtime)
    sys.stdout.write(
        f"{count} files compiled for {len(cross.PLATFORMS)} platforms and {len(cross.PROCESSORS)} processors\n"
    )


def _compile_runtime(lane: Lane, compiler: cross.Compiler, runtime: str) -> int:
    """A runtime's own C++, as its part of the package says; gives the number of files."""
    scratch = lane.work / "cross" / runtime
    scratch.mkdir(parents=True, exist_ok=True)
    app = lane.work / "apps" / f"lab-{runtime}"
    native, model = app / "native", tiny_file(runtime, "tensors", scratch)
    task = ("--task", "tensors", "--runtime", runtime, "--model", model, "--platform", "ios")
    _handheld("new", "Lab", *task, "--directory", str(app), "--force")
    files = [
        file for file in cross.sources(native) if file.is_relative_to(native / "runtimes") and file.suffix != ".mm"
    ]
    _refuse(cross.check(compiler, native, scratch, files))
    return len(files)


def compile_objective_c(lane: Lane) -> None:
    compiler = cross.find()
    if compiler is None:
        raise lane.lacks("no zig (python3 -m pip install ziglang)")
    scratch = lane.work / "frameworks"
    shutil.rmtree(scratch, ignore_errors=True)
    app, native = lane.work / "apps" / "frameworks", lane.work / "apps" / "frameworks" / "native"
    _handheld("new", "Lab", "--model", str(tiny_model("coreml").package(scratch)), "-C", str(app), "--force")
    files = [file for file in cross.sources(native) if file.suffix == ".mm"]
    if not files:
        raise StepFailedError("there is no Objective-C++ in the app")
    _refuse(cross.check(compiler, native, scratch, files))
    target, processor = next(iter(cross.PLATFORMS)), next(iter(cross.PROCESSORS))
    faults = (*frameworks.FAULTS, *frameworks.NEWER)

    def compile_(file: Path) -> str:
        return compiler.compile(file, target, processor, native, scratch / "fault.o", most=1 << 20)

    _refuse(frameworks.missed(native, scratch, faults, compile_))
    sys.stdout.write(f"{len(files)} files compiled, {len(faults)} planted faults found\n")


def run_as_phone(lane: Lane) -> None:
    compiler = cross.find()
    if compiler is None:
        raise lane.lacks("no zig (python3 -m pip install ziglang)")
    if absent := neon.missing():
        raise lane.lacks(f"no {' and '.join(absent)} (sudo apt install {' '.join(absent)})")
    folder = lane.work / "neon"
    folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    for what, said in neon.check(compiler, folder):
        sys.stdout.write(f"{what}: {'other than here' if said else 'the same as here'}\n")
        wrong += [f"{what}:\n{said}"] if said else []
    _refuse(wrong)


def swift(lane: Lane) -> None:
    argv = [sys.executable, str(REPOSITORY / "tests" / "swift" / "lane.py"), *SWIFT_STEPS]
    done = subprocess.run(argv, env=_environ(), check=False)
    if done.returncode == 3:
        raise lane.lacks("no Swift, and none can be brought")
    if done.returncode != 0:
        raise StepFailedError("the Swift lane failed")


def on_device(lane: Lane) -> None:
    if shutil.which("xcodebuild") is None:
        raise LeftOut(f"no Xcode on {sys.platform}: nothing was built by xcodebuild or run in a simulator")
    app = lane.work / "apps" / "shipped"
    _handheld("new", "Parrot", *SHIPPED, "--directory", str(app), "--force")
    target = f"ios-device:{lane.device}" if lane.device else "ios-simulator"
    _handheld("run", str(app), "--on", target, "--tests", "--reports", str(REPORTS))


STEPS: dict[str, Callable[[Lane], None]] = {
    "render": render,
    "parsers": read_projects,
    "cross": compile_for_phones,
    "frameworks": compile_objective_c,
    "neon": run_as_phone,
    "swift": swift,
    "device": on_device,
}


def _environ() -> dict[str, str]:
    folders = [str(REPOSITORY / "generator"), str(REPOSITORY / "tests")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def _handheld(*arguments: str) -> None:
    argv = [sys.executable, "-m", "handheld", *arguments]
    done = subprocess.run(argv, env=_environ(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailedError(done.stdout + done.stderr)
    if arguments[0] == "run":
        sys.stdout.write(done.stdout)


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise StepFailedError("\n".join(wrong))


def run(lane: Lane, steps: list[str]) -> list[str]:
    """Do the steps; gives the names of those that failed."""
    failed = []
    for name in steps:
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        start, how = time.monotonic(), "ok"
        try:
            STEPS[name](lane)
        except LeftOut as reason:
            how = "left out"
            lane.left_out.append(f"{name}: {reason}")
        except StepFailedError as error:
            how = "FAILED"
            failed.append(name)
            sys.stderr.write(f"{error}\n")
        sys.stdout.write(f"== {name}: {how}, {time.monotonic() - start:.0f} s\n")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", metavar="UDID", help="run on this phone, not in a simulator")
    parser.add_argument("steps", nargs="*", metavar="STEP")
    given = parser.parse_args()
    steps = given.steps or list(STEPS)
    if unknown := [name for name in steps if name not in STEPS]:
        parser.error(f"there is no step {unknown[0]}; there are: {', '.join(STEPS)}")
    work = REPOSITORY / "build" / "ios"
    work.mkdir(parents=True, exist_ok=True)
    lane = Lane(work, given.device, os.environ.get("CI", "").lower() == "true")
    failed = run(lane, steps)
    if lane.left_out:
        sys.stdout.write(f"left out here: {'; '.join(lane.left_out)}\n")
    done = len(steps) - len(failed) - len(lane.left_out)
    sys.stdout.write(f"{done} passed, {len(failed)} failed\n")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
