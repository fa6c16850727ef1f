"""The iOS project as it comes out of the shell and the slices: every file parses and says what it should.

Whether the Swift compiler takes it is proven by tests/swift; this one needs a few seconds.
"""

from __future__ import annotations

import json
import os
import plistlib
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from handheld import resources
from handheld.spec import PHONE_PROCESSORS
from helpers import swift, xcode

NATIVE = resources.root() / "native"
BINDING = NATIVE / "bindings" / "swift"
MARK = "// MARK: Parts"
HARD_NAMES = (
    "Parrot",
    "Tom & Jerry's",
    'Say "Hi"',
    "नमस्ते",
    "🦜 Parrot",
    "C:\\new \\u0041",
    "<b>bold</b> ]]>",
    "100% %s %d",
    "$(HOME) ${name}",
    "{{ name }} {% raw %} {# x #}",
    "N" * 200,
)
MODULES = ("Parrot", "Class1", "N" * 40)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xcode.render_project(tmp_path_factory.mktemp("ios"), {"module": "Parrot", "name": "Parrot"})


@pytest.fixture(scope="module")
def parsed(project: Path) -> xcode.Project:
    return xcode.load_project(project / "Parrot.xcodeproj" / "project.pbxproj")


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The shell's own promises.


def test_facts_are_repeated_in_cookiecutter_json() -> None:
    facts = tomllib.loads((xcode.SHELL / "facts.toml").read_text(encoding="utf-8"))
    assert xcode.defaults()["facts"] == facts


def test_patterns_that_are_not_rendered_match_a_file_without_jinja() -> None:
    folder = xcode.SHELL / "{{cookiecutter.folder}}"
    files = [path for path in folder.rglob("*") if path.is_file()]
    for pattern in xcode.defaults()["_copy_without_render"]:
        matching = [path for path in files if path.relative_to(folder).match(pattern)]
        assert matching, pattern
        assert not any(b"cookiecutter." in path.read_bytes() for path in matching), pattern


def test_shell_and_package_name_no_task_and_no_runtime() -> None:
    catalogue = {path.parent.name for path in NATIVE.glob("runtimes/*/runtime.toml")}
    catalogue |= {entry["name"] for entry in xcode.entries()}
    written = [path for path in xcode.SHELL.rglob("*") if path.is_file() and path.suffix != ".png"]
    for path in [*written, NATIVE / "Package.swift"]:
        assert not set(re.findall(r"\w+", path.read_text(encoding="utf-8"))) & catalogue, path


def test_shell_alone_is_a_project(tmp_path: Path) -> None:
    folder = xcode.render_project(tmp_path, slices=())
    assert not xcode.load_project(folder / "HandheldShell.xcodeproj" / "project.pbxproj").dangling()
    assert not swift.faults((folder / "App" / "Tasks.swift").read_text(encoding="utf-8"))


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (xcode.render_project(tmp_path / name) for name in ("first", "second"))
    assert tree(first) == tree(second)


# Names and slots.


@pytest.mark.parametrize("name", HARD_NAMES)
def test_every_file_parses_whatever_the_name(name: str, tmp_path: Path) -> None:
    folder = xcode.render_project(tmp_path, {"name": name, "initial": name[0]})
    assert plistlib.loads((folder / "App" / "Info.plist").read_bytes())["CFBundleDisplayName"] == name
    for path in folder.rglob("*"):
        if path.is_file():
            check(path)


def check(path: Path) -> None:
    """Parse a file with the parser of its kind; a kind that is not here fails."""
    match path.suffix or path.name:
        case ".swift":
            assert not swift.faults(path.read_text(encoding="utf-8")), path
        case ".json" | ".xcstrings" | ".xctestplan" | ".swift-format":
            json.loads(path.read_text(encoding="utf-8"))
        case ".plist" | ".xcprivacy":
            plistlib.loads(path.read_bytes())
        case ".xcscheme" | ".xcworkspacedata":
            ET.parse(path)
        case ".pbxproj":
            found = xcode.load_project(path)
            assert not found.dangling()
            assert not found.unused()
        case ".py":
            compile(path.read_bytes(), str(path), "exec")
        case ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        case _:
            raise AssertionError(f"no parser for {path}")


