"""Packages of Debian in a folder of our own: apt chooses and checks them; what is installed here is not touched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TOOLS = ("apt-get", "dpkg-deb")


class NoPackagesError(Exception):
    """Debian's packages cannot be had here; the message says why."""


def lacking(*others: str) -> str:
    """What is missing here to bring packages, `others` among it; empty when nothing is."""
    missing = [tool for tool in (*TOOLS, *others) if shutil.which(tool) is None]
    return ", ".join([*missing, *([] if KEYRING.exists() else [str(KEYRING)])])


def download(apt: Path, suites: Sequence[str], packages: Sequence[str], target: str = "") -> list[Path]:
    """Download packages with all that they need, in a state of its own in `apt` that knows of nothing installed.

    Args:
        apt: An empty folder, for apt's lists and archives.
        suites: Such as "trixie"; of each, the part "main".
        packages: Their names.
        target: The suite whose versions are preferred.

    Raises:
        NoPackagesError: no source, no network, or no such package.
    """
    for name in ("etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d", "etc/sources.list.d"):
        (apt / name).mkdir(parents=True)
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    mirror = find_mirror()
    lines = "".join(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in suites)
    (apt / "etc" / "sources.list").write_text(lines, encoding="utf-8")
    options = {
        "Dir::Etc": apt / "etc",
        "Dir::Etc::sourcelist": apt / "etc" / "sources.list",
        "Dir::Etc::sourceparts": apt / "etc" / "sources.list.d",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",
    }
    command = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    chosen = ["-t", target] if target else []
    for step in (["update"], ["install", "-y", "--no-install-recommends", "--download-only", *chosen, *packages]):
        done = subprocess.run([*command, *step], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise NoPackagesError(said[-1] if said else "apt-get said nothing")
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def find_mirror() -> str:
    """The mirror that this machine uses.

    Raises:
        NoPackagesError: apt has no source.
    """
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    if sources.exists():
        for line in sources.read_text(encoding="utf-8").splitlines():
            if line.startswith("URIs:"):
                return line.split()[1]
    classic = Path("/etc/apt/sources.list")
    for line in classic.read_text(encoding="utf-8").splitlines() if classic.exists() else ():
        words = [word for word in line.split() if not word.startswith("[")]
        if words[:1] == ["deb"]:
            return words[1]
    raise NoPackagesError("apt has no source on this machine; add one to /etc/apt/sources.list.d")


def unpack(archive: Path, root: Path, left_out: Sequence[str] = ()) -> None:
    """Unpack a package's files, without those that match one of the patterns.

    Raises:
        NoPackagesError: the archive is damaged.
    """
    excluded = [f"--exclude={pattern}" for pattern in left_out]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as package:
        subprocess.run(["tar", "-x", "-C", str(root), *excluded], stdin=package.stdout, check=True)
    if package.returncode != 0:
        raise NoPackagesError(f"{archive.name} is damaged")


def version_of(archive: Path) -> str:
    """A package's version."""
    command = ["dpkg-deb", "--field", str(archive), "Version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
