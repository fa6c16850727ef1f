"""The app's Gradle scripts, type-checked against the API of the Gradle plugins that they use.

Gradle itself is not at hand here. A script becomes the body of a function; what Gradle generates for it (accessors of
the version catalog, of extensions and configurations) is generated here from the same files. So a wrong name or type is
found; what a plugin would say while it configures is not.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from android.bench import HERE, Bench, CheckFailed
from android.compiling import compile_all
from jvm.chain import joined

EXTENSIONS = {
    "android-application": ("dsl.ApplicationExtension", "variant.ApplicationAndroidComponentsExtension"),
    "android-test": ("dsl.TestExtension", "variant.TestAndroidComponentsExtension"),
}
"""Alias of a plugin -> the types of its `android { }` and `androidComponents { }`, in com.android.build.api."""


@dataclass
class _Node:
    """A part of a catalog's alias: `androidx` in `libs.androidx.core.ktx`."""

    leaf: bool = False
    below: dict[str, _Node] = field(default_factory=dict)


def scripts(bench: Bench) -> str:
    """Compile every script."""
    target = bench.work / "scripts"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    catalog = tomllib.loads((bench.android / "gradle/libs.versions.toml").read_text(encoding="utf-8"))
    (target / "Libs.kt").write_text(_accessors(catalog), encoding="utf-8")
    shutil.copy(HERE / "kotlin/GradleStubs.kt", target)
    found = sorted(bench.android.glob("*.gradle.kts")) + sorted(bench.android.glob("*/*.gradle.kts"))
    if len(found) < 3:
        raise CheckFailed(f"only {len(found)} scripts were found")
    for index, path in enumerate(found):
        (target / f"Script{index}.kt").write_text(_function(path, index), encoding="utf-8")
    compile_all(bench, [_arguments(bench, target)])
    return f"{len(found)} scripts"


def _function(path: Path, index: int) -> str:
    """A script as a function; its lines keep their numbers, less those of the head."""
    lines = path.read_text(encoding="utf-8").splitlines()
    imports = [line for line in lines if line.startswith("import ")]
    body = ["" if line.startswith("import ") else line for line in lines]
    receiver = "Settings" if path.name == "settings.gradle.kts" else "Project"
    text = "\n".join(body)
    applied = [
        types for alias, types in EXTENSIONS.items() if f"alias(libs.plugins.{alias.replace('-', '.')})\n" in text
    ]
    if len(applied) > 1:
        raise CheckFailed(f"{path.name} applies two Android plugins")
    named = [pair for types in applied for pair in zip(("android", "androidComponents"), types, strict=True)]
    action = "action: com.android.build.api.{}.() -> Unit"
    accessor = [f"private fun Project.{name}({action.format(of)}) {{}}" for name, of in named]
    head = ["package script" + str(index), "import gradle.*", *DEFAULT_IMPORTS, *imports, *accessor]
    return "\n".join([*head, f"fun {receiver}.script() {{", *body, "}", ""])


DEFAULT_IMPORTS = tuple(
    f"import org.gradle.{package}.*"
    for package in (
        "api",
        "api.artifacts",
        "api.file",
        "api.initialization",
        "api.initialization.resolve",
        "api.provider",
        "api.tasks",
        "api.tasks.testing",
    )
)


def _accessors(catalog: dict[str, dict[str, object]]) -> str:
    """Kotlin for `libs`: an object for each group of aliases."""
    root = _Node()
    for alias in catalog["libraries"]:
        _insert(root, alias.split("-"))
    plugins = _Node()
    for alias in catalog["plugins"]:
        _insert(plugins, alias.split("-"))
    lines = [
        "package gradle",
        "",
        "import org.gradle.api.provider.Provider",
        "import org.gradle.plugin.use.PluginDependency",
    ]
    lines += ["", "object libs {", *_members(root, "Library()"), "object plugins {"]
    return "\n".join([*lines, *_members(plugins, ""), "}", "}", ""])


def _insert(node: _Node, parts: list[str]) -> None:
    for part in parts:
        node = node.below.setdefault(part, _Node())
    node.leaf = True


def _members(node: _Node, library: str) -> list[str]:
    lines = []
    for name, child in node.below.items():
        if child.leaf and not library:
            lines.append(f"val `{name}`: Provider<PluginDependency> get() = TODO()")
        else:
            kind = f" : {library}" if child.leaf else ""
            lines += [f"object `{name}`{kind} {{", *_members(child, library), "}"]
    return lines


def _arguments(bench: Bench, folder: Path) -> Path:
    receiver = "plugin:org.jetbrains.kotlin.samWithReceiver:annotation=org.gradle.api.HasImplicitReceiver"
    assignment = "plugin:org.jetbrains.kotlin.assignment:annotation=org.gradle.api.SupportsKotlinAssignmentOverloading"
    jars = [path for path in bench.set("gradle") if "compiler-plugin" not in path.name]
    plugins = [f"-Xplugin={path}" for path in bench.set("gradle") if "compiler-plugin" in path.name]
    stdlib = [path for path in bench.set("kotlinc") if ".kotlin-stdlib-" in path.name]
    words: list[str | Path] = [
        "-no-stdlib",
        "-no-reflect",
        "-jvm-target",
        "17",
        *plugins,
        "-P",
        receiver,
        "-P",
        assignment,
    ]
    words += ["-cp", joined([*stdlib, *jars]), "-d", folder / "classes", *sorted(folder.glob("*.kt"))]
    file = folder / "scripts.args"
    file.write_text("\n".join(map(str, words)), encoding="utf-8")
    return file