@pytest.mark.parametrize("module", MODULES)
def test_project_holds_together_whatever_the_module(module: str, tmp_path: Path) -> None:
    folder = xcode.render_project(tmp_path, {"module": module, "package": f"com.example.{module.lower()}"})
    project = xcode.load_project(folder / f"{module}.xcodeproj" / "project.pbxproj")
    assert {target["name"] for target in project.of("PBXNativeTarget").values()} == {
        module,
        f"{module}Tests",
        f"{module}UITests",
    }
    assert f"@testable import {module}\n" in (folder / "AppTests" / "TaskEntryTests.swift").read_text(encoding="utf-8")
    for settings in project.settings(project.target(module)):
        assert settings["PRODUCT_BUNDLE_IDENTIFIER"] == f"com.example.{module.lower()}"


def test_slots_reach_the_project(tmp_path: Path) -> None:
    slots = {
        "frameworks": ["Accelerate", "CoreML"],
        "linker_flags": ["-all_load", "-Wl,-x y"],
        "usage": {"NSMicrophoneUsageDescription": 'Hears "you" & <me>.'},
    }
    app = {"module": "Parrot", "usage": {"NSCameraUsageDescription": "Sees."}}
    folder = xcode.render_project(tmp_path, app, slots)
    project = xcode.load_project(folder / "Parrot.xcodeproj" / "project.pbxproj")
    assert not project.dangling()
    assert not project.unused()
    linked = project.phase(project.target("Parrot"), "PBXFrameworksBuildPhase")
    names = [project.objects[file["fileRef"]]["name"] for file in linked if "fileRef" in file]
    assert names == ["Accelerate.framework", "CoreML.framework"]
    for settings in project.settings(project.target("Parrot")):
        assert settings["OTHER_LDFLAGS"] == ["$(inherited)", "-all_load", "-Wl,-x y"]
    info = plistlib.loads((folder / "App" / "Info.plist").read_bytes())
    assert info["NSMicrophoneUsageDescription"] == 'Hears "you" & <me>.'
    assert info["NSCameraUsageDescription"] == "Sees."


# The project.


def test_references_are_whole(parsed: xcode.Project) -> None:
    assert not parsed.dangling()
    assert not parsed.unused()
    assert len(parsed.objects) > 40


def test_reference_check_can_fail(parsed: xcode.Project) -> None:
    some = next(iter(parsed.of("PBXNativeTarget")))
    without = {name: value for name, value in parsed.objects.items() if name != some}
    assert xcode.Project(without, parsed.root).dangling() == {some}
    more = {**parsed.objects, "0" * 24: {"isa": "PBXGroup"}}
    assert xcode.Project(more, parsed.root).unused() == {"0" * 24}


def test_models_are_one_folder_reference(parsed: xcode.Project) -> None:
    resources_of_app = parsed.phase(parsed.target("Parrot"), "PBXResourcesBuildPhase")
    files = [parsed.objects[file["fileRef"]] for file in resources_of_app]
    assert {(file["lastKnownFileType"], file["path"]) for file in files} == {
        ("folder", "../tasks"),
        ("folder", "../LICENSES"),
    }


def test_sources_come_from_synchronised_folders(project: Path, parsed: xcode.Project) -> None:
    groups = parsed.of("PBXFileSystemSynchronizedRootGroup")
    assert {group["path"] for group in groups.values()} == {"App", "AppTests", "AppUITests"}
    assert all((project / group["path"]).is_dir() for group in groups.values())
    (exception,) = parsed.of("PBXFileSystemSynchronizedBuildFileExceptionSet").values()
    assert all((project / "App" / name).is_file() for name in exception["membershipExceptions"])
    assert not any(parsed.phase(target, "PBXSourcesBuildPhase") for target in parsed.of("PBXNativeTarget").values())


