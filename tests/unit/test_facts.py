"""What is true here: headers of model files, kinds of other files, the machine, the target folder."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from handheld import facts
from handheld.catalog import Catalog
from handheld.errors import FileError, ModelDamaged, ModelMissing, NotAModel, Unreadable
from handheld.facts import find_tools, gather_facts, gather_host, inspect_model
from handheld.gguf_header import MAX_KEYS, read_header
from handheld.identity import identify
from handheld.spec import AppSpec, TaskChoice
from handheld.tools import Tools
from helpers.catalogues import write_catalogue
from helpers.gguf_file import F32, MODEL_KEYS, header, small_model, tensor, text, write_model

# GGUF headers.


@pytest.mark.parametrize("version", [2, 3])
def test_what_a_header_says(tmp_path: Path, version: int) -> None:
    path = write_model(tmp_path / "m.gguf", small_model(version=version))
    found = inspect_model(path)
    assert (found.path, found.bytes, found.format) == (path, path.stat().st_size, "gguf")
    assert (found.architecture, found.name, found.licence, found.context) == ("llama", "Tiny", "mit", 512)
    assert found.chat_template
    assert read_header(path).size_needed == path.stat().st_size
    assert read_header(path).tensors == 1


def test_a_header_may_say_nothing(tmp_path: Path) -> None:
    found = inspect_model(write_model(tmp_path / "m.gguf", small_model({})))
    assert (found.architecture, found.name, found.licence, found.context) == (None, None, None, None)
    assert not found.chat_template


def test_a_header_says_whether_texts_are_embedded(tmp_path: Path) -> None:
    asked: Mapping[str, list[dict[str, object]]] = {
        "embed": [{"llama.pooling_type": 1}, {"llama.attention.causal": False}, {"llama.pooling_type": 4}],
        "generate": [{}, {"llama.pooling_type": 0}, {"llama.attention.causal": True}, {"bert.pooling_type": 1}],
    }
    for shape, headers in asked.items():
        for keys in headers:
            path = write_model(tmp_path / "model.gguf", small_model({**MODEL_KEYS, **keys}))
            assert inspect_model(path).shape == shape, keys


def test_keys_of_other_types_are_no_answers(tmp_path: Path) -> None:
    keys = {"general.architecture": "llama", "general.name": 3, "llama.context_length": "many", "x": 1.5, "y": 1 << 40}
    found = inspect_model(write_model(tmp_path / "m.gguf", small_model(keys)))
    assert (found.name, found.context) == (None, None)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    assert inspect_model(write_model(tmp_path / "weights.bin")).format == "gguf"


def test_every_cut_is_found(tmp_path: Path) -> None:
    data = small_model()
    for length in range(4, len(data)):
        path = write_model(tmp_path / "cut.gguf", data[:length])
        with pytest.raises(ModelDamaged) as caught:
            inspect_model(path)
        assert "it ends after" in caught.value.what or "it is truncated" in caught.value.what


def test_a_cut_in_the_data_tells_how_much_is_missing(tmp_path: Path) -> None:
    data = small_model()
    with pytest.raises(ModelDamaged) as caught:
        inspect_model(write_model(tmp_path / "m.gguf", data[:-1]))
    assert f"at least {len(data)} bytes and has {len(data) - 1}" in caught.value.what
    assert caught.value.exit_code == 4
    assert all((caught.value.cause, caught.value.fix, caught.value.danger))


def test_a_flipped_bit_anywhere_in_the_header_gives_an_answer_or_an_error(tmp_path: Path) -> None:
    data = small_model()
    path = tmp_path / "m.gguf"
    for position in range(len(data) - 256):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        with contextlib.suppress(FileError):
            inspect_model(path)


def raw(version: int = 3, tensors: int = 0, keys: int = 0, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + rest


HOSTILE = {
    "version 1": (raw(1), "has version 1; 2 and 3 are known"),
    "version 4": (raw(4), "has version 4"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "made for big-endian machines"),
    "many keys": (raw(keys=MAX_KEYS + 1), "65,537 keys, more than"),
    "endless keys": (raw(keys=(1 << 64) - 1), "keys, more than"),
    "endless tensors": (raw(tensors=(1 << 64) - 1), "tensors, more than"),
    "keys that are not there": (raw(keys=MAX_KEYS), "it ends after 24 bytes"),
    "tensors that are not there": (raw(tensors=9), "it ends after 24 bytes"),
    "endless name": (raw(keys=1, rest=struct.pack("<Q", (1 << 64) - 1)), "bytes in one text, more than"),
    "long name": (raw(keys=1, rest=struct.pack("<Q", 1000)), "within its header"),
    "no UTF-8": (raw(keys=1, rest=text(b"\xff\xfe") + struct.pack("<I", 0)), "not UTF-8"),
    "unknown type": (raw(keys=1, rest=text("k") + struct.pack("<I", 77)), "'k' in its header has the unknown type 77"),
    "list of lists": (raw(keys=1, rest=text("k") + struct.pack("<IIQ", 9, 9, 1)), "unknown type 9"),
    "endless list": (raw(keys=1, rest=text("k") + struct.pack("<IIQ", 9, 8, 1 << 60)), "items of 'k', more than"),
    "long list": (raw(keys=1, rest=text("k") + struct.pack("<IIQ", 9, 8, 9_999_999)), "within its header"),
    "list of one endless text": (
        raw(keys=1, rest=text("k") + struct.pack("<IIQQ", 9, 8, 1, (1 << 64) - 1)),
        "within its header",
    ),
    "no power of two": (small_model({"general.alignment": 33}), "alignment is 33"),
    "alignment zero": (small_model({"general.alignment": 0}), "alignment is 0"),
    "alignment text": (small_model({"general.alignment": "x"}), "alignment is 'x'"),
    "five dimensions": (header({}, [tensor("t", [1] * 5, F32, 0)]) + bytes(64), "has 5 dimensions"),
    "endless dimension": (header({}, [tensor("t", [1 << 63, 1 << 63], F32, 0)]) + bytes(64), "it is truncated"),
    "far away": (header({}, [tensor("t", [1], F32, 1 << 62)]) + bytes(64), "it is truncated"),
    "crooked place": (header({}, [tensor("t", [1], F32, 3)]) + bytes(64), "begins at 3, which is no multiple of 32"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers(tmp_path: Path, name: str) -> None:
    data, sentence = HOSTILE[name]
    with pytest.raises(ModelDamaged) as caught:
        inspect_model(write_model(tmp_path / "m.gguf", data))
    assert sentence in caught.value.what


def test_the_same_key_twice(tmp_path: Path) -> None:
    once = text("k") + struct.pack("<II", 4, 1)
    with pytest.raises(ModelDamaged, match="the key 'k' twice"):
        inspect_model(write_model(tmp_path / "m.gguf", raw(keys=2, rest=once + once)))


def test_tensors_of_a_type_that_is_newer(tmp_path: Path) -> None:
    whole = header({}, [tensor("t", [64], 200, 32)]) + bytes(64)
    assert inspect_model(write_model(tmp_path / "m.gguf", whole)).bytes == len(whole)
    with pytest.raises(ModelDamaged):
        inspect_model(write_model(tmp_path / "m.gguf", header({}, [tensor("t", [64], 200, 320)]) + bytes(64)))


@pytest.mark.parametrize(
    ("kind", "elements", "size"), [(0, 64, 256), (1, 64, 128), (2, 64, 36), (3, 64, 40), (8, 64, 68), (14, 512, 420)]
)
def test_quantised_tensors_are_measured(tmp_path: Path, kind: int, elements: int, size: int) -> None:
    whole = header({}, [tensor("t", [elements], kind, 0)]) + bytes(size)
    assert inspect_model(write_model(tmp_path / "m.gguf", whole)).bytes == len(whole)
    with pytest.raises(ModelDamaged, match="truncated"):
        inspect_model(write_model(tmp_path / "m.gguf", whole[:-1]))


def test_a_large_vocabulary_is_read_quickly(tmp_path: Path) -> None:
    keys = {**MODEL_KEYS, "tokenizer.ggml.tokens": [f"token{number}" for number in range(100_000)]}
    tools = Tools(tmp_path, {})
    path = write_model(tmp_path / "m.gguf", small_model(keys))
    begin = tools.clock()
    assert inspect_model(path).chat_template
    assert tools.clock() - begin < 2


# Other kinds of files.


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("file"))
    return buffer.getvalue()


KINDS = {
    "an empty file": b"",
    "a file of zeros": bytes(5000),
    "a git-lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 98362432\n",
    "an HTML page": b"\n<!DOCTYPE html>\n<html><body>404</body></html>",
    "an HTML page ": b"<HTML><head></head></HTML>",
    "an XML file": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "a JSON text": b'{"error": "Repository not found"}',
    "a text file": "Zażółć gęślą jaźń\n".encode() * 300,
    "an ONNX model": b"\x08\x07\x12\x07pytorch\x1a\x052.1.0:\xb4\x02",
    "an ONNX model ": b"\x08\x0a\x3a\xff\xff\x01\x0a\x10",
    "a Core ML model": b"\x08\x07\x12\x80\x0b\x0a\x90\x01\x0a\x05",
    "a TFLite": struct.pack("<I", 28) + b"TFL3" + bytes(64),
    "an onnxruntime model": struct.pack("<I", 28) + b"ORTM" + bytes(64),
    "an ExecuTorch program": struct.pack("<I", 28) + b"ET12" + bytes(64),
    "a Python pickle": b"\x80\x02}q\x00X\x05\x00\x00\x00modelq\x01",
    "a Python pickle ": zipped("archive/data.pkl", "archive/data/0"),
    "a safetensors checkpoint": struct.pack("<Q", 100) + b'{"weight":{"dtype":"F32"' + bytes(200),
    "a zip archive": zipped("a.txt"),
    "a zip archive that is damaged": zipped("a.txt")[:40],
    "an Android app": zipped("AndroidManifest.xml", "classes.dex"),
    "a Python wheel": zipped("x/__init__.py", "x-1.dist-info/WHEEL"),
    "a packed Core ML model": zipped("Data/com.apple.CoreML/model.mlmodel", "Manifest.json"),
    "a Keras model": zipped("config.json", "model.weights.h5"),
    "an archive of NumPy arrays": zipped("a.npy"),
    "a GGML model from before GGUF": b"tjgg" + bytes(60) + b"\x01",
    "a gzip archive": gzip.compress(b"GGUF" * 100),
    "an xz archive": b"\xfd7zXZ\x00\x00\x04" + b"\x01" * 30,
    "a Zstandard archive": b"\x28\xb5\x2f\xfd" + b"\x01" * 30,
    "a tar archive": tarred(),
    "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(60),
    "a Windows program": b"MZ\x90\x00\x03" + bytes(60),
    "a PNG picture": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "a JPEG picture": b"\xff\xd8\xff\xe0" + bytes(60),
    "a WAV recording": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(30),
    "a WebP picture": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(30),
    "a PDF document": b"%PDF-1.7\n" + b"\xff" * 30,
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "a NumPy array": b"\x93NUMPY\x01\x00" + bytes(60),
    "an SQLite database": b"SQLite format 3\x00" + bytes(60),
    "a file of unknown kind that begins with the bytes 07 ff": b"\x07\xff\xfe\xfd" + bytes(range(256)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["model.gguf", "model.bin"])
def test_the_real_kind_is_named(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(NotAModel) as caught:
        inspect_model(write_model(tmp_path / name, KINDS[kind]))
    assert f"it is {kind.strip()}" in caught.value.what
    assert caught.value.cause
    assert caught.value.fix
    assert "FILE" not in caught.value.fix
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 12])
def test_files_of_a_few_bytes(tmp_path: Path, size: int) -> None:
    for first in (0x08, 0x80, 0xFF):
        with pytest.raises(NotAModel):
            inspect_model(write_model(tmp_path / "m.gguf", bytes([first] * size)))


def test_formats_without_a_reader_go_by_their_suffix(tmp_path: Path) -> None:
    found = inspect_model(write_model(tmp_path / "m.BT", b"\x07\xff"), ("gguf", "bt"))
    assert (found.format, found.bytes) == ("bt", 2)
    with pytest.raises(NotAModel, match="an empty file"):
        inspect_model(write_model(tmp_path / "m.bt", b""), ("gguf", "bt"))
    with pytest.raises(NotAModel, match="a GGUF model"):
        inspect_model(write_model(tmp_path / "m.xy"), ("bt",))


@pytest.mark.parametrize(
    ("kind", "format_"), [("an ONNX model", "onnx"), ("a TFLite", "tflite"), ("an onnxruntime model", "ort")]
)
def test_what_a_model_is_stands_in_its_bytes(tmp_path: Path, kind: str, format_: str) -> None:
    for name in (f"m.{format_}", "m.gguf", "m"):
        found = inspect_model(write_model(tmp_path / name, KINDS[kind]), ("gguf", format_))
        assert found.format == format_
    with pytest.raises(NotAModel, match=f"it is {kind}"):
        inspect_model(tmp_path / f"m.{format_}", ("gguf",))


def test_a_name_alone_makes_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotAModel, match="an HTML page"):
        inspect_model(write_model(tmp_path / "m.onnx", KINDS["an HTML page"]), ("gguf", "onnx"))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="does not exist") as caught:
        inspect_model(tmp_path / "m.gguf")
    assert caught.value.exit_code == 2


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    # Rights do not bind root, who often runs tests; this file refuses everybody its first byte.
    path = Path("/proc/self/mem")
    if not path.exists():
        path = write_model(tmp_path / "m.gguf")
        path.chmod(0)
    with pytest.raises(Unreadable, match="cannot be read"):
        inspect_model(path)


# The machine.


def test_the_host(tmp_path: Path) -> None:
    host = gather_host(tmp_path / "not" / "there" / "yet")
    assert host.os in ("linux", "macos", "windows")
    assert host.arch in ("x86_64", "arm64") or host.arch
    assert 1 <= host.cpus <= (os.cpu_count() or 1)
    assert host.memory_bytes > 1 << 27
    assert host.disk_free_bytes > 0


def test_tools_are_found_on_the_path_alone(tmp_path: Path) -> None:
    for name in ("cmake", "g++"):
        (tmp_path / name).write_text(f"#!{sys.executable}\nprint('\\n{name} version 9')\n")
        (tmp_path / name).chmod(0o755)
    tools = Tools(tmp_path / "cache", {"PATH": str(tmp_path)})
    found = find_tools(tools, versions=True)
    assert set(found) == set(facts.TOOLS)
    assert found["cmake"] == facts.Tool(tmp_path / "cmake", "cmake version 9")
    assert found["c++"] == facts.Tool(tmp_path / "g++", "g++ version 9")
    assert found["ninja"] is None
    assert all(tool is None or tool.version == "" for tool in find_tools(tools).values())


def test_every_tool_has_a_command_that_brings_it() -> None:
    for kind in facts.TOOLS.values():
        assert kind.purpose
        for system in ("linux", "macos"):
            assert kind.fixes.get(system) or kind.fixes.get("")


def empty_beside(path: Path) -> Path:
    folder = path.with_name("empty")
    folder.mkdir()
    return folder


Setup = Callable[[Path], object]
TARGETS: list[tuple[str, Setup, tuple[bool, bool, bool]]] = [
    ("nothing", lambda _: None, (False, True, False)),
    ("an empty folder", lambda path: path.mkdir(), (True, True, False)),
    ("a folder with files", lambda path: write_model(path / "x"), (True, False, False)),
    ("an app", lambda path: write_model(path / "app.lock.toml"), (True, False, True)),
    ("a file", lambda path: path.write_bytes(b""), (True, False, False)),
    ("a link to an empty folder", lambda path: path.symlink_to(empty_beside(path)), (True, False, False)),
    ("a link to nowhere", lambda path: path.symlink_to("nowhere"), (True, False, False)),
]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return write_catalogue(tmp_path / "root")


@pytest.mark.parametrize(("name", "setup", "expected"), TARGETS, ids=[row[0] for row in TARGETS])
def test_the_target(
    tmp_path: Path, catalog: Catalog, name: str, setup: Setup, expected: tuple[bool, bool, bool]
) -> None:
    del name
    setup(tmp_path / "app")
    target = gather_facts(AppSpec(identify("P"), (TaskChoice("talk"),), ("ios",), tmp_path / "app"), catalog).target
    assert (target.exists, target.empty, target.app) == expected
    assert target.writable


def test_a_target_below_a_file_cannot_be_written(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "file").write_bytes(b"")
    spec = AppSpec(identify("P"), (TaskChoice("talk"),), ("ios",), tmp_path / "file" / "app")
    assert not gather_facts(spec, catalog).target.writable


def test_local_models_are_looked_at_and_others_not(tmp_path: Path, catalog: Catalog) -> None:
    path = str(write_model(tmp_path / "m.gguf"))
    choices = tuple(TaskChoice("talk", model=model) for model in (path, "plain", "hf:a/b/c.gguf", None))
    found = gather_facts(AppSpec(identify("P"), choices, ("ios",), tmp_path / "app"), catalog)
    assert set(found.models) == {path}
    assert found.models[path].architecture == "llama"
