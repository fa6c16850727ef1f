"""The Android project as it comes out of the shell and the slices: every file parses and says what it should.

Whether Gradle, aapt2 and the Kotlin compiler take it is proven by the slower lanes; this one needs a second.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from handheld import resources
from handheld.shells import render_shell
from helpers import kotlin

SHELL = resources.root() / "android-template"
SLICES = sorted((resources.root() / "templates" / "tasks").glob("*/android"))
ANDROID = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"
HARD_NAMES = (
    "Parrot",
    "Tom & Jerry's",
    'Say "Hi"',
    "नमस्ते",
    "🦜 Parrot",
    "C:\\new \\u0041",
    "@home",
    "?what",
    "<b>bold</b> ]]>",
    "100% %s %d",
    "$name ${name}",
    "a  b",
    "{{ name }} {% raw %} {# x #}",
    "N" * 200,
)


def entries() -> list[dict[str, str]]:
    """The tasks as render gives them to the shell."""
    found = []
    for overlay in SLICES:
        task = tomllib.loads((overlay.parent / "task.toml").read_text(encoding="utf-8"))
        entry = task["android"]["entry"]
        found.append({"name": task["name"], "title": task["title"], "entry_android": entry, "entry_ios": entry})
    return found


def defaults() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SHELL / "cookiecutter.json").read_text(encoding="utf-8"))
    return loaded


def rendered(folder: Path, app: Mapping[str, Any] | None = None, slots: Mapping[str, Any] | None = None) -> Path:
    """The project with every slice in it; `app` and `slots` are laid over the shell's defaults."""
    context = copy.deepcopy(defaults())
    context["app"] |= app or {}
    context["slots"]["android"] |= slots or {}
    context["tasks"]["items"] = entries()
    render_shell(SHELL, SLICES, {k: v for k, v in context.items() if not k.startswith("_")}, folder / "android")
    return folder / "android"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(tmp_path_factory.mktemp("android"))


def xml_files(project: Path) -> list[Path]:
    return sorted(project.rglob("*.xml"))


def manifest(project: Path) -> ET.Element:
    return ET.parse(project / "app/src/main/AndroidManifest.xml").getroot()


def permissions(project: Path) -> dict[str, str | None]:
    """Permission -> what the manifest merger is told to do with it."""
    return {
        element.attrib[ANDROID + "name"]: element.get(TOOLS + "node")
        for element in manifest(project).iter("uses-permission")
    }


# The shell's own promises.


def test_facts_are_repeated_in_cookiecutter_json() -> None:
    facts = tomllib.loads((SHELL / "facts.toml").read_text(encoding="utf-8"))
    assert defaults()["facts"] == facts


def test_patterns_that_are_not_rendered_match_a_file() -> None:
    files = [path.name for path in SHELL.rglob("*")]
    for pattern in defaults().get("_copy_without_render", []):
        assert any(Path(name).match(pattern) for name in files), pattern


def test_shell_names_no_task_and_no_runtime() -> None:
    catalogue = [path.parent.name for path in (resources.root() / "native" / "runtimes").glob("*/runtime.toml")]
    catalogue += [entry["name"] for entry in entries()]
    for path in SHELL.rglob("*"):
        if path.is_file():
            words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
            assert not words & set(catalogue), path


def test_plain_cookiecutter_renders_the_empty_shell(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(SHELL), "--no-input", "-o", str(tmp_path)], check=True, timeout=60
    )
    tasks = (tmp_path / "android/app/src/main/kotlin/com/example/handheldshell/Tasks.kt").read_text(encoding="utf-8")
    assert kotlin.faults(tasks) == []
    assert "listOf(\n)" in tasks


# Every file parses.


def test_every_xml_file_parses(project: Path) -> None:
    files = xml_files(project)
    assert len(files) > 15
    for path in files:
        ET.parse(path)


def test_every_kotlin_file_parses(project: Path) -> None:
    files = kotlin.sources(project)
    assert len(files) > 15
    assert {str(path): found for path in files if (found := kotlin.faults(path.read_text(encoding="utf-8")))} == {}


def test_version_catalog_parses_and_holds_every_alias(project: Path) -> None:
    catalog = tomllib.loads((project / "gradle/libs.versions.toml").read_text(encoding="utf-8"))
    versions = {
        reference["version"]["ref"]
        for kind in ("libraries", "plugins")
        for reference in catalog[kind].values()
        if "version" in reference
    }
    assert versions <= set(catalog["versions"])
    known = {alias.replace("-", ".") for alias in catalog["libraries"]}
    known |= {f"plugins.{alias.replace('-', '.')}" for alias in catalog["plugins"]}
    used = set()
    for script in project.rglob("*.gradle.kts"):
        used |= set(re.findall(r"\blibs\.([a-z0-9.]+)", script.read_text(encoding="utf-8")))
    assert used == known


def test_wrapper_is_pinned_by_hash(project: Path) -> None:
    text = (project / "gradle/wrapper/gradle-wrapper.properties").read_text(encoding="utf-8")
    properties = dict(line.split("=", 1) for line in text.splitlines())
    assert re.fullmatch(r"[0-9a-f]{64}", properties["distributionSha256Sum"])
    assert properties["distributionUrl"].endswith(f"/gradle-{defaults()['facts']['gradle']['version']}-bin.zip")