def test_app_uses_the_local_package(parsed: xcode.Project) -> None:
    (package,) = parsed.of("XCLocalSwiftPackageReference").items()
    (product,) = parsed.of("XCSwiftPackageProductDependency").values()
    assert package[1]["relativePath"] == "../native"
    assert product["package"] == package[0]
    assert f'.library(name: "{product["productName"]}"' in (NATIVE / "Package.swift").read_text(encoding="utf-8")


def test_levels_are_the_facts(parsed: xcode.Project) -> None:
    facts = xcode.defaults()["facts"]
    for settings in parsed.settings(parsed.objects[parsed.root]):
        assert settings["IPHONEOS_DEPLOYMENT_TARGET"] == facts["ios"]["minimum"]
        assert settings["SWIFT_VERSION"] == facts["swift"]["version"]
        assert settings["ENABLE_USER_SCRIPT_SANDBOXING"] == "YES"
    major = facts["ios"]["minimum"].partition(".")[0]
    assert f".iOS(.v{major})" in (NATIVE / "Package.swift").read_text(encoding="utf-8")


def test_only_devices_that_can_run_the_code_get_it(project: Path) -> None:
    """An iPad with an A10 runs iOS 17 too; the code for an A12 would end there with an illegal instruction."""
    info = plistlib.loads((project / "App" / "Info.plist").read_bytes())
    (needed,) = info["UIRequiredDeviceCapabilities"]
    assert needed.removeprefix("iphone-ipad-minimum-performance-") == PHONE_PROCESSORS[0].lower()
    texts = [path.read_text(encoding="utf-8") for path in NATIVE.glob("runtimes/*/swiftpm.swift")]
    assert {chip for text in texts for chip in re.findall(r'-mcpu=([^"]+)"', text)} == {r"\(oldestProcessor)"}


def test_scheme_and_test_plan_name_what_exists(project: Path, parsed: xcode.Project) -> None:
    targets = {name: target["name"] for name, target in parsed.of("PBXNativeTarget").items()}
    scheme = ET.parse(project / "Parrot.xcodeproj" / "xcshareddata" / "xcschemes" / "Parrot.xcscheme")
    references = list(scheme.iter("BuildableReference"))
    assert references
    for reference in references:
        assert targets[reference.attrib["BlueprintIdentifier"]] == reference.attrib["BlueprintName"]
        assert reference.attrib["ReferencedContainer"] == "container:Parrot.xcodeproj"
    assert [plan.attrib["reference"] for plan in scheme.iter("TestPlanReference")] == ["container:Parrot.xctestplan"]
    plan = json.loads((project / "Parrot.xctestplan").read_text(encoding="utf-8"))
    for entry in plan["testTargets"]:
        target = entry["target"]
        if target["containerPath"] == "container:Parrot.xcodeproj":
            assert targets[target["identifier"]] == target["name"]
        else:
            assert target["containerPath"] == "container:../native"
            assert f'name: "{target["name"]}"' in (NATIVE / "Package.swift").read_text(encoding="utf-8")


def test_icon_is_a_square_without_transparency(project: Path) -> None:
    folder = project / "App" / "Assets.xcassets" / "AppIcon.appiconset"
    (image,) = json.loads((folder / "Contents.json").read_text(encoding="utf-8"))["images"]
    data = (folder / image["filename"]).read_bytes()
    width, height, _, kind = struct.unpack(">IIBB", data[16:26])
    assert (width, height) == (1024, 1024)
    assert kind in {0, 2, 3}
    assert b"tRNS" not in data


def test_colours_are_the_apps(tmp_path: Path) -> None:
    folder = xcode.render_project(tmp_path, {"color": "#0A1BFF", "color_dark": "#9CC3EC"})
    accent = json.loads((folder / "App/Assets.xcassets/AccentColor.colorset/Contents.json").read_text(encoding="utf-8"))
    found = [entry["color"]["components"] for entry in accent["colors"]]
    assert [(c["red"], c["green"], c["blue"]) for c in found] == [("0x0A", "0x1B", "0xFF"), ("0x9C", "0xC3", "0xEC")]
    assert "appearances" not in accent["colors"][0]
    assert b"PLTE\x0a\x1b\xff" in (folder / "App/Assets.xcassets/AppIcon.appiconset/AppIcon.png").read_bytes()


