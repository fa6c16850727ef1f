"""Trees copied on a second thread: all there at the end of the block, or an error, and nobody writes after it."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from handheld.copying import PLAIN, Tree, copied_trees, settle


def make_tree(folder: Path, files: int) -> Path:
    for number in range(files):
        path = folder / f"part{number % 7}" / f"{number}.c"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"int f{number};\r\n".encode())
        path.chmod(0o700 if number % 2 else 0o400)
    return folder


def copying() -> bool:
    return any(thread.name == "copy" for thread in threading.enumerate())


def test_all_is_there_with_hash_and_mode(tmp_path: Path) -> None:
    one, two = make_tree(tmp_path / "one", 40), make_tree(tmp_path / "two", 3)
    before = os.umask(0o077)
    try:
        with copied_trees(tmp_path / "app", [Tree(one, "third/one"), Tree(two, "third/two")]) as hashes:
            pass
    finally:
        os.umask(before)
    assert len(hashes) == 43
    for name, digest in hashes.items():
        place = tmp_path / "app" / name
        assert place.stat().st_mode & 0o777 == PLAIN
        assert hashlib.sha256(place.read_bytes()).hexdigest() == digest
    assert settle(tmp_path / "app", {}, frozenset()) == hashes


def test_only_what_is_wanted_is_copied(tmp_path: Path) -> None:
    tree = Tree(make_tree(tmp_path / "tree", 9), "third", lambda name: name.startswith("part1/"))
    with copied_trees(tmp_path / "app", [tree]) as hashes:
        pass
    assert sorted(hashes) == ["third/part1/1.c", "third/part1/8.c"]


def test_what_cannot_be_read_is_raised_at_the_end_of_the_block(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", 4)
    (tree / "gone.c").symlink_to("nowhere")
    reached = False
    with pytest.raises(FileNotFoundError), copied_trees(tmp_path / "app", [Tree(tree, "third")]):
        reached = True
    assert reached
    assert not copying()


def test_an_error_in_the_block_ends_the_copying_first(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree", 3000)
    with pytest.raises(KeyboardInterrupt), copied_trees(tmp_path / "app", [Tree(tree, "third")]) as hashes:
        raise KeyboardInterrupt
    assert not copying()
    assert len(hashes) < 3000


def test_known_hashes_are_taken_as_they_are(tmp_path: Path) -> None:
    make_tree(tmp_path, 2)
    assert settle(tmp_path, {"part0/0.c": "known"}, frozenset(["part1/1.c"])) == {"part0/0.c": "known"}
