"""The JVM lane: a rendered app's own Android code, with the host build of its own core, under Robolectric.

    PYTHONPATH=tests python -m jvm.lane APP [--work FOLDER] [--pictures FOLDER]

Needs Maven, a JDK from 21 on (Robolectric's Android 16 asks for it), and a C++ compiler, cmake and ninja. Nothing of
Android itself: no SDK, no Gradle, no emulator. Not part of the default tests yet, because it fetches 800 MB once.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jvm import artifacts
from jvm.artifacts import Library

HERE = Path(__file__).parent
NEWEST_SDK = 36
MIN_JDK = 21
OPEN_JDK = (
    "--add-exports=java.base/jdk.internal.access=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)
"""What Robolectric reaches into."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One app under test: where it lies, where its products go, and what builds it."""

    app: Path
    work: Path
    jdk: Path
    files: dict[str, list[Path]]
    libraries: tuple[Library, ...]
    package: str
    min_sdk: str

    @property
    def main(self) -> Path:
        """The app's main source set."""
        return self.app / "android/app/src/main"

    @property
    def android(self) -> Path:
        """All classes of Android, to compile against."""
        return next(path for path in self.files["tools"] if ".android-all-" in path.name)

    @property
    def class_path(self) -> list[Path]:
        """The classes of the libraries and of the app's resources."""
        return [lib.classes for lib in self.libraries if lib.classes] + [self.work / "R.jar"]


