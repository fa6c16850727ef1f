"""From a rendered app to classes, resources and a native library that a JVM can run: what Gradle would do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from handheld.facts import gather_host
from handheld.host import build_library
from handheld.libraries import fetch_libraries
from handheld.progress import Progress
from handheld.render import open_app
from handheld.tools import Tools
from jvm import artifacts
from jvm.artifacts import Library
from jvm.steps import Steps

HERE = Path(__file__).parent
NEWEST_SDK = 36
MIN_JDK = 21
QUICK_JIT = "-XX:TieredStopAtLevel=1"
PLACEHOLDER = "app.under.test"
"""What the lane's Kotlin calls the app's package."""


class ChainError(Exception):
    """A step of the build failed; the text is the end of what it said."""


@dataclass(frozen=True)
class Lane:
    """One app under test: where it lies, where its products go, and what builds it.

    name: The app's name, as a person wrote it.
    cache: Downloads, and what depends on nothing else.
    tests: The folders below kotlin/ whose tests fit this app.
    """

    app: Path
    name: str
    work: Path
    cache: Path
    jdk: Path
    files: dict[str, list[Path]]
    tests: tuple[str, ...]

    @property
    def main(self) -> Path:
        """The app's main source set."""
        return self.app / "android/app/src/main"

    @property
    def unit_tests(self) -> Path:
        """The app's own tests; the folder may be missing."""
        return self.app / "android/app/src/test/kotlin"

    @property
    def android(self) -> Path:
        """All classes of Android, to compile against."""
        return next(path for path in self.files["tools"] if ".android-all-" in path.name)

    @cached_property
    def libraries(self) -> tuple[Library, ...]:
        """The app's libraries, unpacked."""
        return tuple(artifacts.explode(self.files["app"], self.cache / "exploded"))

    @property
    def class_path(self) -> list[Path]:
        """The classes of the libraries and of the app's resources."""
        return [lib.classes for lib in self.libraries if lib.classes] + [self.work / "R.jar"]

    @cached_property
    def package(self) -> str:
        """The app's namespace."""
        return self._fact(r'namespace = "([^"]+)"')

    @cached_property
    def min_sdk(self) -> str:
        """The oldest Android that the app runs on."""
        return self._fact(r"minSdk = (\d+)")

    def _fact(self, pattern: str) -> str:
        return found(pattern, (self.app / "android/app/build.gradle.kts").read_text(encoding="utf-8"))


