"""Faults that people make, planted into a copy of the app: the step that is meant for it has to find each."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from android import compiling, levels, linting, packing, scripts, shrinking, style
from android.bench import Bench, CheckFailed
from android.packing import TIME
from jvm.chain import joined

MANIFEST = "app/src/main/AndroidManifest.xml"
SCRIPT = "app/build.gradle.kts"
RULES = "app/proguard-rules.pro"
SCREEN = "ui/Panes.kt"
CODE = """
@androidx.compose.runtime.Composable
fun Planted(context: android.content.Context) {
    val state = androidx.compose.runtime.mutableStateOf("")
    androidx.compose.material3.Text(state.value + context.attributionTag)
    androidx.compose.material3.Text(android.content.Context.VIBRATOR_MANAGER_SERVICE)
}
"""
CLASS = """
public final class Planted {
    public static String tag(android.content.Context context) { return context.getAttributionTag(); }
}
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Replace `old` by `new` in `file` of the Gradle project; the step's answer must hold each of `answers`."""

    name: str
    step: Callable[[Bench], object]
    file: str
    old: str
    new: str
    answers: tuple[str, ...]


def only_binding(bench: Bench) -> None:
    """R8 on the binding alone, which is quicker; then JNI looks its names up."""
    shrinking.register(bench, bench.work / "libhandheld.so", "dev/handheld/")


EDITS = (
    Fault(
        "a permission that nobody declared",
        compiling.manifest,
        MANIFEST,
        "    <application",
        '    <uses-permission android:name="android.permission.RECORD_AUDIO" />\n    <application',
        ("asks for android.permission.RECORD_AUDIO",),
    ),
    Fault(
        "a service that is open to all",
        compiling.manifest,
        MANIFEST,
        "    </application>",
        '        <service android:name=".Open" android:exported="true" />\n    </application>',
        ("Open is open to every other app",),
    ),
    Fault(
        "an Android older than a library's",
        compiling.manifest,
        SCRIPT,
        "minSdk = 26",
        "minSdk = 16",
        ("minSdkVersion 16 cannot be smaller",),
    ),
    Fault(
        "a name that no file defines",
        compiling.resources,
        "app/src/main/res/values/app_name.xml",
        'name="app_name"',
        'name="name_of_app"',
        ("string/app_name",),
    ),
    Fault("wrong indentation", style.style, SCRIPT, "    compileSdk", "  compileSdk", ("indentation",)),
    Fault(
        "misspelt, mistyped and unknown in a script",
        scripts.scripts,
        SCRIPT,
        "            isShrinkResources = true",
        "            isShrinkResourcez = true\n            versionNameSuffix = 26\n            val x = libs.nowhere",
        ("isShrinkResourcez", "'String?' was expected", "nowhere"),
    ),
    Fault(
        "fields of values unkept",
        only_binding,
        RULES,
        "-keep class dev.handheld.NativeValue",
        "#",
        ("NoSuchFieldError",),
    ),
    Fault(
        "constructor of the exception unkept",
        only_binding,
        RULES,
        "-keep class dev.handheld.HandheldException",
        "#",
        ("HandheldException",),
    ),
    Fault("native functions unkept", only_binding, RULES, "-keep class dev.handheld.NativeTask", "#", ("NativeTask",)),
)


def planted(bench: Bench, library: Path) -> str:
    """Plant every fault; each has to be found."""
    faulty = _copy(bench, library)
    missed: list[str] = []
    for fault in EDITS:
        missed += _planted(faulty, fault)
    in_code = _in_code(faulty)
    in_packages = _in_packages(bench, faulty)
    missed += [*in_code[1], *in_packages[1]]
    count = len(EDITS) + in_code[0] + in_packages[0]
    if missed:
        raise CheckFailed("\n".join(missed))
    if count < 15:
        raise CheckFailed(f"only {count} faults were planted")
    return f"{count} planted, all found"


def _copy(bench: Bench, library: Path) -> Bench:
    app, work = bench.work.parent / "faulty/app", bench.work.parent / "faulty/work"
    shutil.rmtree(app.parent, ignore_errors=True)
    shutil.copytree(bench.android, app / "android")
    shutil.copytree(bench.lane.app / "native/bindings", app / "native/bindings")
    shutil.copytree(bench.lane.app / "tasks", app / "tasks", ignore=shutil.ignore_patterns("*.gguf"))
    for name in ("AndroidManifest.xml", "R.jar", "aapt-rules.pro"):
        work.mkdir(parents=True, exist_ok=True)
        shutil.copy(bench.work / name, work)
    shutil.copytree(bench.work / "classes", work / "classes")
    shutil.copytree(bench.work / "res", work / "res")
    shutil.copy(library, work / "libhandheld.so")
    return bench.with_app(app, work)