def main() -> int:
    """Build and test the app that the command line names; the exit code is that of the tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("app", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/jvm"))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--check-jni", action="store_true", help="let the JVM check every JNI call")
    options = parser.parse_args()
    lane = open_lane(options.app.resolve(), options.work.resolve())
    library = build_native(lane)
    merge_manifests(lane)
    link_resources(lane)
    compile_kotlin(lane)
    flags = ["-Xcheck:jni"] if options.check_jni else []
    if options.pictures:
        flags.append(f"-Djvm.pictures={options.pictures.resolve()}")
    return run_tests(lane, library, flags)


def open_lane(app: Path, work: Path) -> Lane:
    """Fetch what is missing and look at the app."""
    cache = work / "cache"
    files = artifacts.fetch(cache / "files")
    build = (app / "android/app/build.gradle.kts").read_text(encoding="utf-8")
    return Lane(
        app=app,
        work=work,
        jdk=find_jdk(),
        files=files,
        libraries=tuple(artifacts.explode(files["app"], cache / "exploded")),
        package=_found(r'namespace = "([^"]+)"', build),
        min_sdk=_found(r"minSdk = (\d+)", build),
    )


def find_jdk() -> Path:
    """The first JDK that is new enough: JAVA_HOME, then the system's."""
    candidates = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    candidates += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    for home in candidates:
        release = home / "release"
        if release.is_file() and (home / "bin/javac").is_file():
            version = _found(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"))
            if int(version) >= MIN_JDK:
                return home
    raise SystemExit(f"No JDK from {MIN_JDK} on was found. Install one, or let JAVA_HOME name it.")


def build_native(lane: Lane) -> Path:
    """The app's own core with its JNI binding, for this machine."""
    build = lane.work / "native"
    environment = {**os.environ, "JAVA_HOME": str(lane.jdk)}
    options = ["-G", "Ninja", "-DHH_JNI=ON", "-DCMAKE_BUILD_TYPE=Release"]
    _run(["cmake", "-S", lane.app / "native", "-B", build, *options], env=environment)
    _run(["cmake", "--build", build, "--parallel", "2"])
    return build / "lib/libhandheld.so"


def merge_manifests(lane: Lane) -> None:
    """Leave the merged manifest in the work folder, as AGP would."""
    manifests = sorted({str(lib.manifest) for lib in lane.libraries if lib.manifest})
    properties = [f"PACKAGE={lane.package}", f"MIN_SDK_VERSION={lane.min_sdk}", f"TARGET_SDK_VERSION={NEWEST_SDK}"]
    arguments: list[str | Path] = ["--main", lane.main / "AndroidManifest.xml", "--libs", ":".join(manifests)]
    arguments += ["--remove-tools-declarations", "--log", "WARNING", "--out", lane.work / "AndroidManifest.xml"]
    for value in properties:
        arguments += ["--property", value]
    _java(lane, lane.files["manifest"], "com.android.manifmerger.Merger", arguments)


def link_resources(lane: Lane) -> None:
    """Compile and link all resources and assets into res.apk, and the R classes into R.jar."""
    aapt2 = _unpack_aapt2(lane)
    compiled = lane.work / "compiled"
    compiled.mkdir(exist_ok=True)
    resources = [lib.resources for lib in lane.libraries if lib.resources]
    for index, folder in enumerate(resources):
        if not (compiled / f"{index}.zip").is_file():
            _run([aapt2, "compile", "--dir", folder, "-o", compiled / f"{index}.zip"])
    own = lane.work / "res"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(lane.main / "res", own, ignore=shutil.ignore_patterns("resources.properties"))
    _run([aapt2, "compile", "--dir", own, "-o", lane.work / "app.zip"])

    packages = sorted({lib.package for lib in lane.libraries if lib.package})
    arguments: list[str | Path] = ["-I", lane.android, "--manifest", lane.work / "AndroidManifest.xml"]
    arguments += ["-A", lane.app / "tasks", "--no-compress", "--auto-add-overlay", "--java", lane.work / "gen"]
    arguments += ["--extra-packages", ":".join(packages), "-o", lane.work / "res.apk"]
    for index in range(len(resources)):
        arguments += ["-R", compiled / f"{index}.zip"]
    _run([aapt2, "link", *arguments, "-R", lane.work / "app.zip"])
    _compile_r(lane)


def _compile_r(lane: Lane) -> None:
    classes = lane.work / "r-classes"
    shutil.rmtree(classes, ignore_errors=True)
    sources = sorted((lane.work / "gen").rglob("*.java"))
    _run([lane.jdk / "bin/javac", "-nowarn", "-Xlint:none", "--release", "17", "-d", classes, *sources])
    _run([lane.jdk / "bin/jar", "cf", lane.work / "R.jar", "-C", classes, "."])


def _unpack_aapt2(lane: Lane) -> Path:
    target = lane.work / "aapt2"
    if not target.is_file():
        jar = next(path for path in lane.files["tools"] if ".apktool-lib-" in path.name)
        part = target.with_suffix(".part")
        with zipfile.ZipFile(jar) as archive:
            part.write_bytes(archive.read("prebuilt/linux/aapt2"))
        part.chmod(0o755)
        part.rename(target)
    return target


def compile_kotlin(lane: Lane) -> None:
    """Compile the app with its binding, then its own unit tests and the lane's tests, which see its internals."""
    classes, tests = lane.work / "classes", lane.work / "test-classes"
    binding = lane.app / "native/bindings/kotlin"
    _kotlinc(lane, [lane.main / "kotlin", binding], classes, lane.class_path, ["-Werror"])
    own_tests = [folder for folder in [lane.app / "android/app/src/test/kotlin"] if folder.is_dir()]
    friends = [f"-Xfriend-paths={classes}"]
    _kotlinc(lane, [HERE / "kotlin", *own_tests], tests, [*lane.class_path, classes], friends)


def _kotlinc(
    lane: Lane, sources: Iterable[Path], target: Path, class_path: Sequence[Path], options: Sequence[str]
) -> None:
    shutil.rmtree(target, ignore_errors=True)
    plugins = [f"-Xplugin={path}" for path in lane.files["kotlinc"] if "compiler-plugin" in path.name]
    arguments: list[str | Path] = ["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-module-name", "app", *plugins]
    arguments += [*options, "-cp", _joined([lane.android, *class_path]), "-d", target, *sources]
    _java(lane, lane.files["kotlinc"], "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", arguments)


def run_tests(lane: Lane, library: Path, flags: Sequence[str]) -> int:
    """Run all tests; fail also if fewer ran than there are, because Robolectric can pass with none."""
    _configure(lane)
    tests = sorted((lane.work / "test-classes").rglob("*Test.class"))
    names = [".".join(path.relative_to(lane.work / "test-classes").with_suffix("").parts) for path in tests]
    # Android's own classes come last: Robolectric brings instrumented ones.
    folders = [lane.work / "config", lane.work / "test-classes", lane.work / "classes"]
    class_path = [*folders, *lane.class_path, lane.android]
    options = [*OPEN_JDK, "-XX:+UseSerialGC", f"-Dhandheld.library={library}", "-Drobolectric.offline=true"]
    options += [f"-Drobolectric.dependency.dir={_sdk_folder(lane)}", f"-Drobolectric.enabledSdks={NEWEST_SDK}", *flags]
    command: list[str | Path] = [lane.jdk / "bin/java", "-Xmx2g", *options, "-cp", _joined(class_path)]
    command += ["org.junit.runner.JUnitCore", *names]
    done = subprocess.run([str(part) for part in command], check=False, stdout=subprocess.PIPE, text=True)
    sys.stdout.write(done.stdout)
    expected = _declared(lane)
    passed = re.search(r"^OK \((\d+) tests?\)", done.stdout, re.MULTILINE)
    if passed is None or int(passed[1]) != expected:
        sys.stdout.write(f"FAILED: {expected} tests were to pass.\n")
        return 1
    return 0


def _configure(lane: Lane) -> None:
    folder = lane.work / "config"
    tools = folder / "com/android/tools"
    tools.mkdir(parents=True, exist_ok=True)
    (folder / "robolectric.properties").write_text(
        f"sdk={NEWEST_SDK}\nqualifiers=w411dp-h891dp-port-420dpi\n", encoding="utf-8"
    )
    (tools / "test_config.properties").write_text(
        f"android_resource_apk={lane.work / 'res.apk'}\n"
        f"android_merged_manifest={lane.work / 'AndroidManifest.xml'}\n"
        f"android_custom_package={lane.package}\n",
        encoding="utf-8",
    )


def _sdk_folder(lane: Lane) -> Path:
    """Robolectric looks its Android up by Maven's file name, without the group."""
    folder = lane.work / "sdk"
    folder.mkdir(exist_ok=True)
    for path in lane.files["sdk"]:
        link = folder / path.name.removeprefix("org.robolectric.")
        if not link.exists():
            link.symlink_to(path)
    return folder


def _declared(lane: Lane) -> int:
    """How many tests the sources have."""
    folders = [HERE / "kotlin", lane.app / "android/app/src/test/kotlin"]
    sources = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.kt")]
    return sum(len(re.findall(r"^\s*@Test\b", source, re.MULTILINE)) for source in sources)


def _java(lane: Lane, class_path: Iterable[Path], main_class: str, arguments: Sequence[str | Path]) -> None:
    memory = ["-Xmx1500m", "-XX:+UseSerialGC"]
    _run([lane.jdk / "bin/java", *memory, "-cp", _joined(class_path), main_class, *arguments])


def _run(command: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
    done = subprocess.run([str(part) for part in command], check=False, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")


def _joined(paths: Iterable[Path]) -> str:
    return ":".join(map(str, paths))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"Nothing like {pattern} was found; is this an app that Handheld rendered?")
    return match[1]


if __name__ == "__main__":
    sys.exit(main())
