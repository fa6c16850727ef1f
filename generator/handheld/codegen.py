"""Everything that is written down once and generated for others: `python -m handheld.codegen` (or `nox -s generate`).

native/status.toml becomes C, Python, Kotlin and Swift; the catalogue and what was proven become documentation (see
codegen_docs.py). A contract test compares every generated file with what this module gives, so a file edited by hand,
or a forgotten run, fails.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from handheld import resources
from handheld.codegen_docs import documents

SOURCE = "native/status.toml"
NOTE = f"Generated from {SOURCE} by `nox -s generate`; do not edit."
SWIFT_KEYWORDS = frozenset(
    {"internal", "default", "in", "is", "as", "func", "case", "public", "private", "self", "nil"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a code and its name. `sentence` may be empty; `bytes` is an element's size (dtype only)."""

    name: str
    code: int
    sentence: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One enumeration. `prefix` is what stands before a name in C; statuses have none of their own (HH_OK)."""

    name: str
    title: str
    summary: str
    prefix: str
    entries: tuple[Entry, ...]

    @property
    def c_type(self) -> str:
        """The type's name in C."""
        return f"hh_{self.name}"


@dataclass(frozen=True, slots=True)
class Codes:
    """All of status.toml."""

    enumerations: tuple[Enumeration, ...]
    report: tuple[Entry, ...]


ENUMERATIONS = (
    ("status", "Status", "How a call ended. Below 100: how a stream goes on; 100 and above: failures.", "HH_"),
    ("kind", "Kind", "What a value holds.", "HH_KIND_"),
    ("dtype", "DType", "The element type of a tensor.", "HH_DTYPE_"),
    ("pixels", "Pixels", "The layout of an image.", "HH_PIXELS_"),
)