def _planted(bench: Bench, fault: Fault) -> list[str]:
    path = bench.android / fault.file
    before = path.read_text(encoding="utf-8")
    if fault.old not in before:
        return [f"{fault.file} has no {fault.old!r}: the fault {fault.name!r} needs another place"]
    path.write_text(before.replace(fault.old, fault.new, 1), encoding="utf-8")
    kept = (bench.work / "AndroidManifest.xml").read_bytes()
    fresh = bench.with_app(bench.lane.app, bench.work)  # a lane reads its script once
    try:
        return _missed(fault.name, fault.answers, lambda: fault.step(fresh))
    finally:
        path.write_text(before, encoding="utf-8")
        (bench.work / "AndroidManifest.xml").write_bytes(kept)


def _missed(name: str, answers: tuple[str, ...], step: Callable[[], object]) -> list[str]:
    """One line if a step is content, or complains of something else."""
    try:
        step()
    except CheckFailed as error:
        text = str(error)
        return [f"not found: {name}; instead of {a!r}: {text[-600:]}" for a in answers if a not in text]
    return [f"not found: {name}"]


def _in_code(bench: Bench) -> tuple[int, list[str]]:
    """Faults in Kotlin: one run of the slow tools for all of them."""
    (screen,) = bench.lane.main.rglob(SCREEN)
    before = screen.read_text(encoding="utf-8")
    screen.write_text(before + CODE, encoding="utf-8")
    strings = bench.work / "res/values/strings.xml"
    text = strings.read_text(encoding="utf-8")
    unused = '<string name="planted">Planted</string>\n</resources>'
    strings.write_text(text.replace("</resources>", unused), encoding="utf-8")
    checks = ("UnrememberedMutableState", "NewApi", "InlinedApi", "UnusedResources")
    missed = _missed("in a screen", checks, lambda: linting.lint(bench))
    screen.write_text(before + "\nprivate fun planted(): Int { val unused = 1; return 2 }\n", encoding="utf-8")
    missed += _missed("a variable that nobody reads", ("unused",), lambda: compiling.kotlin(bench))
    screen.write_text(before, encoding="utf-8")
    missed += _missed("a class too new", ("Planted uses",), lambda: _too_new(bench))
    return len(checks) + 2, missed


def _too_new(bench: Bench) -> None:
    source = bench.work / "Planted.java"
    source.write_text(CLASS, encoding="utf-8")
    folder = bench.work / "classes"
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        bench.lane.jdk / "bin/javac",
        "-nowarn",
        "--release",
        "17",
        "-cp",
        joined([bench.lane.android]),
        "-d",
        folder,
        source,
    ]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    levels.levels(bench)


def _in_packages(bench: Bench, faulty: Bench) -> tuple[int, list[str]]:
    """Faults in how a package is put together."""
    right = bench.work / "app-release.apk"
    (model,) = [f"assets/{task.parent.name}/{file}" for task, file in packing.model_files(bench)]

    def signed(name: str, change: Callable[[str, bytes], tuple[bytes, bool]], page: int = packing.PAGE) -> Path:
        unsigned, path = faulty.work / "unsigned.apk", faulty.work / f"{name}.apk"
        with zipfile.ZipFile(right) as source, zipfile.ZipFile(unsigned, "w") as target:
            for info in source.infolist():
                content = b"x" * 1000 if info.filename == model else source.read(info.filename)
                content, stored = change(info.filename, content)
                target.writestr(zipfile.ZipInfo(info.filename, TIME), content, 0 if stored else zipfile.ZIP_DEFLATED)
        packing.sign(faulty, unsigned, path, page)
        return path

    def checked(path: Path) -> Callable[[], object]:
        return lambda: packing.check_apk(bench, path)

    def as_is(_: str, content: bytes) -> tuple[bytes, bool]:
        return content, True

    old = packing.stand_in(62, page=4096)
    cases = (
        ("a library off its page", signed("page", as_is, 4096), "multiple of 16384"),
        ("a compressed library", signed("so", lambda n, c: (c, not n.endswith(".so"))), "unpacked at installation"),
        ("a compressed model", signed("model", lambda n, c: (c, n != model)), "is compressed"),
        (
            "a library for 4 KB",
            signed("elf", lambda n, c: (old if n.endswith("handheld.so") else c, True)),
            "pages of 4096",
        ),
        ("a package that was changed", _tampered(signed("sound", as_is)), "the signature is not right"),
    )
    missed = [line for name, path, answer in cases for line in _missed(name, (answer,), checked(path))]
    missed += _missed("a bundle without a manifest", ("AndroidManifest",), lambda: _broken_bundle(bench, faulty))
    return len(cases) + 1, missed


def _tampered(path: Path) -> Path:
    (entry,) = [entry for entry in packing.entries(path) if entry.name == "resources.arsc"]
    content = bytearray(path.read_bytes())
    content[entry.offset + entry.size // 2] ^= 1
    path.write_bytes(content)
    return path


def _broken_bundle(bench: Bench, faulty: Bench) -> None:
    base = faulty.work / "base.zip"
    with zipfile.ZipFile(bench.work / "base.zip") as source, zipfile.ZipFile(base, "w") as target:
        for name in source.namelist():
            if re.match(r"dex/|resources\.pb", name):
                target.writestr(zipfile.ZipInfo(name, TIME), source.read(name))
    packing.build_bundle(faulty, base, faulty.work / "broken.aab")
