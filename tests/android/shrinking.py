"""R8 in full mode with the app's keep rules, as the Gradle plugin runs it, and proof that JNI still finds its names."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from android.bench import HERE, Bench, CheckFailed
from jvm.chain import found

MOST_DEX = 3_000_000
"""Bytes of dex that an app with one task may have: what is not used has to be gone."""
RULE_FILES = ("proguard-header.txt", "proguard-optimizations.txt", "proguard-common.txt")
"""What getDefaultProguardFile("proguard-android-optimize.txt") puts together."""
NAMES = ("dev.handheld.NativeTask", "dev.handheld.NativeValue", "dev.handheld.HandheldException")
"""What the native library looks up by name."""
DOUBLE = re.compile(r"^Warning: Resource 'META-INF/.+' already exists\.$")
"""Several libraries carry such a file; the Android Gradle plugin keeps one of them before R8 sees any."""


def rules(bench: Bench) -> list[Path]:
    """All rule files of a release build; those inside jars are found by R8 itself."""
    default = bench.work / "proguard-android-optimize.txt"
    with zipfile.ZipFile(bench.one("agp", ".gradle-")) as plugin:
        texts = [plugin.read(f"com/android/build/gradle/{name}").decode() for name in RULE_FILES]
    default.write_text("\n".join(texts), encoding="utf-8")
    own = [bench.android / "app/proguard-rules.pro", bench.work / "aapt-rules.pro"]
    return [default, *own, *(aar / "proguard.txt" for aar in bench.folders if (aar / "proguard.txt").is_file())]


def shrink(bench: Bench) -> str:
    """R8 to dex, which is what a phone gets; the names that JNI needs have to be in it."""
    output = bench.work / "dex.zip"
    warnings = run_r8(bench, output, program(bench), ["--min-api", bench.lane.min_sdk])
    if warnings:
        raise CheckFailed(f"R8 warns:\n{warnings[:2000]}")
    with zipfile.ZipFile(output) as archive:
        sizes = [entry.file_size for entry in archive.infolist() if entry.filename.endswith(".dex")]
    if sum(sizes) > MOST_DEX:
        raise CheckFailed(f"{sum(sizes)} bytes of dex are more than {MOST_DEX}; do the keep rules keep too much?")
    listed = set(bench.java(bench.set("dexlib"), HERE / "java/DexNames.java", [output, *NAMES]).splitlines())
    missing = needed(bench) - listed
    if missing:
        raise CheckFailed(f"R8 took away what JNI looks up: {', '.join(sorted(missing))}")
    return f"{sum(sizes) / 1e6:.2f} MB of dex, {len(needed(bench))} names of JNI in it"


def needed(bench: Bench) -> set[str]:
    """Class, method and field names in the native library's tables: "NativeTask.open", "NativeValue.kind"."""
    jni = bench.lane.app / "native/bindings/jni"
    table = (jni / "native_task.cpp").read_text(encoding="utf-8")
    fields = (jni / "native_value.cpp").read_text(encoding="utf-8")
    names = {f"dev.handheld.NativeTask.{name}" for name in re.findall(r'row\("(\w+)"', table)}
    names |= {f"dev.handheld.NativeValue.{name}" for name in re.findall(r"FIELD\((\w+),", fields)}
    if len(names) < 20:
        raise CheckFailed(f"only {len(names)} names were found in the sources of the binding")
    return {*names, "dev.handheld.HandheldException.<init>"}


def register(bench: Bench, library: Path, part: str = "") -> str:
    """R8 to class files with the same rules; a JVM then loads the real library, which registers its functions.

    The app is shrunk, its libraries are not: they come into no rule of JNI. `part` takes less of the app.
    """
    shrunk = bench.work / "shrunk.jar"
    app, *libraries = program(bench, part)
    options: list[str | Path] = ["--classfile"]
    for jar in libraries:
        options += ["--classpath", jar]
    run_r8(bench, shrunk, [app], options)
    return proven(bench, shrunk, library, libraries)


def proven(bench: Bench, shrunk: Path, library: Path, libraries: Sequence[Path]) -> str:
    """What the shrunk binding answers from native code.

    Raises:
        CheckFailed: the library finds no class, method or field of the name that it knows.
    """
    functions = sum(".NativeTask." in name for name in needed(bench))
    answer = bench.java(
        [shrunk, *libraries, bench.lane.android], HERE / "java/Registered.java", [library, str(functions)]
    )
    return answer.strip()


def program(bench: Bench, part: str = "") -> list[Path]:
    """The app (or those of its classes whose path begins with `part`), and its libraries."""
    classes, root = bench.work / "app.jar", bench.work / "classes"
    names = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}
    with zipfile.ZipFile(classes, "w") as archive:
        for name, path in names.items():
            if name.startswith(part):
                archive.write(path, name)
    return [classes, *bench.lane.class_path]


def run_r8(bench: Bench, output: Path, program: Sequence[Path], options: Sequence[str | Path]) -> str:
    """Run R8 in full mode; gives its warnings."""
    output.unlink(missing_ok=True)
    # Robolectric's jar of Android has no java.*: the JDK has more of it, and tests/android/levels.py looks at that.
    known: list[str | Path] = ["--lib", bench.lane.android, "--lib", bench.lane.jdk]
    arguments: list[str | Path] = ["--release", *options, *known, "--output", output]
    arguments += ["--pg-map-output", output.with_suffix(".map")]
    for path in rules(bench):
        arguments += ["--pg-conf", path]
    done = bench.try_java([bench.one("agp", ".builder-")], "com.android.tools.r8.R8", [*arguments, *program], "3g")
    if done.returncode != 0:
        raise CheckFailed(f"R8 ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return "\n".join(line for line in done.stderr.splitlines() if line.strip() and not DOUBLE.search(line))


def debug(bench: Bench) -> str:
    """D8, as a debug build runs it."""
    output = bench.work / "debug.zip"
    arguments: list[str | Path] = ["--debug", "--min-api", bench.lane.min_sdk, "--lib", bench.lane.android]
    for jar in bench.lane.class_path:
        arguments += ["--classpath", jar]
    app, *_ = program(bench)
    printed = bench.java(
        [bench.one("agp", ".builder-")], "com.android.tools.r8.D8", [*arguments, "--output", output, app]
    )
    if printed.strip():
        raise CheckFailed(f"D8 says: {printed}")
    return f"{output.stat().st_size / 1e6:.2f} MB of the app's own"


def version(bench: Bench) -> str:
    """R8's own."""
    return found(r"R8 (\S+)", bench.java([bench.one("agp", ".builder-")], "com.android.tools.r8.R8", ["--version"]))