def load_codes(path: Path) -> Codes:
    """Read status.toml.

    Raises:
        ValueError: a code or a name stands twice in one table, or codes do not rise.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    enumerations = tuple(
        Enumeration(name, title, summary, prefix, tuple(Entry(**row) for row in tables[name]))
        for name, title, summary, prefix in ENUMERATIONS
    )
    report = tuple(Entry(row["name"], index, row["sentence"]) for index, row in enumerate(tables["report"]))
    for enumeration in (*enumerations, Enumeration("report", "", "", "", report)):
        codes = [entry.code for entry in enumeration.entries]
        if codes != sorted(set(codes)):
            raise ValueError(f"{path}: the codes of [[{enumeration.name}]] must rise, each once")
        names = [entry.name for entry in enumeration.entries]
        if len(names) != len(set(names)):
            raise ValueError(f"{path}: a name stands twice in [[{enumeration.name}]]")
    return Codes(enumerations, report)


def c_header(codes: Codes) -> str:
    """native/include/handheld_status.h: enums of 32 bits, X-macros with names and sentences, report field names."""
    blocks = [_c_enum(enumeration) for enumeration in codes.enumerations]
    blocks += [_c_list(enumeration) for enumeration in codes.enumerations]
    fields = "\n".join(
        f"#define HH_REPORT_{entry.name.upper()} {_quoted(entry.name)} /**< {entry.sentence} */"
        for entry in codes.report
    )
    body = "\n\n".join([*blocks, f"/* Fields of the JSON that hh_task_report() gives. */\n{fields}"])
    guard = "HANDHELD_STATUS_H"
    return f"/* {NOTE} */\n#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif /* {guard} */\n"


def _c_enum(enumeration: Enumeration) -> str:
    name = enumeration.c_type
    # The last row makes every compiler take 32 bits, and makes any code a newer core may give a valid value.
    rows = [
        f"    {enumeration.prefix}{entry.name.upper()} = {entry.code},"
        + (f" /**< {entry.sentence} */" if entry.sentence else "")
        for entry in enumeration.entries
    ]
    rows.append(f"    {name.upper()}_MAX_ENUM = 0x7fffffff")
    return f"/** {enumeration.summary} */\ntypedef enum {name} {{\n" + "\n".join(rows) + f"\n}} {name};"


def _c_list(enumeration: Enumeration) -> str:
    def last(entry: Entry) -> str:
        return str(entry.bytes) if entry.bytes else _quoted(entry.sentence)

    column = "bytes" if enumeration.entries[0].bytes else "sentence"
    rows = [
        f"    X({enumeration.prefix}{entry.name.upper()}, {_quoted(entry.name)}, {last(entry)})"
        for entry in enumeration.entries
    ]
    macro = f"{enumeration.c_type.upper()}_LIST"
    return (
        f"/** X(identifier, name, {column}) for every {enumeration.c_type}. */\n#define {macro}(X) \\\n"
        + " \\\n".join(rows)
    )


def python_module(codes: Codes) -> str:
    """generator/handheld/status.py."""
    lines = ['"""Codes and names that cross the language border.', "", NOTE, '"""', ""]
    lines += ["from __future__ import annotations", ""]
    lines += ["from enum import IntEnum, StrEnum", ""]
    for enumeration in codes.enumerations:
        lines += ["", f"class {enumeration.title}(IntEnum):", f'    """{enumeration.summary}"""', ""]
        lines += [f"    {entry.name.upper()} = {entry.code}" for entry in enumeration.entries]
        lines += [""]
    lines += ["", "class ReportField(StrEnum):", '    """Fields of the JSON that hh_task_report() gives."""', ""]
    for entry in codes.report:
        lines += [f"    {entry.name.upper()} = {_quoted(entry.name)}", f'    """{entry.sentence}"""']
    lines += ["", "", "SENTENCES = {"]
    lines += [f"    Status.{entry.name.upper()}: {_quoted(entry.sentence)}," for entry in codes.enumerations[0].entries]
    lines += ["}", '"""Each status as a sentence for a person."""']
    return "\n".join(lines) + "\n"


def kotlin_file(codes: Codes) -> str:
    """native/bindings/kotlin/dev/handheld/Status.kt."""
    lines = [f"// {NOTE}", "package dev.handheld", ""]
    for enumeration in codes.enumerations:
        column, kind = ("bytes", "Int") if enumeration.entries[0].bytes else ("sentence", "String")
        lines += [f"/** {enumeration.summary} */"]
        lines += [f"public enum class {enumeration.title}(public val code: Int, public val {column}: {kind}) {{"]
        rows = [
            f"    {entry.name.upper()}({entry.code}, {entry.bytes or _quoted(entry.sentence, dollar=True)})"
            for entry in enumeration.entries
        ]
        lines += [",\n".join(rows) + ",", "    ;", "", "    public companion object {"]
        lines += [f"        /** The {enumeration.title} of a code, or null when this version does not know it. */"]
        lines += [f"        public fun of(code: Int): {enumeration.title}? = entries.firstOrNull {{ it.code == code }}"]
        lines += ["    }", "}", ""]
    lines += ["/** Fields of the JSON that a task's report gives. */", "public object ReportField {"]
    constants = [
        f"    /** {entry.sentence} */\n    public const val {entry.name.upper()}: String = {_quoted(entry.name)}"
        for entry in codes.report
    ]
    return "\n".join([*lines, "\n\n".join(constants), "}"]) + "\n"


def swift_file(codes: Codes) -> str:
    """native/bindings/swift/Handheld/Status.swift."""
    lines = [f"// {NOTE}", ""]
    for enumeration in codes.enumerations:
        column, kind = ("bytes", "Int") if enumeration.entries[0].bytes else ("sentence", "String")
        lines += [f"/// {enumeration.summary}", f"public enum {enumeration.title}: Int32, Sendable, CaseIterable {{"]
        lines += [f"    case {_swift_name(entry.name)} = {entry.code}" for entry in enumeration.entries]
        about = "The size of one element in bytes." if column == "bytes" else "The meaning as a sentence for a person."
        lines += ["", f"    /// {about}", f"    public var {column}: {kind} {{", "        switch self {"]
        lines += [f"        case .{_camel(e.name)}: {e.bytes or _quoted(e.sentence)}" for e in enumeration.entries]
        lines += ["        }", "    }", "}", ""]
    lines += ["/// Fields of the JSON that a task's report gives.", "public enum ReportField {"]
    for entry in codes.report:
        lines += [f"    /// {entry.sentence}", f"    public static let {_camel(entry.name)} = {_quoted(entry.name)}"]
    return "\n".join([*lines, "}"]) + "\n"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _swift_name(name: str) -> str:
    camel = _camel(name)
    return f"`{camel}`" if camel in SWIFT_KEYWORDS else camel


def _quoted(text: str, dollar: bool = False) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("$", "\\$") if dollar else quoted


def generated(root: Path) -> dict[str, str]:
    """Every generated file of the repository at `root`: path relative to it -> text."""
    codes = load_codes(root / SOURCE)
    writers: Mapping[str, Callable[[Codes], str]] = {
        "native/include/handheld_status.h": c_header,
        "generator/handheld/status.py": python_module,
        "native/bindings/kotlin/dev/handheld/Status.kt": kotlin_file,
        "native/bindings/swift/Handheld/Status.swift": swift_file,
    }
    return {path: writer(codes) for path, writer in writers.items()} | documents(root)


def drift(root: Path) -> list[str]:
    """The generated files of the repository that are missing or differ."""
    return [path for path, text in generated(root).items() if _read(root / path) != text]


def write(root: Path) -> list[str]:
    """Write the generated files that differ, and name them."""
    files = generated(root)
    changed = drift(root)
    for path in changed:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], encoding="utf-8", newline="\n")
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: Iterable[str]) -> int:
    """Write the files; with --check only compare. Gives the exit code."""
    root = resources.root()
    checking = "--check" in arguments
    for path in (changed := drift(root) if checking else write(root)):
        sys.stdout.write(f"{'differs' if checking else 'written'}: {path}\n")
    return 1 if checking and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
