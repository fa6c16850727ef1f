"""The JVM lane: a rendered app's own Android code, with the host build of its own core, under Robolectric.

    PYTHONPATH=tests python -m jvm.lane [--accept] [--check-jni] [--names] [--record] [--only CLASS]

Renders apps with the `handheld` command itself. The first chats with a real model (its tests: kotlin/model), the second
has the tasks that answer one request (kotlin/lab); pictures of all their screens are compared with
docs/pictures/android. The others have hard names and repeat what they are told (runtime echo): kotlin/echo.

Needs Maven, a JDK from 21 on (Robolectric's Android 16 asks for it), and a C++ compiler. Nothing of Android itself: no
SDK, no Gradle, no emulator. Downloads 750 MB once, into Handheld's cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from handheld.errors import HandheldError, MachineError
from handheld.facts import gather_host
from handheld.progress import Progress, make_progress
from handheld.proof import proofs_of, record
from handheld.render import open_app
from handheld.resources import root
from handheld.tools import Tools, open_tools
from jvm import artifacts, pictures
from jvm.chain import ChainError, Lane, build, build_native, find_jdk
from jvm.runner import JNI_CHECK, Outcome, classes_of, run_tests
from jvm.steps import Steps

WORK = Path("build/jvm")
JVMS = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """An app to render, and the folders below kotlin/ whose tests fit it."""

    name: str
    folder: str
    tests: tuple[str, ...]
    choices: tuple[str, ...] = ("--task", "chat")
    proves: bool = False  # its golden cases are run by the models that people get


ECHO = ("--task", "chat", "--runtime", "echo", "--model", "echo")
PARROT = Subject("Parrot", "parrot", ("model", "bench"), proves=True)
LAB = Subject("Lab", "lab", ("lab",), ("--task", "classify", "--task", "tensors"), proves=True)
HINDI = Subject("नमस्ते पक्षी", "hindi", ("echo",), ECHO)
OTHER_NAMES = (Subject("Nina's Bird", "apostrophe", ("echo",), ECHO), Subject("when", "keyword", ("echo",), ECHO))


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    accept: bool
    check_jni: bool
    names: bool
    record: bool
    only: str

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The apps."""
        return (PARROT, LAB, HINDI, *(OTHER_NAMES if self.names else ()))


def main(arguments: Sequence[str]) -> int:
    """Build and test the apps that the command line names; the exit code is 0 when all went well."""
    options = parse(arguments)
    tools, progress = open_tools(), make_progress(sys.stderr)
    steps = Steps(WORK.resolve())
    try:
        lanes = open_lanes(options.subjects, tools, progress, steps)
        outcome = test(lanes, options, tools, progress, steps)
    except MachineError as error:
        print(error.as_text())
        if os.environ.get("CI", "").lower() == "true":
            print("0 passed, 1 failed")
            return error.exit_code
        print("skipped: this machine lacks something")
        return 0
    except (ChainError, HandheldError) as error:
        print(error.as_text() if isinstance(error, HandheldError) else error)
        outcome = Outcome(0, 1)
    finally:
        progress.close()
    print(steps.table())
    for fault in outcome.faults:
        print(f"FAILED: {fault}")
    failed = outcome.failed + len(outcome.faults)
    if options.record and failed == 0 and not options.only:
        for subject in options.subjects:
            if subject.proves:
                keep_proof(WORK.resolve() / "apps" / subject.folder)
    print(f"{outcome.passed} passed, {failed} failed")
    return 1 if failed else 0


def parse(arguments: Sequence[str]) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="make the new pictures the accepted ones")
    parser.add_argument("--check-jni", action="store_true", help="let the JVM check every JNI call")
    parser.add_argument("--names", action="store_true", help="also apps with an apostrophe and a keyword as their name")
    parser.add_argument("--record", action="store_true", help="keep what was proven in docs/generated/proof.json")
    parser.add_argument("--only", default="", metavar="CLASS", help="test classes whose name holds this")
    given = parser.parse_args(arguments)
    return Options(given.accept, given.check_jni, given.names, given.record, given.only)