def test_privacy_manifest_says_all_and_nothing_else(project: Path) -> None:
    manifest = plistlib.loads((project / "App" / "PrivacyInfo.xcprivacy").read_bytes())
    assert manifest["NSPrivacyTracking"] is False
    assert manifest["NSPrivacyTrackingDomains"] == manifest["NSPrivacyCollectedDataTypes"] == []
    kinds = {entry["NSPrivacyAccessedAPIType"] for entry in manifest["NSPrivacyAccessedAPITypes"]}
    everything = "".join(path.read_text(encoding="utf-8") for path in app_sources(project))
    assert ("NSPrivacyAccessedAPICategoryUserDefaults" in kinds) == ("UserDefaults" in everything)


# The sources.


def app_sources(project: Path) -> list[Path]:
    return swift.sources(project) + swift.sources(BINDING)


def test_sources_are_short_and_cannot_stop_the_app(project: Path) -> None:
    for path in app_sources(project):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 500, path
        assert not swift.faults(text), path
        assert not swift.dangers(text), path


@pytest.mark.parametrize("text", ["let a = b!", "let a = try! b()", "let a = b as! C", "var a: B!", "a!.b()"])
def test_danger_check_can_fail(text: str) -> None:
    assert swift.dangers(text)


def test_nothing_reaches_for_the_network(project: Path) -> None:
    for path in app_sources(project):
        assert not re.search(r"URLSession|import Network|NWConnection|https?://", path.read_text(encoding="utf-8")), (
            path
        )


def test_every_task_has_the_entry_it_names(project: Path) -> None:
    declared: dict[str, list[str]] = {}
    for path in swift.sources(project / "App"):
        declared |= swift.types(path.read_text(encoding="utf-8"))
    assert xcode.entries()
    for entry in xcode.entries():
        assert "TaskEntry" in declared[entry["entry_ios"]]


def catalogues(project: Path) -> dict[Path, Path]:
    """Strings catalogue -> the folder whose sources use it; a task's own folder has its own."""
    own = {path: path.parent for path in project.glob("App/Tasks/*/*.xcstrings")}
    return {project / "App" / "Localizable.xcstrings": project / "App", **own}


def test_strings_catalogues_hold_what_the_screens_show(project: Path) -> None:
    for catalogue, folder in catalogues(project).items():
        strings = json.loads(catalogue.read_text(encoding="utf-8"))["strings"]
        files = [path for path in swift.sources(folder) if folder.name != "App" or "Tasks" not in path.parts]
        shown = {key for path in files for key in swift.shown_texts(path.read_text(encoding="utf-8"))}
        assert shown | settings_texts(catalogue.stem) == set(strings), catalogue


def settings_texts(table: str) -> set[str]:
    """What screens show of a task's settings: titles and summaries come from its manifest, and may be translated."""
    texts: set[str] = set()
    for overlay in xcode.SLICES:
        task = tomllib.loads((overlay.parent / "task.toml").read_text(encoding="utf-8"))
        if any(overlay.rglob(f"{table}.xcstrings")):
            for setting in task.get("setting", ()):
                title = setting["name"].replace("_", " ")
                texts |= {title[0].upper() + title[1:], setting["summary"], *setting.get("choices", ())}
    return texts


def test_layout_follows_language_and_text_size(project: Path) -> None:
    for path in swift.sources(project / "App"):
        text = path.read_text(encoding="utf-8")
        sides = re.findall(r"(?<!\w)\.(?:left|right)\b|Alignment\.(?:left|right)|layoutDirection", text)
        sizes = re.findall(r"\.system\(size:|Font\.custom|\.frame\((?:width|height):|minimumScaleFactor", text)
        assert not sides, f"{path} does not mirror for languages written from right to left: {sides}"
        assert not sizes, f"{path} does not follow Dynamic Type: {sizes}"


