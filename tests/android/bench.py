"""One rendered app on the bench: where it lies, the tools that take it apart, and what earlier steps made of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from handheld.errors import MachineError
from handheld.progress import Progress
from handheld.tools import Tools
from jvm import artifacts, chain
from jvm.chain import Lane, joined

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
LOCK = HERE / "artifacts.lock"
SHARED = ("app", "kotlinc", "manifest", "tools")
"""The sets of tests/jvm/artifacts.lock that are used here too; "app" for its test libraries."""
JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For short runs: the best code of the JIT compiler would come too late."""


class CheckFailed(Exception):
    """Something is wrong with the app; the text says what."""


@dataclass(frozen=True)
class Bench:
    """An app and its products.

    lane: The app as the JVM lane builds it, but with the libraries that it ships with and none for tests.
    """

    lane: Lane
    tools: Tools
    progress: Progress

    @property
    def work(self) -> Path:
        """The folder of the products."""
        return self.lane.work

    @property
    def android(self) -> Path:
        """The app's Gradle project."""
        return self.lane.app / "android"

    def set(self, kind: str) -> list[Path]:
        """The files of a set of the lock."""
        return self.lane.files[kind]

    def one(self, kind: str, part: str) -> Path:
        """The file of a set whose name holds `part`."""
        return next(path for path in self.lane.files[kind] if part in path.name)

    @cached_property
    def folders(self) -> list[Path]:
        """The unpacked AARs of the app's libraries."""
        return sorted({lib.manifest.parent for lib in self.lane.libraries if lib.manifest})

    def java(
        self, class_path: Iterable[Path], what: str | Path, arguments: Sequence[str | Path], memory: str = "1500m"
    ) -> str:
        """Run a main class, or a source file as a program; gives what it printed.

        Raises:
            CheckFailed: it ended with another code than 0; the text is what it said.
        """
        done = self.try_java(class_path, what, arguments, memory)
        if done.returncode != 0:
            raise CheckFailed(f"{Path(str(what)).name} ended with {done.returncode}:\n{said(done)}")
        return done.stdout

    def try_java(
        self, class_path: Iterable[Path], what: str | Path, arguments: Sequence[str | Path], memory: str = "1500m"
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever its exit code."""
        command = [self.lane.jdk / "bin/java", f"-Xmx{memory}", *JAVA, "-cp", joined(class_path), what, *arguments]
        return subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)

    def with_app(self, app: Path, work: Path) -> Bench:
        """The same bench for another app, or for a changed copy of this one."""
        work.mkdir(parents=True, exist_ok=True)
        return replace(self, lane=replace(self.lane, app=app, work=work))


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what a process wrote."""
    return f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}".strip()


def open_bench(app: Path, work: Path, tools: Tools, progress: Progress) -> Bench:
    """Fetch what is missing and put an app on the bench.

    Raises:
        MachineError: there is no JDK that is new enough, no Maven, or no network.
    """
    jdk = chain.find_jdk()
    if jdk is None:
        raise MachineError(
            f"There is no JDK from {chain.MIN_JDK} on.",
            "Android 16's classes need one; looked at JAVA_HOME and /usr/lib/jvm.",
            "sudo apt install openjdk-21-jdk-headless, or let JAVA_HOME name one",
        )
    lock = [artifact for artifact in artifacts.read_lock() if artifact.kind in SHARED]
    cache = tools.cache / "jvm"
    files = artifacts.fetch(cache / "files", tools, progress, [*lock, *artifacts.read_lock(LOCK)])
    files["tests"] = files["app"]
    files["app"] = files["runtime"]
    work.mkdir(parents=True, exist_ok=True)
    lane = Lane(app=app, name="Parrot", work=work, cache=cache, jdk=jdk, files=files, tests=())
    return Bench(lane, tools, progress)


def render(folder: Path, *arguments: str, name: str = "Parrot") -> Path:
    """An app as a person gets it, from the command itself; with the first task of the catalogue unless one is named."""
    argv = [sys.executable, "-m", "handheld", "new", name, "--directory", str(folder), "--force"]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "generator")}
    done = subprocess.run([*argv, *arguments], env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CheckFailed(f"handheld new ended with {done.returncode}:\n{said(done)}")
    return folder