def find_jdk() -> Path | None:
    """The first JDK that is new enough: JAVA_HOME, then the system's."""
    candidates = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    candidates += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    for home in candidates:
        release = home / "release"
        if release.is_file() and (home / "bin/javac").is_file():
            version = found(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"))
            if int(version) >= MIN_JDK:
                return home
    return None


def build_native(lane: Lane, tools: Tools, progress: Progress) -> Path:
    """The app's own core with its JNI binding, for this machine; from Handheld's cache if it is there.

    With the options of the app's build for this machine: the objects of vendored sources are then the same ones.
    """
    headers = lane.jdk / "include"
    options = ["-DHH_JNI=ON", f"-DHH_JNI_INCLUDE={headers}", f"-DHH_JNI_MD_INCLUDE={headers / 'linux'}"]
    lock, machine = open_app(lane.app).lock, gather_host(lane.app)
    beside = fetch_libraries(lock.libraries, machine.os, machine.arch, tools, progress)
    return build_library(lane.app / "native", [*lock.host_arguments, *options], tools, progress, beside).path


def build(lanes: Sequence[Lane], steps: Steps) -> None:
    """Merge manifests, link resources and compile the Kotlin of apps, as far as they have changed."""
    for lane in lanes:
        lane.work.mkdir(parents=True, exist_ok=True)
        name = lane.work.name
        res = [lane.main / "AndroidManifest.xml", lane.main / "res", lane.app / "tasks", artifacts.LOCK, _THIS]
        steps.run(f"resources of {name}", res, lambda lane=lane: _resources(lane))  # type: ignore[misc]
    compile_kotlin(lanes, steps)


def _resources(lane: Lane) -> None:
    merge_manifests(lane)
    link_resources(lane)


def merge_manifests(lane: Lane, more: Sequence[str] = ()) -> None:
    """Leave the merged manifest in the work folder, as AGP would; `more` are further properties, NAME=VALUE."""
    manifests = sorted({str(lib.manifest) for lib in lane.libraries if lib.manifest})
    properties = [f"PACKAGE={lane.package}", f"MIN_SDK_VERSION={lane.min_sdk}", f"TARGET_SDK_VERSION={NEWEST_SDK}"]
    arguments: list[str | Path] = ["--main", lane.main / "AndroidManifest.xml", "--libs", ":".join(manifests)]
    arguments += ["--remove-tools-declarations", "--log", "WARNING", "--out", lane.work / "AndroidManifest.xml"]
    for value in [*properties, *more]:
        arguments += ["--property", value]
    _java(lane, lane.files["manifest"], "com.android.manifmerger.Merger", arguments)


def link_resources(lane: Lane, more: Sequence[str | Path] = ()) -> None:
    """Compile and link all resources and assets into res.apk, and the R classes into R.jar; `more` is for aapt2."""
    aapt2 = _unpack_aapt2(lane)
    compiled = _library_resources(lane, aapt2)
    own = lane.work / "res"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(lane.main / "res", own, ignore=shutil.ignore_patterns("resources.properties"))
    run([aapt2, "compile", "--dir", own, "-o", lane.work / "app.zip"])

    generated = lane.work / "gen"
    shutil.rmtree(generated, ignore_errors=True)
    packages = sorted({lib.package for lib in lane.libraries if lib.package})
    arguments: list[str | Path] = ["-I", lane.android, "--manifest", lane.work / "AndroidManifest.xml"]
    arguments += ["-A", lane.app / "tasks", "--no-compress", "--auto-add-overlay", "--java", generated]
    arguments += ["--extra-packages", ":".join(packages), "-o", lane.work / "res.apk"]
    for archive in compiled:
        arguments += ["-R", archive]
    run([aapt2, "link", *arguments, *more, "-R", lane.work / "app.zip"])
    classes = lane.work / "r-classes"
    shutil.rmtree(classes, ignore_errors=True)
    sources = sorted(generated.rglob("*.java"))
    run([lane.jdk / "bin/javac", "-nowarn", "-Xlint:none", "--release", "17", "-d", classes, *sources])
    run([lane.jdk / "bin/jar", "cf", lane.work / "R.jar", "-C", classes, "."])


def _library_resources(lane: Lane, aapt2: Path) -> list[Path]:
    """The libraries' resources, compiled once for all apps."""
    compiled = []
    for folder in [lib.resources for lib in lane.libraries if lib.resources]:
        archive = folder.parent / "compiled.zip"
        if not archive.is_file():
            part = archive.with_name("part.zip")
            run([aapt2, "compile", "--dir", folder, "-o", part])
            part.rename(archive)
        compiled.append(archive)
    return compiled


def _unpack_aapt2(lane: Lane) -> Path:
    target = lane.cache / "aapt2"
    if not target.is_file():
        jar = next(path for path in lane.files["tools"] if ".apktool-lib-" in path.name)
        part = target.with_suffix(".part")
        with zipfile.ZipFile(jar) as archive:
            part.write_bytes(archive.read("prebuilt/linux/aapt2"))
        part.chmod(0o755)
        part.rename(target)
    return target


def compile_kotlin(lanes: Sequence[Lane], steps: Steps) -> None:
    """Compile apps with their binding, then their own unit tests and the lane's tests, which see their internals."""
    jobs: dict[str, _Job] = {}
    for lane in lanes:
        classes = lane.work / "classes"
        app = [lane.main / "kotlin", lane.app / "native/bindings/kotlin"]
        main = _job(lane, "main", app, classes, lane.class_path, ["-Werror"])
        friends = [f"-Xfriend-paths={classes}"]
        test = _job(lane, "test", _test_sources(lane), lane.work / "test-classes", [*lane.class_path, classes], friends)
        jobs[f"Kotlin of {lane.work.name}"] = main
        jobs[f"Kotlin tests of {lane.work.name}"] = replace(test, inputs=(*main.inputs, *test.inputs))

    def compile_all(stale: Sequence[str]) -> None:
        for name in stale:
            shutil.rmtree(jobs[name].target, ignore_errors=True)
        # Short runs: the best code of the JIT compiler would come too late.
        command: list[str | Path] = [lanes[0].jdk / "bin/java", "-Xmx1500m", "-XX:+UseSerialGC", QUICK_JIT]
        arguments = [jobs[name].arguments for name in stale]
        run([*command, "-cp", joined(lanes[0].files["kotlinc"]), HERE / "java/Compile.java", *arguments])

    steps.run_together({name: job.inputs for name, job in jobs.items()}, "Kotlin", compile_all)


@dataclass(frozen=True, slots=True)
class _Job:
    """One compilation: its file of arguments, where the classes go, what it reads."""

    arguments: Path
    target: Path
    inputs: tuple[Path | str, ...]


def _job(
    lane: Lane, name: str, sources: Sequence[Path], target: Path, class_path: Sequence[Path], options: Sequence[str]
) -> _Job:
    plugins = [f"-Xplugin={path}" for path in lane.files["kotlinc"] if "compiler-plugin" in path.name]
    arguments: list[str | Path] = ["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-module-name", "app", *plugins]
    arguments += [*options, "-cp", joined([lane.android, *class_path]), "-d", target, *sources]
    file, text = lane.work / f"{name}.args", "\n".join(map(str, arguments))
    file.write_text(text, encoding="utf-8")
    return _Job(file, target, (text, *sources, lane.work / "gen", artifacts.LOCK, HERE / "java"))


def _test_sources(lane: Lane) -> list[Path]:
    """The lane's Kotlin with the app's package in it, and the app's own tests."""
    target = lane.work / "test-sources"
    shutil.rmtree(target, ignore_errors=True)
    for path in lane_sources(lane):
        copy = target / path.relative_to(HERE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8").replace(PLACEHOLDER, lane.package)
        copy.write_text(text, encoding="utf-8")
    return [target, lane.unit_tests] if lane.unit_tests.is_dir() else [target]


def lane_sources(lane: Lane) -> list[Path]:
    """The lane's own Kotlin files for this app."""
    return [path for part in ("shared", *lane.tests) for path in sorted((HERE / "kotlin" / part).rglob("*.kt"))]


def _java(lane: Lane, class_path: Iterable[Path], main_class: str, arguments: Sequence[str | Path]) -> None:
    options = ["-Xmx1g", "-XX:+UseSerialGC", QUICK_JIT]
    run([lane.jdk / "bin/java", *options, "-cp", joined(class_path), main_class, *arguments])


def run(command: Sequence[str | Path]) -> str:
    """Run a tool of the chain; gives what it printed.

    Raises:
        ChainError: it failed.
    """
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        said = f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}".strip()
        raise ChainError(f"{Path(command[0]).name} failed with {done.returncode}:\n{said}")
    return done.stdout


def joined(paths: Iterable[Path]) -> str:
    """A class path."""
    return ":".join(map(str, paths))


def found(pattern: str, text: str) -> str:
    """The group of the first match.

    Raises:
        ChainError: there is none.
    """
    match = re.search(pattern, text)
    if match is None:
        raise ChainError(f"Nothing like {pattern} was found; is this an app that Handheld rendered?")
    return match[1]


_THIS = Path(__file__)
