"""Whole or not at all, and damage is found."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pytest

from handheld import store
from handheld.errors import CacheReadOnly, DiskFull
from handheld.store import (
    Stamp,
    check_space,
    is_intact,
    key_of,
    put,
    read_note,
    sha256_of,
    staged,
    stamp_of,
    write_note,
)
from helpers.cache import files_below

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_hash_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"")
    assert sha256_of(path) == EMPTY


def stamped(path: Path, data: bytes) -> Stamp:
    path.write_bytes(data)
    return stamp_of(path, sha256_of(path))


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000, 3_000_000])
def test_an_unchanged_file_is_intact(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f"
    assert is_intact(path, stamped(path, os.urandom(size)))


def test_a_touched_file_is_hashed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    stamp = stamped(path, bytes(1_000_000))
    os.utime(path, ns=(1, 1))
    assert is_intact(path, stamp)
    data = bytearray(1_000_000)
    data[500_123] = 1  # between the samples
    path.write_bytes(data)
    assert not is_intact(path, stamp)


@pytest.mark.parametrize("position", [0, 4095, 999_999])
def test_damage_with_the_same_time_is_found_in_the_sample(tmp_path: Path, position: int) -> None:
    path = tmp_path / "f"
    stamp = stamped(path, bytes(1_000_000))
    with path.open("r+b") as file:
        file.seek(position)
        file.write(b"\x01")
    os.utime(path, ns=(stamp.mtime_ns, stamp.mtime_ns))
    assert not is_intact(path, stamp)


def test_a_cut_or_missing_file_is_not_intact(tmp_path: Path) -> None:
    path = tmp_path / "f"
    stamp = stamped(path, b"abc")
    path.write_bytes(b"ab")
    assert not is_intact(path, stamp)
    path.unlink()
    assert not is_intact(path, stamp)
    path.mkdir()
    assert not is_intact(path, stamp)


def test_keys_depend_on_every_value() -> None:
    assert key_of("a", ["b"]) == key_of("a", ["b"])
    assert len({key_of("a", ["b"]), key_of("a", ["c"]), key_of("ab", []), key_of("a"), key_of("a", ["b"], None)}) == 5


def test_a_staged_folder_goes_also_after_a_failure(tmp_path: Path) -> None:
    with staged(tmp_path, "x", "a thing") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_bytes(b"x")
    assert files_below(tmp_path) == []
    with contextlib.suppress(RuntimeError), staged(tmp_path, "x", "a thing") as folder:
        (folder / "file").write_bytes(b"x")
        raise RuntimeError
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "x-dead").mkdir(parents=True)
    (tmp_path / "tmp" / "y-other").mkdir()
    with staged(tmp_path, "x", "a thing") as folder:
        assert {path.name for path in (tmp_path / "tmp").iterdir()} == {folder.name, "y-other"}


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, CacheReadOnly), (errno.EROFS, CacheReadOnly)],
)
def test_failed_writes_are_explained(tmp_path: Path, number: int, kind: type[DiskFull | CacheReadOnly]) -> None:
    with pytest.raises(kind) as caught, staged(tmp_path, "x", "a thing"):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_code == 3
    assert "HANDHELD_CACHE" in caught.value.fix


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"), staged(tmp_path, "x", "a thing"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_space_is_checked_before_a_download(tmp_path: Path) -> None:
    check_space(tmp_path / "not" / "yet", "a thing", 1)
    with pytest.raises(DiskFull, match="a thing") as caught:
        check_space(tmp_path / "not" / "yet", "a thing", 1 << 62)
    assert "GB are needed" in caught.value.cause


def test_put_replaces_what_was_damaged(tmp_path: Path) -> None:
    target = tmp_path / "models" / "abc"
    target.mkdir(parents=True)
    (target / "old").write_bytes(b"")
    with staged(tmp_path, "x", "a thing") as work:
        (work / "new").mkdir()
        (work / "new" / "file").write_bytes(b"")
        put(work / "new", target)
    assert files_below(tmp_path) == ["models/abc/file"]


def test_notes(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "note.json"
    assert read_note(path) is None
    write_note(path, {"b": 1, "a": "ż"})
    write_note(path, {"b": 2, "a": "ż"})
    assert read_note(path) == {"a": "ż", "b": 2}
    assert files_below(tmp_path) == ["sub/note.json"]
    for damaged in (b"", b"{", b"[1]", b"\xff\xfe"):
        path.write_bytes(damaged)
        assert read_note(path) is None
    with pytest.raises(TypeError):
        write_note(path, {"a": object()})
    assert files_below(tmp_path) == ["sub/note.json"]


def test_a_damaged_stamp_is_none(tmp_path: Path) -> None:
    path = tmp_path / "f"
    stamp = stamped(path, b"x")
    assert (
        store.read_stamp({"bytes": 1, "mtime_ns": stamp.mtime_ns, "sha256": stamp.sha256, "sample": stamp.sample})
        == stamp
    )
    for note in (None, {}, {"bytes": 1}, {"bytes": 1, "extra": 2}, "x"):
        assert store.read_stamp(note) is None
