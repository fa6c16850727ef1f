"""Single files and filtered trees out of archives, and nothing outside the folder."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from handheld.archives import extract_tree, member
from handheld.errors import ArchiveWrong
from helpers.cache import files_below
from helpers.packages import make_sdist, make_wheel

FILES = {
    "vendor/lib/LICENSE": b"licence",
    "vendor/lib/src/a.c": b"a",
    "vendor/lib/src/deep/b.c": b"b",
    "vendor/lib/src/run.sh": b"#!/bin/sh",
    "vendor/lib/docs/index.md": b"docs",
    "vendor/other/src/a.c": b"other",
    "vendor/library/x.c": b"x",
}


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    return make_sdist(tmp_path / "in", "lib", "1", FILES).path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "in", "lib", "1", FILES).path


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_member(kind: str, sdist: Path, wheel: Path) -> None:
    archive = {"wheel": wheel, "sdist": sdist}[kind]
    with member(archive, kind, "vendor/lib/LICENSE") as file:
        assert file.read() == b"licence"
    with pytest.raises(ArchiveWrong, match="has no file vendor/lib/NOTICE"), member(archive, kind, "vendor/lib/NOTICE"):
        pass


GLOBS = [
    (["src/**"], ["src/a.c", "src/deep/b.c", "src/run.sh"]),
    (["src/*"], ["src/a.c", "src/run.sh"]),
    (["**/*.c"], ["src/a.c", "src/deep/b.c"]),
    (["src/?.c", "LICENSE"], ["LICENSE", "src/a.c"]),
    (["src/**/b.c"], ["src/deep/b.c"]),
    (["src/a.c", "src/*.c"], ["src/a.c"]),
    (["**"], ["LICENSE", "docs/index.md", "src/a.c", "src/deep/b.c", "src/run.sh"]),
]


@pytest.mark.parametrize(("globs", "expected"), GLOBS, ids=[" ".join(row[0]) for row in GLOBS])
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_tree(tmp_path: Path, kind: str, sdist: Path, wheel: Path, globs: list[str], expected: list[str]) -> None:
    archive = {"wheel": wheel, "sdist": sdist}[kind]
    written = extract_tree(archive, kind, "vendor/lib", globs, tmp_path / "out")
    assert [str(path) for path in written] == expected
    assert files_below(tmp_path / "out") == expected


def test_the_executable_bit_is_kept(tmp_path: Path, sdist: Path) -> None:
    extract_tree(sdist, "sdist", "vendor/lib", ["src/**"], tmp_path / "out")
    assert os.access(tmp_path / "out/src/run.sh", os.X_OK)
    assert (tmp_path / "out/src/a.c").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("globs", [["nothing/**"], ["src/**", "src/*.rs"], ["SRC/**"]])
def test_a_glob_that_matches_nothing(tmp_path: Path, sdist: Path, globs: list[str]) -> None:
    with pytest.raises(ArchiveWrong, match=r"has nothing that matches .* below vendor/lib"):
        extract_tree(sdist, "sdist", "vendor/lib", globs, tmp_path / "out")


def tar_with(path: Path, *entries: tuple[str, bytes, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info, io.BytesIO(b""))
    return path


HOSTILE = [
    ("top/root/../../../escape", tarfile.REGTYPE, ""),
    ("top/root/a/../../b", tarfile.REGTYPE, ""),
    ("top/root//etc/passwd", tarfile.REGTYPE, ""),
    ("top/root/link", tarfile.SYMTYPE, "/etc/passwd"),
    ("top/root/link", tarfile.SYMTYPE, "a"),
    ("top/root/hard", tarfile.LNKTYPE, "top/root/a"),
    ("top/root/pipe", tarfile.FIFOTYPE, ""),
    ("top/root/device", tarfile.CHRTYPE, ""),
    ("top/root/a\\b", tarfile.REGTYPE, ""),
    ("top/root/c:x", tarfile.REGTYPE, ""),
]


@pytest.mark.parametrize("entry", HOSTILE, ids=[f"{name} {kind!r}" for name, kind, _ in HOSTILE])
def test_nothing_lands_outside(tmp_path: Path, entry: tuple[str, bytes, str]) -> None:
    archive = tar_with(tmp_path / "x.tar.gz", ("top/root/a", tarfile.REGTYPE, ""), entry)
    with pytest.raises(ArchiveWrong, match="a link or a path that leads outside"):
        extract_tree(archive, "sdist", "root", ["**"], tmp_path / "deep" / "out")
    assert set(files_below(tmp_path)) <= {"x.tar.gz", "deep/out/a"}


def test_links_that_nobody_wants_do_not_matter(tmp_path: Path) -> None:
    archive = tar_with(tmp_path / "x.tar.gz", ("top/root/a", tarfile.REGTYPE, ""), ("top/x", tarfile.SYMTYPE, "/"))
    assert len(extract_tree(archive, "sdist", "root", ["*"], tmp_path / "out")) == 1


def test_a_link_in_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("root/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveWrong, match="leads outside"):
        extract_tree(path, "wheel", "root", ["**"], tmp_path / "out")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_damaged_archives(tmp_path: Path, kind: str, sdist: Path, wheel: Path) -> None:
    archive = {"wheel": wheel, "sdist": sdist}[kind]
    data = archive.read_bytes()
    for damaged in (data[: len(data) // 2], b"", os.urandom(300)):
        archive.write_bytes(damaged)
        with pytest.raises(ArchiveWrong, match="cannot be read"):
            extract_tree(archive, kind, "vendor/lib", ["**"], tmp_path / "out")


def test_a_bit_flipped_inside_a_wheel(tmp_path: Path) -> None:
    package = make_wheel(tmp_path, "lib", "1", {"data.bin": bytes(range(256)) * 50})
    data = bytearray(package.path.read_bytes())
    data[60] ^= 1
    package.path.write_bytes(data)
    with pytest.raises(ArchiveWrong, match="cannot be read"), member(package.path, "wheel", "data.bin") as file:
        file.read()
