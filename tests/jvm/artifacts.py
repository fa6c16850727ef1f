"""The JVM lane's downloads: Maven artefacts pinned by hash, fetched once with Maven itself.

Maven is used as the user has set it up (mirrors, proxies), and every file is compared with its hash in artifacts.lock.
What the default repository lacks comes from Google's, which a user's own Maven settings must name.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from handheld.errors import MachineError
from handheld.progress import Progress
from handheld.tools import Tools

TOTAL_BYTES = 800_000_000
"""All that Maven downloads for a first run, its own parts among them."""
LOCK = Path(__file__).with_name("artifacts.lock")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
DEPENDENCY = (
    "<dependency><groupId>{0.group}</groupId><artifactId>{0.name}</artifactId><version>{0.version}</version>"
    "<type>{0.type}</type><exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
    "</exclusions></dependency>"
)
POM = (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    "<groupId>dev.handheld</groupId><artifactId>jvm-lane</artifactId><version>1</version>"
    "<dependencies>{}</dependencies></project>"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One line of artifacts.lock. `kind` is the set it belongs to."""

    kind: str
    group: str
    name: str
    version: str
    type: str
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the cache, as Maven writes it with the group in front."""
        return f"{self.group}.{self.name}-{self.version}.{self.type}"


@dataclass(frozen=True, slots=True)
class Library:
    """One artefact as a build uses it. Only the parts that it has are set."""

    classes: Path | None = None
    resources: Path | None = None
    manifest: Path | None = None
    package: str | None = None


def read_lock(path: Path = LOCK) -> tuple[Artifact, ...]:
    """All artefacts of a lane.

    Raises:
        ValueError: a line is not `set group:name:version@type sha256`.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"(\w+) ([^:\s]+):([^:\s]+):([^@\s]+)@(\w+) ([0-9a-f]{64})", line)
        if match is None:
            raise ValueError(f"{path.name}: {line!r}")
        found.append(Artifact(*match.groups()))
    return tuple(found)


def fetch(
    cache: Path, tools: Tools, progress: Progress, lock: Sequence[Artifact] | None = None
) -> dict[str, list[Path]]:
    """Files of each set, in the order of the lock; only what is not in the cache yet is downloaded.

    Raises:
        MachineError: there is no Maven, or it could not fetch something.
        RuntimeError: a file is not the one that the lock names.
    """
    cache = cache.absolute()  # Maven takes paths from the folder of its pom
    cache.mkdir(parents=True, exist_ok=True)
    lock = read_lock() if lock is None else lock
    with tools.lock("jvm-lane", progress):
        missing = [artifact for artifact in lock if not (cache / artifact.file).is_file()]
        if missing:
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                _maven(missing, Path(scratch), tools, progress)
                for artifact in missing:
                    _check(artifact, Path(scratch) / "files" / artifact.file)
                for file in {artifact.file for artifact in missing}:  # two sets may share one
                    shutil.move(Path(scratch) / "files" / file, cache / file)
    files: dict[str, list[Path]] = {}
    for artifact in lock:
        files.setdefault(artifact.kind, []).append(cache / artifact.file)
    return files


def explode(files: Iterable[Path], folder: Path) -> list[Library]:
    """AARs unpacked below `folder`, jars as they are."""
    libraries = []
    for path in files:
        if path.suffix == ".jar":
            libraries.append(Library(classes=path))
            continue
        target = folder / path.stem
        if not target.is_dir():
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            with zipfile.ZipFile(path) as archive:  # its hash is known, so its names are too
                archive.extractall(part)
            part.rename(target)
        libraries += _parts(target)
    return libraries


def _parts(aar: Path) -> list[Library]:
    manifest = aar / "AndroidManifest.xml"
    package = re.search(r'package="([^"]+)"', manifest.read_text(encoding="utf-8"))
    has_resources = any(path.is_file() for path in (aar / "res").rglob("*"))
    main = Library(
        classes=aar / "classes.jar" if (aar / "classes.jar").is_file() else None,
        resources=aar / "res" if has_resources else None,
        manifest=manifest,
        package=package[1] if package else None,
    )
    return [main, *(Library(classes=jar) for jar in sorted((aar / "libs").glob("*.jar")))]


def _maven(artifacts: Sequence[Artifact], folder: Path, tools: Tools, progress: Progress) -> None:
    # Two sets hold different versions of one library, which Maven would unify: a project for each set keeps both.
    by_kind: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_kind.setdefault(artifact.kind, []).append(artifact)
    maven = tools.require("mvn", "sudo apt install maven")
    # A repository of its own: the files are kept in our cache, and twice would be too often.
    repository = folder / "repository"
    options: list[str | Path] = ["-q", "-B", "-Dmdep.prependGroupId=true", f"-Dmaven.repo.local={repository}"]
    with progress.task("Fetching what the JVM lane runs with", TOTAL_BYTES) as handle:

        def show() -> bool:
            handle.update(_size(repository), TOTAL_BYTES)
            return False

        for kind, members in by_kind.items():
            pom = folder / f"{kind}.xml"
            pom.write_text(POM.format("".join(map(_dependency, members))), encoding="utf-8")
            command = [maven, *options, "-f", pom, COPY, f"-DoutputDirectory={folder / 'files'}"]
            done = tools.stream(command, lambda _: None, on_tick=_seldom(show), check=False)
            if done.returncode != 0:
                why = [line for line in done.stdout.splitlines() if "ERROR" in line][:2]
                raise MachineError(
                    "\n".join([f"Maven could not fetch the set '{kind}'.", *why]),
                    "There is no network, or none of your Maven repositories has it: AndroidX is in Google's only.",
                    "Add Google's Maven repository to the active profile of ~/.m2/settings.xml, then: nox -s jvm",
                )


def _seldom(show: Callable[[], bool]) -> Callable[[], bool]:
    """Every twentieth call: looking at all files of a download ten times a second would cost more than it tells."""
    calls = itertools.count()
    return lambda: next(calls) % 20 == 0 and show()


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # Maven renames what it has finished
            size += path.stat().st_size
    return size


def _dependency(artifact: Artifact) -> str:
    plain = Artifact(**{field: escape(getattr(artifact, field)) for field in Artifact.__dataclass_fields__})
    return DEPENDENCY.format(plain)


def _check(artifact: Artifact, file: Path) -> None:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != artifact.sha256:
        raise RuntimeError(f"{artifact.file} has SHA-256 {digest}; {LOCK.name} says {artifact.sha256}")