def keep_proof(app: Path) -> None:
    """Record that the app's golden cases passed here: the self-test is one of the tests."""
    record(root(), proofs_of(open_app(app).lock, "jvm", gather_host(app)))


def open_lanes(subjects: Sequence[Subject], tools: Tools, progress: Progress, steps: Steps) -> list[Lane]:
    """Fetch what is missing, and render the apps.

    Raises:
        MachineError: there is no JDK that is new enough, no Maven, or no network.
    """
    jdk = find_jdk()
    if jdk is None:
        raise MachineError(
            "There is no JDK from 21 on.",
            "Robolectric runs Android 16 on nothing older; looked at JAVA_HOME and /usr/lib/jvm.",
            "sudo apt install openjdk-21-jdk-headless, or let JAVA_HOME name one",
        )
    cache = tools.cache / "jvm"
    with steps.timed("download"):
        files = artifacts.fetch(cache / "files", tools, progress)
    lanes = []
    for subject in subjects:
        app = WORK.resolve() / "apps" / subject.folder
        with steps.timed(f"render {subject.folder}"):
            handheld = ["handheld", "new", subject.name, *subject.choices]
            tools.run([*handheld, "--directory", app, "--force"])
        lanes.append(
            Lane(app, subject.name, WORK.resolve() / "work" / subject.folder, cache, jdk, files, subject.tests)
        )
    return lanes


def test(lanes: Sequence[Lane], options: Options, tools: Tools, progress: Progress, steps: Steps) -> Outcome:
    """Build all apps, then run the tests of each; the sum of what they say."""
    libraries = []
    for lane in lanes:
        with steps.timed(f"native of {lane.app.name}"):
            libraries.append(build_native(lane, tools, progress))
    build(lanes, steps)
    taken = WORK.resolve() / "pictures"
    shutil.rmtree(taken, ignore_errors=True)
    flags = [*([JNI_CHECK] if options.check_jni else []), f"-Djvm.pictures={taken}"]
    with steps.timed("tests"), ThreadPoolExecutor(JVMS) as pool:
        running = [
            pool.submit(run_tests, lane, library, flags, classes)
            for lane, library in zip(lanes, libraries, strict=True)
            for classes in shares(classes_of(lane, options.only), checked=options.check_jni)
        ]
        outcomes = [run.result() for run in running]
    if taken.is_dir() or not (options.only or options.check_jni):
        outcomes.append(look(taken, accept=options.accept))
    faults = tuple(fault for outcome in outcomes for fault in outcome.faults)
    return Outcome(sum(o.passed for o in outcomes), sum(o.failed for o in outcomes), faults)


def shares(classes: Sequence[str], *, checked: bool) -> list[list[str]]:
    """Two JVMs at once: pictures take about half as long as all that talks to the model.

    Under -Xcheck:jni they are left out, and so is what copies or hashes a whole model: half an hour in calls of
    Robolectric's own, which draw and read.
    """
    pictured = [name for name in classes if "Pictures" in name]
    rest = [name for name in classes if name not in pictured and not (checked and "BadInput" in name)]
    return [share for share in (rest, [] if checked else pictured) if share]


def look(taken: Path, *, accept: bool) -> Outcome:
    """Compare the pictures, or accept them; each picture counts as one test."""
    differences = pictures.compare(taken, pictures.ACCEPTED)
    count = len(list(taken.glob("*.png")))
    if count == 0:
        return Outcome(0, 0, ("No picture was taken.",))
    if accept:
        pictures.accept(taken, pictures.ACCEPTED, differences)
        print(f"accepted {len(differences)} pictures: {', '.join(d.name for d in differences)}")
        return Outcome(count, 0)
    for difference in differences:
        print(f"picture {difference.name}: {difference.reason}")
    if differences:
        print(f"The new ones are in {taken}. If they are right: nox -s jvm -- --accept, and commit {pictures.ACCEPTED}")
    return Outcome(count - sum((taken / d.name).is_file() for d in differences), len(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
