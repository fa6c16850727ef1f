"""What may stand in runtime.toml, task.toml and core.toml, as a person writes them: every key and its values."""

from __future__ import annotations

from collections.abc import Mapping

from handheld.status import Kind
from handheld.tables import Key

HOST = "host"
APP_PLATFORMS = ("android", "ios")
"""What an app can be rendered for; HOST is the developer's own machine."""
PLATFORMS = (HOST, *APP_PLATFORMS)
SYSTEMS = ("linux", "macos", "windows")
"""What a developer's own machine may run, as in HostFacts."""
SHAPES = ("tensors", "generate", "embed")
"""The waist between tasks and runtimes; a new one is a decision, see docs/decisions."""

_NAME = r"[a-z][a-z0-9_]*"
_MODEL_NAME = r"[a-z0-9][a-z0-9._-]*"
_SHA256 = r"[0-9a-f]{64}"
_PINNED = r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_]+"
_FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FOLDER_PATH = r"(?!/)(?!.*(^|/)\.\.(/|$)).+"
_CLASS = r"[A-Z][A-Za-z0-9]*"


def _text(pattern: str = "", required: bool = True, choices: tuple[str, ...] = ()) -> Key:
    return Key("string", required=required, pattern=pattern, choices=choices, minimum=1)


def _texts(pattern: str = "", required: bool = False, choices: tuple[str, ...] = ()) -> Key:
    return Key("strings", required=required, pattern=pattern, choices=choices, minimum=1 if required else None)


_BYTES = Key("integer", required=True, minimum=1)
SLOTS: Mapping[str, Mapping[str, Key]] = {
    "android": {
        "gradle_dependencies": _texts(),
        "keep_rules": _texts(),
        "permissions": _texts(r"[A-Za-z0-9_.]+"),
        "cmake_arguments": _texts("-D.+"),
        "no_compress": _texts("[a-z0-9]+"),
    },
    "ios": {
        "linker_flags": _texts(),
        "frameworks": _texts(_CLASS),
        "usage": Key("map", values=_text()),
    },
    "host": {"cmake_arguments": _texts("-D.+")},
}
"""The closed list of what a runtime or task may put into each platform's project."""

_SOURCE = {
    "name": _text(),
    "version": _text(),
    "licence": _text(),
    "licence_file": _text(_FOLDER_PATH),
    "pypi": _text(_PINNED),
    "kind": _text(choices=("sdist", "wheel")),
    "python": _text(r"3\.[0-9]+", required=False),
    "platform": _text("[a-z0-9_]+", required=False),
    "sha256": _text(_SHA256),
    "bytes": _BYTES,
    "root": _text(_FOLDER_PATH),
    "into": _text(_FILE_NAME),
    "files": _texts(_FOLDER_PATH, required=True),
}
_LIBRARY = {
    "name": _text(_FILE_NAME),
    "os": _text(choices=SYSTEMS),
    "arch": _text(choices=("x86_64", "arm64")),
    "pypi": _text(_PINNED),
    "python": _text(r"3\.[0-9]+"),
    "sha256": _text(_SHA256),
    "bytes": _BYTES,
    "member": _text(_FOLDER_PATH),
}
_LICENCE_TEXT = {name: _LIBRARY[name] for name in ("pypi", "python", "sha256", "bytes", "member")}
_SIZES = {name: Key("integer", minimum=1) for name in ("linux", "macos", "windows")}
_CONVERSION = {
    "requirements": _text(_FILE_NAME),
    "python": _texts(r"3\.[0-9]+", required=True),
    "download_bytes": Key("table", required=True, keys=_SIZES),
    "disk_bytes": Key("table", required=True, keys=_SIZES),
}
_SERVER = {
    "spread": _text(_FILE_NAME),
    "memory_bytes": _BYTES,
    "arguments": _texts(required=True),
    "environ": Key("map", values=_text()),
}
HOSTED = {
    "name": _text(_NAME),
    "title": _text(),
    "licence": _text(),
    "shapes": _texts(required=True, choices=SHAPES),
    "formats": _texts("[a-z0-9]+", required=True),
    "hosted": Key("boolean", required=True),
    "environment": Key("table", required=True, keys=_CONVERSION),
    "server": Key("table", required=True, keys=_SERVER),
}
"""A runtime that is a server beside the app, and never inside one."""
CORE = {"source": Key("tables", keys=_SOURCE)}
RUNTIME = {
    "name": _text(_NAME),
    "title": _text(),
    "licence": _text(),
    "shapes": _texts(required=True, choices=SHAPES),
    "formats": _texts("[a-z0-9]+", required=True),
    "file_forms": _texts(required=True, choices=("path", "descriptor", "memory", "directory")),
    "cancel": _text(),
    "platforms": _texts(required=True, choices=PLATFORMS),
    "hosts": _texts(choices=SYSTEMS),
    "accelerators": Key("table", required=True, keys={name: _texts(_NAME) for name in PLATFORMS}),
    "source": Key("tables", keys=_SOURCE),
    "library": Key("tables", keys=_LIBRARY),
    "licence_text": Key("tables", keys=_LICENCE_TEXT),
    "conversion": Key("table", keys=_CONVERSION),
    **{name: Key("table", keys=slots) for name, slots in SLOTS.items()},
}

_PORT = {
    "name": _text(rf"{_NAME}|\*"),
    "direction": _text(choices=("in", "out")),
    "kind": _text(choices=tuple(kind.name.lower() for kind in Kind if kind is not Kind.END)),
    "summary": _text(),
    "default": _text(required=False),
    "shapes": _texts(choices=SHAPES),
}
_SETTING = {
    "name": _text(_NAME),
    "type": _text(choices=("number", "integer", "boolean", "string", "strings", "choice")),
    "default": Key("any", required=True),
    "minimum": Key("number"),
    "maximum": Key("number"),
    "choices": _texts(),
    "shapes": _texts(choices=SHAPES),
    "summary": _text(),
}
_PART = {
    "pypi": _text(_PINNED),
    "sha256": _text(_SHA256),
    "member": _text(_FOLDER_PATH),
    "kind": _text(required=False, choices=("sdist", "wheel")),
}
_MODEL = {
    "name": _text(_MODEL_NAME),
    "title": _text(),
    "format": _text("[a-z0-9]+"),
    "default": Key("boolean"),
    "licence": _text(),
    "terms": Key("boolean"),
    "file": _text(_FILE_NAME),
    "bytes": _BYTES,
    "sha256": _text(_SHA256, required=False),
    "chat_template": _text(required=False),
    "stop": _texts(),
    "state": _texts(".+=.+"),
    "labels": _texts(),
    "convert": _text(_FOLDER_PATH, required=False),
    "modules": _texts(_FOLDER_PATH),
    "like": _text(_MODEL_NAME, required=False),
    "text": _text(required=False),
    "shape": _text(required=False, choices=SHAPES),
    "part": Key("tables", keys=_PART),
    "licence_text": Key("table", keys=_PART),
}
TASK = {
    "name": _text(_NAME),
    "title": _text(),
    "summary": _text(),
    "shapes": _texts(required=True, choices=SHAPES),
    "port": Key("tables", required=True, keys=_PORT, minimum=1),
    "setting": Key("tables", keys=_SETTING),
    "option": Key("tables", keys=_SETTING),
    "model": Key("tables", keys=_MODEL),
    **{name: Key("table", required=True, keys={"entry": _text(_CLASS), **SLOTS[name]}) for name in APP_PLATFORMS},
    "host": Key("table", keys=SLOTS["host"]),
}
