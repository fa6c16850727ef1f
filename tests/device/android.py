"""The Android app for real: rendered, built by Gradle, proven on an emulator or a phone.

    PYTHONPATH=tests python tests/device/android.py [--device SERIAL] [--yes] [--record] [--model NAME]

Everything that was seen is brought to build/reports/android/. What is missing is installed after asking once (--yes:
without asking). Where the SDK is not and cannot be had, the app is proven on the JVM instead, and the last lines say
what was not run, why, and what brings it. With CI=true that is a failure. --record keeps what passed in docs/generated.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handheld.facts import gather_host
from handheld.proof import proofs_of
from handheld.proof import record as keep
from handheld.render import open_app

REPOSITORY = Path(__file__).resolve().parent.parent.parent
REPORTS = REPOSITORY / "build" / "reports" / "android"
APP = REPOSITORY / "build" / "android" / "parrot"
MACHINE_LACKS = 3
"""Handheld's exit code when the machine lacks something."""
LANES = ("android", "android-device", "android-emulator")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line, and where it happens."""

    device: str | None
    yes: bool
    record: bool
    model: str | None
    app: Path = APP
    reports: Path = REPORTS


def main(arguments: Sequence[str]) -> int:
    """Do it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="nox -s android --")
    parser.add_argument("--device", help="the serial number of a phone, or the name of a virtual device")
    parser.add_argument("--yes", action="store_true", help="install what is missing, accept its licences")
    parser.add_argument("--record", action="store_true", help="keep what passed in docs/generated/proof.json")
    parser.add_argument("--model", help="another model than the task's own")
    given = parser.parse_args(arguments)
    return prove(Wanted(given.device, given.yes, given.record, given.model))


def prove(wanted: Wanted) -> int:
    """Render and run; where nothing can be run, the JVM instead."""
    render(wanted)
    target = f"android:{wanted.device}" if wanted.device else "android"
    more = ["--yes"] if wanted.yes else []
    code = handheld(
        "run", str(wanted.app), "--on", target, "--tests", "--reports", str(wanted.reports), *more, check=False
    )
    if code == 0:
        say(f"\nProven. What was seen lies in {wanted.reports}")
        if wanted.record:
            record(wanted)
        return 0
    lacking = lacks() if code == MACHINE_LACKS and wanted.device is None else []
    if not lacking:
        return code
    say("\nThe app cannot be run on Android here; it is proven on the JVM instead.\n")
    proven = jvm()
    say(statement(lacking, proven=proven, tried=wanted.yes))
    return 0 if proven and os.environ.get("CI", "").lower() != "true" else MACHINE_LACKS


def render(wanted: Wanted) -> None:
    """The app that is proven; again only when something of it has changed."""
    model = ["--model", wanted.model] if wanted.model else []
    handheld("new", "Parrot", "--task", "chat", *model, "--directory", str(wanted.app), "--force")


def statement(lacking: Sequence[dict[str, Any]], *, proven: bool, tried: bool = False) -> str:
    """What was not run, why, and what brings it; `tried` when --yes was given already."""
    names: dict[str, list[str]] = {}
    for need in lacking:
        names.setdefault(need["fix"], []).append(need["name"])
    needs = "\n".join(f"  {', '.join(found)}\n      {fix}" for fix, found in names.items())
    again = (
        "once the failure above is mended, runs the app on an emulator" if tried else "installs it, then runs the app"
    )
    return f"""
Not run here: the build by Gradle, the app on an emulator or a phone, its instrumented tests.
This machine lacks:
{needs}
What brings all of it:
  nox -s android -- --yes              {again}
  nox -s android -- --device SERIAL    with a phone, which needs neither emulator nor acceleration
Proven instead, on the JVM with the core of this machine: {"all of it passed" if proven else "IT FAILED, see above"}."""


def lacks() -> list[dict[str, Any]]:
    """What doctor misses for Android; nothing means that the run itself failed."""
    done = subprocess.run(
        [sys.executable, "-m", "handheld", "doctor", "--json"], env=environ(), capture_output=True, check=False
    )
    lanes = json.loads(done.stdout)["lanes"]
    return [need for lane in lanes if lane["name"] in LANES for need in lane["needs"] if not need["found"]]


def jvm() -> bool:
    """The JVM lane, as `nox -s jvm` runs it."""
    return (
        subprocess.run([sys.executable, "-m", "jvm.lane"], cwd=REPOSITORY, env=environ(), check=False).returncode == 0
    )


def record(wanted: Wanted) -> None:
    """Keep what passed, at the level at which it did."""
    level = json.loads((wanted.reports / "report.json").read_text(encoding="utf-8"))["level"]
    keep(REPOSITORY, proofs_of(open_app(wanted.app).lock, level, gather_host(REPOSITORY)))
    subprocess.run([sys.executable, "-m", "handheld.codegen"], cwd=REPOSITORY, env=environ(), check=True)


def handheld(*arguments: str, check: bool = True) -> int:
    """The real command line, in this terminal: it may ask."""
    return subprocess.run([sys.executable, "-m", "handheld", *arguments], env=environ(), check=check).returncode


def environ() -> dict[str, str]:
    """This checkout's own code."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(REPOSITORY / name) for name in ("generator", "tests"))}


def say(text: str) -> None:
    """Print, in order with what other processes print."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