def test_every_symbol_has_words(project: Path) -> None:
    """VoiceOver reads the title of a label; a picture alone says nothing."""
    for path in swift.sources(project / "App"):
        assert not swift.wordless_symbols(path.read_text(encoding="utf-8")), path


def test_wordless_check_can_fail() -> None:
    assert swift.wordless_symbols('Button { go() } label: { Image(systemName: "gear") }')
    assert not swift.wordless_symbols('Label { Text("Go") } icon: { Image(systemName: "gear") }')


def test_report_has_the_fields_of_the_core() -> None:
    status = tomllib.loads((NATIVE / "status.toml").read_text(encoding="utf-8"))
    report = (BINDING / "Handheld" / "Report.swift").read_text(encoding="utf-8")
    keys = report[report.index("enum CodingKeys") :]
    for entry in status["report"]:
        assert re.search(rf"\b{entry['name']}\b", keys), entry["name"]


# The package.


def parts() -> list[Path]:
    """The folders that bring something into the package: of the runtimes, those that iOS has."""
    tasks = resources.root() / "templates" / "tasks"
    runtimes = [path for path in NATIVE.glob("runtimes/*/runtime.toml") if '"ios"' in path.read_text(encoding="utf-8")]
    return sorted([path.parent for path in runtimes] + list(tasks.glob("*/native")))


def test_package_has_the_place_for_parts_once() -> None:
    assert (NATIVE / "Package.swift").read_text(encoding="utf-8").count(MARK) == 1


@pytest.mark.parametrize("folder", parts(), ids=lambda folder: folder.parent.name + "-" + folder.name)
def test_every_part_brings_its_sources(folder: Path) -> None:
    text = (folder / "swiftpm.swift").read_text(encoding="utf-8")
    assert not swift.faults(text)
    for source in [*folder.glob("*.cpp"), *folder.glob("*.c"), *folder.glob("*.mm")]:
        assert source.stem in text, f"swiftpm.swift lacks {source.name}"


def test_versions_of_llama_cpp_are_the_pinned_ones() -> None:
    folder = NATIVE / "runtimes" / "llama_cpp"
    version = tomllib.loads((folder / "runtime.toml").read_text(encoding="utf-8"))["source"][0]["version"]
    name, commit = re.fullmatch(r"(\S+) \(commit (\w+)\)", version).groups()  # type: ignore[union-attr]
    header = (folder / "swift" / "llama-version.h").read_text(encoding="utf-8")
    assert f'LLAMA_VERSION "{name}"' in header
    assert f'LLAMA_COMMIT "{commit}"' in header
    assert f'GGML_COMMIT "{commit}"' in (folder / "swift" / "ggml-version.h").read_text(encoding="utf-8")


def test_both_halves_have_one_swift_style() -> None:
    shell = xcode.SHELL / "{{cookiecutter.folder}}" / ".swift-format"
    assert shell.read_bytes() == (NATIVE / ".swift-format").read_bytes()


# The build phase.


def check_models(project: Path) -> subprocess.CompletedProcess[str]:
    script = project / "check_models.py"
    environment = {**os.environ, "SRCROOT": str(project)}
    command = [sys.executable, "-I", str(script)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_build_phase_names_what_brings_a_missing_model(tmp_path: Path) -> None:
    project = xcode.render_project(tmp_path)
    assert check_models(project).returncode == 0
    manifest: dict[str, Any] = {"files": {"weights": "model.gguf"}}
    folder = tmp_path / "tasks" / "chat"
    folder.mkdir(parents=True)
    (folder / "task.json").write_text(json.dumps(manifest), encoding="utf-8")
    missing = check_models(project)
    assert missing.returncode == 1
    assert missing.stdout.startswith("error: tasks/chat/model.gguf is missing")
    assert "fetch.py" in missing.stdout
    (folder / "model.gguf").touch()
    assert check_models(project).returncode == 0
