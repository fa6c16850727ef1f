"""The JNI table and Kotlin's external functions are the same list, name by name and type by type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handheld import resources
from helpers import kotlin

JNI = resources.root() / "native/bindings/jni"
KOTLIN = resources.root() / "native/bindings/kotlin/dev/handheld"
HEADER = resources.root() / "native/include/handheld.h"
JNI_TYPES = {
    "": "V",
    "Int": "I",
    "Long": "J",
    "Float": "F",
    "String": "Ljava/lang/String;",
    "ByteArray": "[B",
    "IntArray": "[I",
    "LongArray": "[J",
    "FloatArray": "[F",
    "ByteBuffer": "Ljava/nio/ByteBuffer;",
    "NativeValue": "Ldev/handheld/NativeValue;",
}


def jni_type(kotlin_type: str) -> str:
    """`Array<ByteArray?>` -> `[[B`. A type that is not in the table is a KeyError: add it there."""
    plain = kotlin_type.replace("?", "").strip()
    inner = re.fullmatch(r"Array<(.+)>", plain)
    return "[" + jni_type(inner[1]) if inner else JNI_TYPES[plain]


def externals(source: str) -> dict[str, str]:
    """Name -> JNI signature of the external functions in a Kotlin file."""
    found = {}
    for name, parameters, result in re.findall(r"external\s+fun\s+(\w+)\(([^)]*)\)(?:\s*:\s*([^\s{]+))?", source):
        types = [parameter.split(":", 1)[1] for parameter in parameters.split(",") if parameter.strip()]
        found[name] = f"({''.join(map(jni_type, types))}){jni_type(result)}"
    return found


def registered(source: str) -> dict[str, str]:
    """Name -> signature of the rows of the RegisterNatives table."""
    return dict(re.findall(r'row\("(\w+)", "([^"]+)", \w+\)', source))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_table_and_external_functions_are_the_same() -> None:
    declared = externals(text(KOTLIN / "NativeTask.kt"))
    assert len(declared) == sum(function.external for function in kotlin.functions(text(KOTLIN / "NativeTask.kt")))
    assert len(declared) > 10
    assert registered(text(JNI / "native_task.cpp")) == declared


def test_external_functions_stand_in_one_file_only() -> None:
    for path in kotlin.sources(KOTLIN):
        if path.name != "NativeTask.kt":
            assert externals(text(path)) == {}, path


def test_value_fields_are_the_same() -> None:
    fields = re.findall(r"@JvmField var (\w+): ([^=\n]+) =", text(KOTLIN / "NativeTask.kt"))
    declared = {name: jni_type(kotlin_type) for name, kotlin_type in fields}
    assert len(declared) > 10
    assert dict(re.findall(r'FIELD\((\w+), "([^"]+)"\)', text(JNI / "native_value.cpp"))) == declared


def test_binding_uses_the_c_api_alone_and_all_of_it() -> None:
    sources = "\n".join(text(path) for path in sorted(JNI.glob("*.[ch]pp")))
    assert set(re.findall(r'#include "([^"]+)"', sources)) <= {"handheld.h", "jni_support.hpp", "native_value.hpp"}
    published = set(re.findall(r"^HH_API [^(]*?\b(hh_\w+)\(", text(HEADER), re.MULTILINE))
    assert published == {name for name in re.findall(r"\bhh_\w+", sources) if name in published}


def test_text_never_crosses_as_a_java_string() -> None:
    sources = "\n".join(text(path) for path in sorted(JNI.glob("*.[ch]pp")))
    assert not re.findall(r"\b(?:NewStringUTF|GetStringUTFChars|GetStringUTFRegion|jstring)\b", sources)


@pytest.mark.parametrize(
    ("declaration", "signature"),
    [
        ("external fun a()", "()V"),
        ("external fun a(b: Long, c: ByteArray?): Int", "(J[B)I"),
        ("external fun a(\n    b: Array<ByteArray?>,\n): FloatArray", "([[B)[F"),
    ],
)
def test_signatures_are_read_from_kotlin(declaration: str, signature: str) -> None:
    assert externals(declaration) == {"a": signature}
