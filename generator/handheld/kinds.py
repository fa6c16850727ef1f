"""Says what kind a file really is, by the bytes it begins with, and what to do with it when a model was expected."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

SHOWN_BY_BYTES = frozenset({"gguf", "onnx", "ort", "tflite", "pte", "mlpackage"})
"""Formats that a file's first bytes show, or what lies in a folder; of the others only the name tells."""
HEAD = 4096
"""Bytes that are looked at."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """`noun` completes "it is ..."; `cause` and `fix` complete a message when a model was expected.

    `format` is the format of a model that a runtime may take, as in runtime.toml.
    """

    noun: str
    cause: str = "It is not a model file, whatever its name says."
    fix: str = "Give another file; handheld list shows models that need none"
    format: str | None = None


def kind_of(path: Path) -> FileKind:
    """Look at a file's first bytes (and a zip archive's list).

    Raises:
        OSError: the file cannot be read.
    """
    if path.is_dir():
        return _folder_kind(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return _cut("an empty file")
    if not head.strip(b"\0"):
        return _cut("a file of zeros")
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    return _by_magic(head) or _by_layout(head) or _text_kind(head) or _unknown(head)


def _folder_kind(folder: Path) -> FileKind:
    """What a folder is, by the files that are directly in it."""
    if (folder / "coremldata.bin").is_file():
        cause = "It was compiled for one system, and cannot be taken to another."
        return FileKind("a compiled Core ML model (.mlmodelc)", cause, "Give the .mlpackage that it was made of")
    if (folder / "Manifest.json").is_file() and _lists_items(folder / "Manifest.json"):
        return _other_format("a Core ML package", format_="mlpackage")
    if (folder / "saved_model.pb").is_file():
        return _other_format("a TensorFlow SavedModel")
    if (folder / "config.json").is_file():
        return _other_format("a folder as Hugging Face keeps models", _CHECKPOINT)
    return FileKind("a folder", "A path to one file is needed, or to a folder that is a model.", "ls -l FILE")


def _lists_items(manifest: Path) -> bool:
    try:
        with manifest.open("rb") as file:
            value = json.loads(file.read(1 << 20))
    except ValueError:
        return False
    return isinstance(value, dict) and "itemInfoEntries" in value


def _cut(noun: str) -> FileKind:
    return FileKind(noun, "A download was begun and cut.", "Download the file again")


def _unknown(head: bytes) -> FileKind:
    return FileKind(f"a file of unknown kind that begins with the bytes {head[:8].hex(' ')}")


def _other_format(noun: str, convert: str = "", format_: str | None = None) -> FileKind:
    fix = convert or "Look for the same model in a format that a runtime takes: handheld list"
    return FileKind(noun, "It is a model, in a format that no runtime takes.", fix, format_)


def _packed(noun: str, command: str) -> FileKind:
    return FileKind(noun, "The model may be inside.", f"Unpack it and give the file inside: {command}")


_CHECKPOINT = "Convert it with llama.cpp's convert_hf_to_gguf.py, or look for a GGUF file of the same model"
_PACKAGE = (
    "Save it as a package: python3 -c 'import coremltools.models as m, sys; "
    'm.MLModel(sys.argv[1], skip_model_load=True).save("model.mlpackage")\' FILE'
)
_PICKLE = _other_format("a Python pickle, as PyTorch saves checkpoints", _CHECKPOINT)

_MAGIC = (
    (b"GGUF", _other_format("a GGUF model", format_="gguf")),
    (b"lmgg", _other_format("a GGML model from before GGUF", _CHECKPOINT)),
    (b"fmgg", _other_format("a GGML model from before GGUF", _CHECKPOINT)),
    (b"tjgg", _other_format("a GGML model from before GGUF", _CHECKPOINT)),
    (
        b"version https://git-lfs.github.com/spec/",
        FileKind("a git-lfs pointer, a few lines that stand for the file", "git-lfs was not at work.", "git lfs pull"),
    ),
    (b"\x1f\x8b", _packed("a gzip archive", "gunzip FILE, or tar xzf FILE")),
    (b"\xfd7zXZ\0", _packed("an xz archive", "unxz FILE, or tar xJf FILE")),
    (b"\x28\xb5\x2f\xfd", _packed("a Zstandard archive", "unzstd FILE")),
    (b"BZh", _packed("a bzip2 archive", "bunzip2 FILE")),
    (b"7z\xbc\xaf\x27\x1c", _packed("a 7-Zip archive", "7z x FILE")),
    (b"Rar!", _packed("a RAR archive", "unrar x FILE")),
    (b"\x7fELF", FileKind("an ELF program or library")),
    (b"\xfe\xed\xfa\xce", FileKind("a Mach-O program or library")),
    (b"\xfe\xed\xfa\xcf", FileKind("a Mach-O program or library")),
    (b"\xcf\xfa\xed\xfe", FileKind("a Mach-O program or library")),
    (b"\xca\xfe\xba\xbe", FileKind("a Java class or a Mach-O library")),
    (b"\0asm", FileKind("a WebAssembly module")),
    (b"MZ", FileKind("a Windows program or library")),
    (b"\x89PNG\r\n\x1a\n", FileKind("a PNG picture")),
    (b"\xff\xd8\xff", FileKind("a JPEG picture")),
    (b"GIF8", FileKind("a GIF picture")),
    (b"%PDF", FileKind("a PDF document")),
    (b"SQLite format 3\0", FileKind("an SQLite database")),
    (b"\x89HDF\r\n\x1a\n", _other_format("an HDF5 file, as Keras saves models")),
    (b"\x93NUMPY", FileKind("a NumPy array")),
)


def _by_magic(head: bytes) -> FileKind | None:
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _by_layout(head: bytes) -> FileKind | None:
    """Kinds that show themselves behind the first bytes."""
    if len(head) < 2:
        return None
    at_four = {
        b"TFL3": ("a TFLite (LiteRT) model", "tflite"),
        b"ORTM": ("an onnxruntime model (.ort)", "ort"),
        b"ET12": ("an ExecuTorch program", "pte"),
        b"ET13": ("an ExecuTorch program", "pte"),
    }
    if head[4:8] in at_four:
        noun, format_ = at_four[head[4:8]]
        return _other_format(noun, format_=format_)
    if head[:4] == b"RIFF":
        return FileKind({b"WAVE": "a WAV recording", b"WEBP": "a WebP picture"}.get(head[8:12], "a RIFF file"))
    if head[257:262] == b"ustar":
        return _packed("a tar archive", "tar xf FILE")
    if head[0] == 0x80 and head[1] in range(2, 6):
        return _PICKLE
    if head[8:10] in (b'{"', b"{ ") and int.from_bytes(head[:8], "little") < 1 << 27:
        return _other_format("a safetensors checkpoint", _CHECKPOINT)
    if head[0] == 0x08 and 1 <= head[1] <= 32:
        return _protobuf_kind(head)
    return None


def _protobuf_kind(head: bytes) -> FileKind | None:
    """ONNX and Core ML both begin with a version number as field 1; what follows tells them apart."""
    field, length, body = head[2:3], head[3] if len(head) > 3 else 0, head[4:]
    if field == b"\x12" and 0 < length < 64 and body[:length].isascii() and body[:length].decode().isprintable():
        return _other_format("an ONNX model", format_="onnx")
    if field in (b"\x3a", b"\x42", b"\x1a"):
        return _other_format("an ONNX model", format_="onnx")
    return _other_format("a Core ML model that is one file (.mlmodel)", _PACKAGE) if field == b"\x12" else None


def _zip_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return _cut("a zip archive that is damaged or cut")
    ends = (
        ("/data.pkl", _PICKLE),
        ("AndroidManifest.xml", FileKind("an Android app or library")),
        (".dist-info/WHEEL", _packed("a Python wheel", "unzip FILE")),
        (".mlmodel", _packed("a packed Core ML model", "unzip FILE")),
        (".weights.h5", _other_format("a Keras model")),
        (".npy", FileKind("an archive of NumPy arrays")),
    )
    found = (kind for end, kind in ends if any(name.endswith(end) for name in names))
    return next(found, _packed("a zip archive", "unzip FILE"))


def _text_kind(head: bytes) -> FileKind | None:
    text = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n").lower()
    # A character cut at the end of the head is no reason to doubt the rest.
    if b"\0" in head or len(head.decode("utf-8", "ignore").encode()) < len(head) - 3:
        return None
    if text.startswith(("<!doctype html", "<html")):
        page = "A server gave an error or login page instead of the file."
        return FileKind("an HTML page", page, "Open it in a browser to read it, then download the file itself")
    if text.startswith("<?xml"):
        return FileKind("an XML file", "A server may have given an error message instead of the file.")
    if text.startswith(("{", "[")):
        return FileKind("a JSON text", "It may be a model's configuration, or an error message of a server.")
    return FileKind("a text file")
