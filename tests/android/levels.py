"""What app and libraries call, against the public classes of the oldest Android on which the app runs."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from android.bench import HERE, Bench, CheckFailed

LINE = re.compile(
    r"^.+?(?:\.jar:|/classes/)(?P<type>\S+?)\.class(?::\d+)?: (?:.*: )?Undefined reference: (?P<what>.*)$"
)
"""A class in a jar, or in the folder classes/."""
PLATFORM = re.compile(r"(?:(?:android|java|javax|dalvik)\.|[^.]+$)")
"""Classes of Android itself; those of java.lang are written without it."""
LOOKS = re.compile(r"Api\d\d|SDK_INT")
EXPECTED = Path(HERE / "newer.txt")
"""Classes of libraries that reach for a newer Android without asking for the level themselves; why that is right."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A class that uses something that the oldest Android lacks."""

    type: str
    what: str


def levels(bench: Bench) -> str:
    """The app itself reaches for nothing newer, its libraries only after a look at the level.

    A class of a library looks if it, or the class around it, reads SDK_INT or is named after a level; the others
    stand in newer.txt, each with its reason. The app's own looks are Lint's business, which follows the code.
    """
    reaches = newer(bench)
    allowed = expected()
    wrong = sorted({f"{reach.type} uses {reach.what}" for reach in reaches if reach.type not in allowed})
    if wrong:
        raise CheckFailed("newer than the oldest Android, without a look at the level:\n" + "\n".join(wrong[:20]))
    unused = set(allowed) - {reach.type for reach in reaches}
    if unused:
        raise CheckFailed(f"{EXPECTED.name} lists what needs no listing: {', '.join(sorted(unused))}")
    return f"{len(bench.lane.class_path)} libraries; {len(allowed)} classes have a reason"


def expected() -> dict[str, str]:
    """Class -> reason."""
    lines = EXPECTED.read_text(encoding="utf-8").splitlines()
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines if line and not line.startswith("#")}


def newer(bench: Bench) -> list[Reach]:
    """What is used without a look, in libraries and app."""
    (signatures,) = [path for path in bench.set("signatures") if f"-api-{bench.lane.min_sdk}-" in path.name]
    everything = [*bench.lane.class_path, bench.work / "classes"]
    printed = bench.java(bench.set("sniffer"), HERE / "java/MinApi.java", [signatures, *everything])
    found, archives = [], _Classes(bench)
    for line in printed.splitlines():
        match = LINE.match(line)
        if match and PLATFORM.match(owner(match["what"])) and not archives.looks(match["type"]):
            found.append(Reach(match["type"], match["what"]))
    return found


def owner(what: str) -> str:
    """The class of a reference: "int android.os.Build.getX(int)" -> "android.os.Build"."""
    head = what.partition("(")[0]
    return head.rpartition(" ")[2].rpartition(".")[0] if " " in head else head


class _Classes:
    """The class files of the libraries, and of the app."""

    def __init__(self, bench: Bench) -> None:
        self._files: dict[str, bytes] = {}
        self._groups: dict[str, list[str]] = {}
        for jar in bench.lane.class_path:
            with zipfile.ZipFile(jar) as archive:
                for name in archive.namelist():
                    if name.endswith(".class"):
                        self._add(name.removesuffix(".class"), archive.read(name))
        root = bench.work / "classes"
        for path in root.rglob("*.class"):
            self._add(path.relative_to(root).with_suffix("").as_posix(), path.read_bytes())

    def _add(self, name: str, content: bytes) -> None:
        self._files[name] = content
        self._groups.setdefault(name.partition("$")[0], []).append(name)

    def looks(self, name: str) -> bool:
        """Whether a class, or one in the same source, is written with levels in mind."""
        if LOOKS.search(name):
            return True
        return any(b"SDK_INT" in self._files[each] for each in self._groups.get(name.partition("$")[0], ()))
