"""Android Lint, with the checks that libraries bring along (Compose), and a table of what came with which Android."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from android.bench import HERE, Bench, CheckFailed, said
from jvm import chain
from jvm.chain import found, joined

LINT = "com.android.tools.lint.Main"
SIGNATURES = {26: "bears-api-26-", 34: "bears-api-34-"}
"""The public classes of an Android; each is one file of the set "signatures"."""

KNOWN = ("android/os/PowerManager#getCurrentThermalStatus()I=29",)
"""What came between two of those, for each that the app asks the level for: as Android's reference says."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that Lint found."""

    check: str
    severity: str
    file: str
    line: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity} {self.check} in {self.file}:{self.line}: {self.message}"


def lint(bench: Bench) -> str:
    """Run all checks; the app has to be without errors and without warnings."""
    all_found = incidents(bench)
    if all_found:
        raise CheckFailed("\n".join(map(str, all_found)))
    return "0 errors, 0 warnings"


def incidents(bench: Bench) -> list[Incident]:
    """What Lint finds in the app.

    Raises:
        CheckFailed: Lint itself failed.
    """
    folder = bench.work / "lint"
    report, project = folder / "report.xml", folder / "project.xml"
    report.unlink(missing_ok=True)
    folder.mkdir(exist_ok=True)
    write_project(bench, project)
    home = bench.work.parent / "lint-home"
    home.mkdir(exist_ok=True)
    options: list[str | Path] = ["--project", project, "--offline", "--quiet", "--xml", report, "--fullpath"]
    options += ["--config", bench.android / "app/lint.xml", "--cache-dir", cache(bench)]
    rules = [aar / "lint.jar" for aar in bench.folders if (aar / "lint.jar").is_file()]
    if not rules:
        raise CheckFailed("no library brings checks along; Compose does")
    options += ["--lint-rule-jars", joined(rules)]
    command = [
        bench.lane.jdk / "bin/java",
        "-Xmx2g",
        "-XX:+UseSerialGC",
        "-cp",
        joined(bench.set("lint")),
        LINT,
        *options,
    ]
    environ = {**os.environ, "ANDROID_USER_HOME": str(home), "LINT_API_DATABASE": str(levels(bench))}
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, env=environ)
    if not report.is_file():
        raise CheckFailed(f"Lint wrote no report and ended with {done.returncode}:\n{said(done)}")
    return [_incident(issue) for issue in ET.parse(report).getroot().iter("issue")]


def _incident(issue: ET.Element) -> Incident:
    place = issue.find("location")
    file, line = ("?", "?") if place is None else (Path(place.attrib["file"]).name, place.get("line", "?"))
    return Incident(issue.attrib["id"], issue.attrib["severity"], file, line, issue.attrib["message"])


def write_project(bench: Bench, target: Path) -> None:
    """Describe the app for Lint, as the Gradle plugin would."""
    root = ET.Element("project")
    ET.SubElement(root, "root", dir=str(bench.android / "app"))
    level = str(chain.NEWEST_SDK)
    attributes = {"name": "app", "android": "true", "desugar": "full", "compile-sdk-version": level}
    module = ET.SubElement(root, "module", attributes)
    ET.SubElement(module, "manifest", file=str(_versioned(bench, target.parent)))
    ET.SubElement(module, "merged-manifest", file=str(bench.work / "AndroidManifest.xml"))
    for folder in (bench.lane.main / "kotlin", bench.lane.app / "native/bindings/kotlin"):
        for source in sorted(folder.rglob("*.kt")):  # given as a folder, they would silently not be read
            ET.SubElement(module, "src", file=str(source))
    ET.SubElement(module, "resource", file=str(bench.work / "res"))
    ET.SubElement(module, "proguard", file=str(bench.android / "app/proguard-rules.pro"))
    ET.SubElement(module, "classpath", jar=str(bench.lane.android))
    for jar in bench.lane.class_path:
        ET.SubElement(module, "classpath", jar=str(jar))
    files = bench.lane.cache / "files"
    for aar in bench.folders:
        ET.SubElement(module, "aar", file=str(files / f"{aar.name}.aar"), extracted=str(aar))
    ET.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)


def _versioned(bench: Bench, folder: Path) -> Path:
    # In a Gradle project package, version and levels stand in the script; without one Lint wants them in the manifest.
    copy = folder / "AndroidManifest.xml"
    text = (bench.lane.main / "AndroidManifest.xml").read_text(encoding="utf-8")
    merged = (bench.work / "AndroidManifest.xml").read_text(encoding="utf-8")
    version = " ".join(re.findall(r'(?:package|android:version(?:Code|Name))="[^"]*"', merged))
    uses = " ".join(found(r"(<uses-sdk[^>]*/>)", merged).split())  # in one line: the others keep their numbers
    text = re.sub(r"<manifest\b([^>]*)>", rf"<manifest {version}\1>{uses}", text, count=1)
    copy.write_text(text, encoding="utf-8")
    return copy


def cache(bench: Bench) -> Path:
    """Where Lint keeps what it reads from the SDK."""
    folder = bench.work.parent / "lint-cache"
    folder.mkdir(exist_ok=True)
    return folder


def levels(bench: Bench) -> Path:
    """The table of what came with which Android, which Lint else reads from an SDK."""
    table = bench.work.parent / "api-versions.xml"
    if not table.is_file():
        part = table.with_suffix(".part")
        signatures = [f"{api}={bench.one('signatures', name)}" for api, name in SIGNATURES.items()]
        arguments: list[str | Path] = [part, bench.lane.android, str(chain.NEWEST_SDK), *signatures, *KNOWN]
        bench.java(bench.set("sniffer"), HERE / "java/ApiLevels.java", arguments)
        part.rename(table)
    return table


def summary(found: list[Incident]) -> str:
    """How often each check found something."""
    return ", ".join(f"{count} {check}" for check, count in sorted(Counter(i.check for i in found).items()))
