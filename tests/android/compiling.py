"""Manifest, resources and Kotlin of an app, as Gradle would build its release: later steps look at what comes out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from android.bench import Bench, CheckFailed
from jvm import artifacts, chain
from jvm.chain import ChainError, found, joined

ANDROID = "{http://schemas.android.com/apk/res/android}"
TESTS = ("test", "androidTest")
NOT_EXPORTED = "DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION"
"""AndroidX declares it for the app itself: it opens nothing."""


def manifest(bench: Bench) -> str:
    """Merge the manifests of app and libraries, and look at what the system will read."""
    script = (bench.android / "app/build.gradle.kts").read_text(encoding="utf-8")
    code, name = found(r"versionCode = (\d+)", script), found(r'versionName = "([^"]+)"', script)
    try:
        chain.merge_manifests(bench.lane, [f"VERSION_CODE={code}", f"VERSION_NAME={name}"])
    except ChainError as error:
        raise CheckFailed(str(error)) from error
    merged = bench.work / "AndroidManifest.xml"
    _stored_libraries(merged)
    root = ET.parse(merged).getroot()
    permissions = [element.attrib[ANDROID + "name"] for element in root.iter("uses-permission")]
    foreign = [permission for permission in permissions if not permission.endswith(NOT_EXPORTED)]
    if foreign:
        raise CheckFailed(f"the app asks for {', '.join(foreign)}")
    application = root.find("application")
    assert application is not None
    wanted = {"enableOnBackInvokedCallback": "true", "allowBackup": "false", "extractNativeLibs": "false"}
    wanted |= {"dataExtractionRules": "@xml/data_extraction_rules", "label": "@string/app_name"}
    for attribute, value in wanted.items():
        if application.get(ANDROID + attribute) != value:
            raise CheckFailed(f"{attribute} is {application.get(ANDROID + attribute)}, not {value}")
    _check_exported(application)
    return f"{len(permissions)} permission of its own, none of the system's"


def _check_exported(application: ET.Element) -> None:
    """Only the screen is open to others, and what a system permission guards."""
    for part in application:
        is_open = part.get(ANDROID + "exported") == "true" and not part.get(ANDROID + "permission")
        if is_open and part.attrib[ANDROID + "name"].rpartition(".")[2] != "MainActivity":
            raise CheckFailed(f"{part.attrib[ANDROID + 'name']} is open to every other app")


def _stored_libraries(merged: Path) -> None:
    # AGP writes this for libraries that are stored, which is its default; the merger does not.
    text = merged.read_text(encoding="utf-8")
    merged.write_text(
        re.sub(r"<application\b", '<application android:extractNativeLibs="false"', text, count=1), "utf-8"
    )


def resources(bench: Bench) -> str:
    """Link all resources; leaves res.apk, R.jar and the rules that the resources ask of R8."""
    rules = bench.work / "aapt-rules.pro"
    try:
        chain.link_resources(bench.lane, ["--proguard", rules, "--proguard-minimal-keep-rules"])
    except ChainError as error:
        raise CheckFailed(str(error)) from error
    badging = aapt2(bench, "dump", "badging", bench.work / "res.apk")
    (label,) = re.findall(r"^application-label:'(.*)'$", badging, re.MULTILINE)
    return f"label {label}"


def aapt2(bench: Bench, *arguments: str | Path) -> str:
    """What aapt2 prints.

    Raises:
        CheckFailed: it failed.
    """
    try:
        return chain.run([bench.lane.cache / "aapt2", *arguments])
    except ChainError as error:
        raise CheckFailed(str(error)) from error


STRICT = ("-Werror", "-Wextra", "-Xwarning-level=REDUNDANT_VISIBILITY_MODIFIER:disabled")
"""Each warning is an error. The bindings are written for the explicit API mode, where `public` is not redundant."""


def kotlin(bench: Bench) -> str:
    """Compile the app without a warning, then its tests for JVM and device against it."""
    compile_all(bench, jobs(bench))
    tests = sum(1 for kind in TESTS for _ in (bench.android / "app/src" / kind).rglob("*.kt"))
    return f"{sum(1 for _ in (bench.work / 'classes').rglob('*.class'))} classes, {tests} files of tests"


def jobs(bench: Bench) -> list[Path]:
    """What has to be compiled, in this order."""
    classes = bench.work / "classes"
    main = [bench.lane.main / "kotlin", bench.lane.app / "native/bindings/kotlin"]
    found = [arguments(bench, main, classes, bench.lane.class_path, [])]
    for_tests = artifacts.explode(bench.set("tests"), bench.lane.cache / "exploded")
    known = [*(lib.classes for lib in for_tests if lib.classes), bench.work / "R.jar", classes]
    for kind in TESTS:
        folder = bench.android / "app/src" / kind / "kotlin"
        if folder.is_dir():
            options = [f"-Xfriend-paths={classes}"]
            found.append(arguments(bench, [folder], bench.work / f"{kind}-classes", known, options))
    benchmark = bench.android / "benchmark/src/main/kotlin"
    measuring = artifacts.explode(bench.set("benchmark"), bench.lane.cache / "exploded")
    known = [*known, *(lib.classes for lib in measuring if lib.classes)]
    found.append(arguments(bench, [benchmark], bench.work / "benchmark-classes", known, []))
    return found


def arguments(
    bench: Bench, sources: Sequence[Path], target: Path, class_path: Sequence[Path], options: Sequence[str]
) -> Path:
    """A file of arguments for the compiler."""
    shutil.rmtree(target, ignore_errors=True)
    plugins = [f"-Xplugin={path}" for path in bench.set("kotlinc") if "compiler-plugin" in path.name]
    words: list[str | Path] = ["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-module-name", "app", *plugins]
    words += [*STRICT, *options, "-cp", joined([bench.lane.android, *class_path]), "-d", target, *sources]
    file = target.with_suffix(".args")
    file.write_text("\n".join(map(str, words)), encoding="utf-8")
    return file


def compile_all(bench: Bench, files: Sequence[Path]) -> None:
    """Several compilations in one JVM: the first one costs more than all the others."""
    bench.java(bench.set("kotlinc"), chain.HERE / "java/Compile.java", files)
