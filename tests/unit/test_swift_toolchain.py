"""Which Swift the Swift lane takes: the one on PATH when it is new enough, else Debian's."""

from __future__ import annotations

from pathlib import Path

import pytest

from swift import toolchain

LINUX = "Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64-unknown-linux-gnu"
APPLE = "swift-driver version: 1.127.14 Apple Swift version 6.2 (swiftlang-6.2.0.19.9 clang-1700.3.19.1)"
OLD = "Swift version 5.10.1 (swift-5.10.1-RELEASE)"
OPENSTACK = "python-swiftclient 4.6.0"


@pytest.fixture
def swift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program that says it is Swift can be put; nothing else is on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "swift"


def put(program: Path, said: str) -> None:
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)


@pytest.mark.parametrize(("said", "version"), [(LINUX, (6, 0, 3)), (APPLE, (6, 2)), (OLD, (5, 10, 1)), (OPENSTACK, ())])
def test_versions(swift: Path, said: str, version: tuple[int, ...]) -> None:
    assert toolchain.version_on_path() == ()
    put(swift, said)
    assert toolchain.version_on_path() == version


def test_a_new_one_is_taken(swift: Path, tmp_path: Path) -> None:
    put(swift, LINUX)
    assert toolchain.find_swift(tmp_path).root is None


def test_manifest_asks_for_what_is_needed(repository: Path) -> None:
    first = (repository / "native" / "Package.swift").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"// swift-tools-version: {'.'.join(map(str, toolchain.NEEDED))}"


@pytest.mark.parametrize("said", [OLD, OPENSTACK])
def test_another_one_is_named_and_not_taken(swift: Path, tmp_path: Path, said: str) -> None:
    put(swift, said)
    with pytest.raises(toolchain.NoSwiftError) as refused:
        toolchain.find_swift(tmp_path / "work")
    assert "There is no Swift 6 on PATH" in str(refused.value)
    assert ("5.10.1" in str(refused.value)) == (said == OLD)
    assert "swift.org/install" in str(refused.value)