def test_files_are_tidy(project: Path) -> None:
    for path in (path for path in project.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert [line for line in lines if line != line.rstrip() or "\t" in line] == [], path
        assert len(lines) <= 500, path
        assert "\n\n\n" not in text, path
        if path.suffix in {".kt", ".kts"}:
            assert [line for line in lines if len(line) > 120 and not line.startswith("import ")] == [], path


def test_functions_are_short(project: Path) -> None:
    binding = resources.root() / "native/bindings/kotlin"
    for path in [*kotlin.sources(project), *kotlin.sources(binding)]:
        long = [f for f in kotlin.functions(path.read_text(encoding="utf-8")) if f.lines > 60]
        assert long == [], path


# Names of every kind.


@pytest.mark.parametrize("name", HARD_NAMES)
def test_name_comes_out_as_it_was_given(name: str, tmp_path: Path) -> None:
    project = rendered(tmp_path, {"name": name, "initial": name[0]})
    for path in xml_files(project):
        ET.parse(path)
    strings = ET.parse(project / "app/src/main/res/values/app_name.xml").getroot()
    (element,) = strings.iter("string")
    assert list(element) == []
    assert string_resource(element.text or "") == name


@pytest.mark.parametrize("name", ["Tom & Jerry's", "नमस्ते", "$name ${name}"])
def test_name_stands_in_no_other_file(name: str, tmp_path: Path) -> None:
    project = rendered(tmp_path, {"name": name})
    holders = [path.name for path in project.rglob("*") if path.is_file() and name in path.read_text(encoding="utf-8")]
    assert holders in ([], ["app_name.xml"])


def string_resource(text: str) -> str:
    """What Android makes of the text of a <string> that stands in quotes, as ours does."""
    assert len(text) >= 2
    assert text[0] == text[-1] == '"'
    inner = text[1:-1]
    assert re.fullmatch(r'(?:[^\\"]|\\[\\"])*', inner), "a quote or backslash stands bare"
    return re.sub(r"\\(.)", r"\1", inner)


def test_icon_draws_the_first_letter_or_a_mark(tmp_path: Path) -> None:
    def drawn(folder: str, initial: str) -> str:
        project = rendered(tmp_path / folder, {"initial": initial})
        icon = ET.parse(project / "app/src/main/res/drawable/ic_launcher_foreground.xml").getroot()
        (path,) = icon.iter("path")
        return path.attrib[ANDROID + "pathData"]

    (tmp_path / "x").mkdir()
    letters = [drawn(f"x/{initial}", initial) for initial in "ABZ09"]
    assert len(set(letters)) == len(letters)
    assert drawn("x/lower", "a") == letters[0]
    assert drawn("x/hindi", "न") == drawn("x/emoji", "🦜")
    assert drawn("x/quote", '"') not in letters


def test_colours_are_the_app_s(tmp_path: Path) -> None:
    project = rendered(tmp_path, {"color": "#112233", "color_dark": "#DDEEFF"})
    for folder, expected in (("values", "#112233"), ("values-night", "#DDEEFF")):
        colours = ET.parse(project / f"app/src/main/res/{folder}/colors.xml").getroot()
        assert {c.attrib["name"]: c.text for c in colours.iter("color")}["accent"] == expected


# The slots.


def test_no_permission_at_all_by_default(project: Path) -> None:
    # "remove" takes it away from libraries that would bring it in.
    assert permissions(project) == {"android.permission.INTERNET": "remove"}


def test_permissions_come_from_the_app_and_the_slots_once_each(tmp_path: Path) -> None:
    camera, internet = "android.permission.CAMERA", "android.permission.INTERNET"
    project = rendered(tmp_path, {"permissions": {"android": [camera]}}, {"permissions": [camera, internet]})
    assert permissions(project) == {camera: None, internet: None}


def test_slots_reach_their_files(tmp_path: Path) -> None:
    project = rendered(
        tmp_path,
        slots={
            "gradle_dependencies": ["org.example:runtime:1.2.3"],
            "keep_rules": ["-keep class org.example.** { *; }"],
            "cmake_arguments": ["-DONE=1", "-DTWO=2"],
            "no_compress": ["gguf", "onnx"],
        },
    )
    build = (project / "app/build.gradle.kts").read_text(encoding="utf-8")
    assert kotlin.faults(build) == []
    for line in (
        'implementation("org.example:runtime:1.2.3")',
        'arguments += "-DONE=1"',
        'arguments += "-DTWO=2"',
        'noCompress += "gguf"',
        'noCompress += "onnx"',
    ):
        assert line in build
    rules = (project / "app/proguard-rules.pro").read_text(encoding="utf-8")
    assert "\n-keep class org.example.** { *; }\n" in rules


# What the files say of each other.


def test_every_resource_is_there_and_used(project: Path) -> None:
    main = project / "app/src/main"
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*kotlin.sources(main), *xml_files(main)])
    used = {
        (kind, name)
        for kind, name in re.findall(r"(?:\bR\.|@)(string|drawable|color|mipmap|xml|style)[./](\w+(?:\.\w+)*)", code)
    }
    used = {(kind, name.replace(".", "_") if kind != "style" else name) for kind, name in used}
    defined = {(path.parent.name.split("-")[0], path.stem) for path in (main / "res").glob("[!v]*/*.xml")}
    for path in (main / "res").glob("values*/*.xml"):
        for element in ET.parse(path).getroot():
            defined.add((element.tag, element.attrib["name"]))
    assert used == defined


def test_keep_rules_name_what_native_code_looks_up(project: Path) -> None:
    rules = (project / "app/proguard-rules.pro").read_text(encoding="utf-8")
    for path in sorted((resources.root() / "native/bindings/jni").glob("*.cpp")):
        for name in re.findall(r'FindClass\("(dev/handheld/\w+)"\)', path.read_text(encoding="utf-8")):
            assert f"class {name.replace('/', '.')} " in rules, name
