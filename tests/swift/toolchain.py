"""A Swift toolchain: the one on PATH, or Debian's, unpacked into a folder of its own and used from inside it.

Debian's packages need a newer C library than an older Debian has, so they run in a chroot of their own files, in a
mount and process namespace that goes away with the command. The machine's own apt is not touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.debian import NoPackagesError, download, lacking, unpack

NEEDED = (6, 0)
"""The version of the tools that Package.swift asks for."""
SUITE = "trixie"
PACKAGES = ("base-files", "bash", "coreutils", "sed", "grep", "findutils", "swiftlang", "libc6-dev", "g++")
LEFT_OUT = (
    "*/lldb*",
    "*/liblldb*",
    "*/clangd",
    "*/sourcekit-lsp",
    "*/libsourcekitdInProc*",
    "*/docc",
    "*/libLTO*",
    "*/swift_static",
    "*/lib/swift/embedded",
    "*/FrameworkABIBaseline",
    "*/repl_swift",
    "*/libexec/gcc/*/cc1",
    "*/libexec/gcc/*/cc1plus",
    "*/libexec/gcc/*/lto1",
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
    "./usr/share/perl*",
    "./usr/lib/python3*",
)
"""Half of the toolchain's size, and nothing that compiles or tests."""
INSIDE_PATH = "/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Mounted anew for each command; `mount` needs root, or a user namespace in which we are root.
ENTER = """
set -e
root=$1 work=$2
shift 2
mount --make-rprivate /
mkdir -p "$root$work"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root$work"
mount --rbind "$work" "$root$work"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cd "$root"
exec chroot "$root" /bin/bash -c 'cd "$1" && shift && exec "$@"' -- "$@"
"""


class NoSwiftError(Exception):
    """There is no Swift here, and none can be brought; the message says what helps."""


@dataclass(frozen=True, slots=True)
class Swift:
    """A toolchain. `root` is the folder it lives in, or None for the one on PATH; `work` is what it can see."""

    root: Path | None
    work: Path

    @property
    def link_flags(self) -> list[str]:
        """Debian's libswiftObservation refers to a symbol that its other libraries do not export."""
        return ["-Xlinker", "--allow-shlib-undefined"] if self.root else []

    @property
    def host_libraries(self) -> Path:
        """Where the compiler's own Swift modules lie, those of SwiftSyntax among them."""
        if self.root:
            return Path("/usr/libexec/swift/lib/swift/host")
        swiftc = shutil.which("swiftc")
        return Path(swiftc or "/usr/bin/swiftc").resolve().parent.parent / "lib" / "swift" / "host"

    def command(
        self, argv: Sequence[str | Path | int], folder: Path, environ: Mapping[str, str] | None = None
    ) -> list[str]:
        """The argument list that runs a command in a folder below `work`, from anywhere."""
        pairs = [f"{name}={value}" for name, value in (environ or {}).items()]
        words = [str(word) for word in argv]
        if self.root is None:
            return ["env", *pairs, *words]
        inside = ["/usr/bin/env", "-i", "HOME=/tmp", f"PATH={INSIDE_PATH}", "LANG=C.UTF-8", *pairs, *words]
        return [*_namespace(), "bash", "-c", ENTER, "--", str(self.root), str(self.work), str(folder), *inside]

    def run(
        self, argv: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None, *, quiet: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder below `work`; with `quiet` its output is kept, else it is shown."""
        command = self.command(argv, folder, environ)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if quiet else {}
        return subprocess.run(command, cwd=folder, text=True, errors="replace", check=False, **pipes)  # type: ignore[call-overload,no-any-return]


def find_swift(work: Path) -> Swift:
    """Give a toolchain that can work in `work`, unpacking Debian's beside it when there is no Swift 6 on PATH.

    Raises:
        NoSwiftError: no Swift 6 on PATH, and Debian's cannot be had.
    """
    if version_on_path() >= NEEDED:
        return Swift(None, work)
    root = work / f"toolchain-{SUITE}"
    if not (root / "complete").exists():
        _unpack(root)
    return Swift(root, work)


def version_on_path() -> tuple[int, ...]:
    """The version of the `swift` on PATH; empty when there is none, or when it is OpenStack's program of that name."""
    program = shutil.which("swift")
    if program is None:
        return ()
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return parse_version(done.stdout + done.stderr)


def parse_version(text: str) -> tuple[int, ...]:
    """Read `swift --version`, Apple's or that of swift.org."""
    found = re.search(r"Swift version (\d+(?:\.\d+)*)", text)
    return tuple(map(int, found[1].split("."))) if found else ()


def _unpack(root: Path) -> None:
    if lacks := lacking("unshare"):
        raise NoSwiftError(
            f"There is no Swift {NEEDED[0]} on PATH{_found_instead()}, and {lacks} is not here to bring Debian's. "
            "Install Swift 6 from swift.org/install, or on Debian: apt-get install swiftlang debian-archive-keyring"
        )
    apt = root.parent / f"{root.name}-apt"
    for folder in (root, apt):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        archives = download(apt, [SUITE], PACKAGES)
        # base-files first: it holds the links that make /bin one with /usr/bin
        for archive in sorted(archives, key=lambda path: not path.name.startswith("base-files_")):
            unpack(archive, root, LEFT_OUT)
    except NoPackagesError as error:
        raise NoSwiftError(f"Debian's Swift cannot be downloaded: {error}") from error
    finally:
        shutil.rmtree(apt, ignore_errors=True)
    (root / "complete").touch()


def _found_instead() -> str:
    version = version_on_path()
    return f" (but {'.'.join(map(str, version))})" if version else ""


def _namespace() -> list[str]:
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return command if os.geteuid() == 0 else [*command, "--user", "--map-root-user"]
