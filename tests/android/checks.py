"""A rendered app through the real tools of Android, without its SDK: `nox -s android_checks`.

    PYTHONPATH=tests python -m android.checks [STEP...]

The steps; without any, all, in this order. What they make lies in build/android_checks; times are for two idle cores:
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from android import compiling, faults, levels, linting, names, packing, scripts, shrinking, style
from android.bench import REPOSITORY, Bench, CheckFailed, open_bench, render
from handheld.errors import HandheldError, MachineError
from handheld.progress import make_progress
from handheld.tools import open_tools
from helpers.apps import every_task
from jvm import chain

WORK = REPOSITORY / "build/android_checks"


@dataclass(frozen=True, slots=True)
class Step:
    """One tool. `budget` is the number of seconds that it may take; `run` says what it found right."""

    name: str
    budget: int
    run: Callable[[Bench], str]
    what: str


def _library(bench: Bench) -> Path:
    """The core with its JNI binding for this machine, from an app whose runtime is quick to build."""
    app = render(WORK / "apps/echo", *every_task())
    return chain.build_native(bench.with_app(app, WORK / "work-echo").lane, bench.tools, bench.progress)


STEPS = (
    Step("manifest", 5, compiling.manifest, "merges manifests; no permission, nothing open to other apps"),
    Step("resources", 15, compiling.resources, "aapt2"),
    Step("kotlin", 30, compiling.kotlin, "Kotlin without a warning, tests for JVM and device too"),
    Step("style", 10, style.style, "ktlint"),
    Step("scripts", 20, scripts.scripts, "Gradle scripts against the API of the Android Gradle plugin"),
    Step("lint", 60, linting.lint, "Android Lint, Compose's checks and NewApi among them"),
    Step("levels", 10, levels.levels, "what libraries use, against the oldest Android"),
    Step("debug", 15, shrinking.debug, "D8"),
    Step("shrink", 90, shrinking.shrink, "R8 in full mode, keep rules in the dex files"),
    Step("jni", 40, lambda bench: shrinking.register(bench, _library(bench)), "JNI on shrunk class files"),
    Step("apk", 15, packing.apk, "a signed APK: libraries at 16 KB, models stored"),
    Step("bundle", 20, packing.bundle, "an app bundle that bundletool validates, and the APK that it makes of it"),
    Step("names", 60, names.names, "apps with hard names"),
    Step("faults", 150, lambda bench: faults.planted(bench, _library(bench)), "planted faults are found"),
)


def main(arguments: Sequence[str]) -> int:
    """Run steps; the exit code is 0 when each found everything right."""
    lines = "\n".join(f"    {step.name:10} {step.budget:4} s   {step.what}" for step in STEPS)
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{lines}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("steps", nargs="*", metavar="STEP")
    wanted = parser.parse_args(arguments).steps
    if unknown := set(wanted) - {step.name for step in STEPS}:
        parser.error(f"there is no step {', '.join(sorted(unknown))}")
    progress = make_progress(sys.stderr)
    try:
        app = render(WORK / "apps/parrot")
        bench = open_bench(app, WORK / "work-parrot", open_tools(), progress)
        passed, failed = run([step for step in STEPS if not wanted or step.name in wanted], bench)
    except MachineError as error:
        print(error.as_text())
        if os.environ.get("CI", "").lower() != "true":
            print("skipped: this machine lacks something")
            return 0
        passed, failed = 0, 1
    except (CheckFailed, HandheldError) as error:
        print(error.as_text() if isinstance(error, HandheldError) else error)
        passed, failed = 0, 1
    finally:
        progress.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run(steps: Sequence[Step], bench: Bench) -> tuple[int, int]:
    """Run each step, also after one that failed; how many passed and failed."""
    passed, begin = 0, time.monotonic()
    for step in steps:
        start = time.monotonic()
        try:
            said = step.run(bench)
            passed += 1
        except (CheckFailed, HandheldError, chain.ChainError) as error:
            said = f"FAILED\n{error}"
        print(f"{step.name:10} {time.monotonic() - start:6.1f} s of {step.budget:3}   {said}", flush=True)
    print(f"all        {time.monotonic() - begin:6.1f} s of {sum(step.budget for step in steps):3}")
    return passed, len(steps) - passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
