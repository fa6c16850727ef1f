"""Runs an app's tests under Robolectric and counts what really ran: Robolectric can pass with none."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from jvm.chain import NEWEST_SDK, QUICK_JIT, Lane, joined, lane_sources

OPEN_JDK = (
    "--add-exports=java.base/jdk.internal.access=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)
"""What Robolectric reaches into."""
JNI_CHECK = "-Xcheck:jni"
JNI_COMPLAINT = re.compile(r"^(WARNING in native method|FATAL ERROR in native method|WARNING: JNI )")
OURS = re.compile(r"\bdev\.handheld\.\w*Native")
"""A frame of our binding in the stack that follows a complaint."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many tests passed and failed, and whatever else went wrong, as sentences."""

    passed: int
    failed: int
    faults: tuple[str, ...] = ()


def run_tests(lane: Lane, library: Path, flags: Sequence[str], classes: Collection[str]) -> Outcome:
    """Run some of an app's test classes, by their simple names, in one JVM; what they print comes at the end."""
    _configure(lane)
    compiled = lane.work / "test-classes"
    tests = sorted(path for path in compiled.rglob("*.class") if path.stem in classes)
    names = [".".join(path.relative_to(compiled).with_suffix("").parts) for path in tests]
    # Android's own classes come last: Robolectric brings instrumented ones.
    class_path = [lane.work / "config", compiled, lane.work / "classes", *lane.class_path, lane.android]
    options = [*OPEN_JDK, "-XX:+UseSerialGC", f"-Dhandheld.library={library}", "-Drobolectric.offline=true"]
    options += [f"-Drobolectric.dependency.dir={_sdk_folder(lane)}", f"-Drobolectric.enabledSdks={NEWEST_SDK}"]
    options += [f"-Djvm.name={lane.name}", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", *flags]
    command = [str(lane.jdk / "bin/java"), "-Xmx2g", QUICK_JIT, *options, "-cp", joined(class_path)]
    command += ["org.junit.runner.JUnitCore", *names]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    sys.stdout.write(done.stdout)
    lines = done.stdout.splitlines()
    return judge(lines, expected(lane, classes), checked=JNI_CHECK in flags)


def judge(lines: Sequence[str], wanted: int, *, checked: bool = False) -> Outcome:
    """What a run printed, held against the number of tests that the sources have."""
    faults = complaints(lines) if checked else []
    text = "\n".join(lines)
    passed = re.search(r"^OK \((\d+) tests?\)", text, re.MULTILINE)
    if passed is not None:
        ran, failed = int(passed[1]), 0
    else:
        counted = re.search(r"^Tests run: (\d+),\s+Failures: (\d+)", text, re.MULTILINE)
        ran, failed = (int(counted[1]), int(counted[2])) if counted else (0, 1)
    if ran != wanted:
        faults.append(f"{wanted} tests were to run, {ran} did.")
    return Outcome(ran - failed if ran else 0, failed, tuple(faults))


def complaints(lines: Sequence[str]) -> list[str]:
    """What -Xcheck:jni said about calls of our binding; a complaint is followed by its Java stack."""
    found = []
    for index, line in enumerate(lines):
        if JNI_COMPLAINT.match(line):
            stack = [below for below in lines[index + 1 : index + 12] if below.startswith("\tat ")]
            if any(OURS.search(frame) for frame in stack) or not stack:
                found.append("\n".join([line, *stack[:4]]))
    return found


def classes_of(lane: Lane, only: str = "") -> list[str]:
    """The simple names of an app's test classes that hold `only`."""
    return [path.stem for path in _sources(lane) if path.stem.endswith("Test") and only in path.stem]


def expected(lane: Lane, classes: Collection[str]) -> int:
    """How many tests the sources of these classes have."""
    texts = [path.read_text(encoding="utf-8") for path in _sources(lane) if path.stem in classes]
    return sum(len(re.findall(r"^\s*@Test\b", text, re.MULTILINE)) for text in texts)


def _sources(lane: Lane) -> list[Path]:
    own = sorted(lane.unit_tests.rglob("*.kt")) if lane.unit_tests.is_dir() else []
    return [*lane_sources(lane), *own]


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
            link.unlink(missing_ok=True)
            link.symlink_to(path)
    return folder
