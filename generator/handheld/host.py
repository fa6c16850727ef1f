"""The core on this machine: CMake and Ninja build an app's native/ into one library, kept by content hash.

A finished library lies in <cache>/host/<hash of everything it depends on>/lib. Objects lie in <cache>/work/<hash of
compiler, flags and vendored sources>: builds of apps with the same runtimes share them, and an edited file costs one
compilation. `Task` is how a library is used; see binding.py.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType

from handheld.app_errors import BuildFailed, BuildOutOfMemory, NoCompiler
from handheld.copying import link
from handheld.errors import CacheReadOnly, DiskFull
from handheld.progress import Progress, ProgressHandle
from handheld.tools import Completed, Tools

LIBRARY = "libhandheld.dylib" if sys.platform == "darwin" else "libhandheld.so"
PRESET = "host"
NOT_FOR_HOST = ("bindings/kotlin/", "bindings/swift/", "build/", ".build/", "Package.swift")
"""Below native/: what no build for this machine reads."""
BUILD_VARIABLES = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MACOSX_DEPLOYMENT_TARGET")
"""What CMake takes from the environment; part of the hash."""
NEEDED_BYTES = 300_000_000
"""Free space that a build needs at most: objects, and the library twice."""
STEP = re.compile(r"^\[(\d+)/(\d+)\]")
SAYS_WHY = re.compile(r"(^|[\s:])(fatal )?error:|^CMake Error|undefined reference|undefined symbol|No space left")
OUT_OF_MEMORY = re.compile(r"Killed signal terminated|signal 9|out of memory|Cannot allocate memory", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HostLibrary:
    """A built core. `from_cache` is true when nothing had to be compiled."""

    path: Path
    from_cache: bool


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What builds: the compilers, and CMake and Ninja from this Python environment or from PATH."""

    cc: Path
    cxx: Path
    cmake: Path
    ninja: Path


def build_library(
    native: Path,
    arguments: Sequence[str],
    tools: Tools,
    progress: Progress,
    beside: Mapping[str, Path] = MappingProxyType({}),
) -> HostLibrary:
    """Build an app's native/ folder for this machine, or take the library from the cache.

    Args:
        native: The folder with CMakeLists.txt and CMakePresets.json.
        arguments: The runtimes' own CMake arguments, such as "-DGGML_NATIVE=ON".
        tools: Where compilers and the cache are.
        progress: Shows the compiler's steps.
        beside: Libraries that runtimes open, by the names under which they are put beside the core.

    Raises:
        MachineError: no compiler, disk full, not enough memory, the cache cannot be written.
        AppError: the compiler, CMake or Ninja refused; the message holds the lines that say why.
    """
    toolchain = find_toolchain(tools)
    files = _file_hashes(native)
    recipe = _recipe(arguments, toolchain, tools)
    opened = [f"{name} {path.stat().st_size} {path.stat().st_mtime_ns}" for name, path in sorted(beside.items())]
    key = _hash([recipe, *opened, *(f"{name} {digest}" for name, digest in files.items())])
    library = tools.cache / "host" / key / "lib" / LIBRARY
    if library.is_file():
        return HostLibrary(library, from_cache=True)
    vendored = [f"{name} {digest}" for name, digest in files.items() if name.startswith("third_party/")]
    # Options of our own (HH_JNI) change nothing in vendored objects, which are most of the work.
    shared = [argument for argument in arguments if not argument.startswith("-DHH_JNI")]
    work = tools.cache / "work" / _hash([_recipe(shared, toolchain, tools), *vendored])
    with tools.lock(f"build-{work.name}", progress), _disk_errors(tools.cache):
        if not library.is_file():
            _check_space(tools.cache)
            _synchronise(native, work / "source", files)
            _build(_Job(native, work, key, toolchain, tuple(arguments)), tools, progress)
            _keep(work / "build" / "lib" / LIBRARY, library, beside)
    return HostLibrary(library, from_cache=False)


def find_toolchain(tools: Tools) -> Toolchain:
    """The compilers (CC and CXX, else by their usual names), CMake and Ninja.

    Raises:
        MachineError: something is missing; the message has the command that brings it.
    """
    cc, cxx = _compiler(tools, "CC", ("cc", "gcc", "clang")), _compiler(tools, "CXX", ("c++", "g++", "clang++"))
    if cc is None or cxx is None or (sys.platform == "darwin" and _is_stub(tools, cxx)):
        fixes = {"darwin": "xcode-select --install", "linux": "sudo apt install g++"}
        raise NoCompiler(tools.environ.get("PATH", ""), fixes.get(sys.platform, "Install GCC or Clang for C++20"))
    return Toolchain(cc, cxx, packaged(tools, "cmake", "CMAKE_BIN_DIR"), packaged(tools, "ninja", "BIN_DIR"))


def packaged(tools: Tools, name: str, constant: str) -> Path:
    """A program that a Python package brings (`constant` names its folder there), else the one on PATH."""
    folder = getattr(_import(name), constant, None)
    found = tools.find(str(Path(folder) / name)) if folder else None
    return found or tools.require(name, f"{shlex.quote(sys.executable)} -m pip install {name}")


def _import(name: str) -> ModuleType | None:
    import importlib  # noqa: PLC0415 - a build alone needs it

    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _compiler(tools: Tools, variable: str, names: Sequence[str]) -> Path | None:
    chosen = shlex.split(tools.environ.get(variable, ""))
    return next((found for found in map(tools.find, chosen[:1] or names) if found), None)


def _is_stub(tools: Tools, compiler: Path) -> bool:
    """Whether it is macOS's placeholder, which only asks to install the real one."""
    return compiler.parent == Path("/usr/bin") and tools.run(["xcode-select", "-p"], check=False).returncode != 0


# What a build depends on.


def _file_hashes(native: Path) -> dict[str, str]:
    """Every file of native/ that a build for this machine can read, with its sha256."""
    hashes = {}
    for path in sorted(native.rglob("*")):
        name = path.relative_to(native).as_posix()
        if not name.startswith(NOT_FOR_HOST) and path.is_file():
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


def _recipe(arguments: Sequence[str], toolchain: Toolchain, tools: Tools) -> str:
    """Everything but the sources, as text."""
    compilers = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in (toolchain.cc, toolchain.cxx)]
    variables = [f"{name}={tools.environ.get(name, '')}" for name in BUILD_VARIABLES]
    return "\n".join([platform.machine(), _processor(), *compilers, *arguments, *variables])


def _processor() -> str:
    """What the processor can do: with GGML_NATIVE a library is no good on an older one that shares the cache."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _hash(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


# Building.


@dataclass(frozen=True, slots=True)
class _Job:
    """One build: the app's folder, the working folder, the hash of the result."""

    native: Path
    work: Path
    key: str
    toolchain: Toolchain
    arguments: tuple[str, ...]


def _synchronise(native: Path, source: Path, files: Mapping[str, str]) -> None:
    """Make `source` a copy of native/ in which a file that did not change keeps its time, so that Ninja skips it."""
    for name, digest in files.items():
        target = source / name
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(native / name, target)
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(source).as_posix() not in files:
            path.unlink()


def _build(job: _Job, tools: Tools, progress: Progress) -> None:
    chain, build = job.toolchain, job.work / "build"
    environ = {name: str(path) for name, path in (("CC", chain.cc), ("CXX", chain.cxx)) if not tools.environ.get(name)}
    configure: list[str | Path] = [chain.cmake, "-S", job.work / "source", "-B", build, "--preset", PRESET]
    configure += [f"-DCMAKE_MAKE_PROGRAM={chain.ninja}", "-DHH_JNI=OFF", *job.arguments]
    log = _Log(tools.cache / "logs" / f"host-{job.key}.log", job)
    with progress.task("Building the core for this machine", unit="steps") as handle:
        done = tools.stream(configure, log.add, cwd=job.work / "source", env=environ, check=False)
        log.check("Configuring the core", done)
        compile_: list[str | Path] = [chain.ninja, "-C", build, "-j", _jobs(tools), "handheld"]
        done = tools.stream(compile_, lambda line: _step(line, log, handle), env=environ, check=False)
        log.check("Building the core", done)
        handle.update(log.steps, log.steps)


def _jobs(tools: Tools) -> str:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tools.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(cpus)


def _step(line: str, log: _Log, handle: ProgressHandle) -> None:
    """Keep a line, and move the bar; Ninja counts steps too that it then need not take, so the last one fills it."""
    log.add(line)
    if step := STEP.match(line):
        handle.update(int(step[1]), int(step[2]))


class _Log:
    """All output of a build, written to a file only when it fails. Paths are shown as the app's own."""

    def __init__(self, path: Path, job: _Job) -> None:
        self._path = path
        self._lines: list[str] = []
        # A ccache with a base_dir makes the compiler's paths relative to the folder of the build.
        source = re.escape(str(job.work / "source"))
        self._source, self._native = re.compile(rf"{source}|(?<![\w./])\.\./source(?=/)"), str(job.native)
        self._build = job.work / "build"
        self.steps = 0

    def add(self, line: str) -> None:
        """Take one line of output."""
        if step := STEP.match(line):
            self.steps = int(step[2])
        self._lines.append(self._source.sub(lambda _: self._native, line))

    def check(self, what: str, done: Completed) -> None:
        """Raise when the command failed."""
        if done.returncode == 0:
            return
        # A half-made configuration may be the reason, and is cheap to make again; objects are kept.
        (self._build / "CMakeCache.txt").unlink(missing_ok=True)
        text = "\n".join(self._lines)
        if "No space left on device" in text:
            raise DiskFull("the core's build", self._build, NEEDED_BYTES)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(text + "\n", encoding="utf-8")
        if OUT_OF_MEMORY.search(text):
            raise BuildOutOfMemory(self._path)
        raise BuildFailed(what, self._reasons(), self._path)

    def _reasons(self) -> list[str]:
        """The lines that say why, each with the two that follow; the last lines when none does."""
        chosen: dict[int, str] = {}
        for index, line in enumerate(self._lines):
            if SAYS_WHY.search(line) and len(chosen) < 10:
                chosen |= dict(enumerate(self._lines[index : index + 3], index))
        return [line for _, line in sorted(chosen.items())][:12] or self._lines[-8:]


def _keep(built: Path, library: Path, beside: Mapping[str, Path]) -> None:
    """Put a finished library in its place in one step, with those that it opens."""
    folder = library.parent.parent
    for stale in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(stale, ignore_errors=True)
    temporary = folder.parent / f"{folder.name}.new-{os.getpid()}"
    (temporary / "lib").mkdir(parents=True)
    try:
        shutil.copy2(built, temporary / "lib" / LIBRARY)
        for path in built.parent.glob(f"*{built.suffix}"):  # what a runtime builds to be opened
            if path.name not in beside:
                link(path, temporary / "lib" / path.name)
        for name, path in beside.items():
            link(path, temporary / "lib" / name)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _check_space(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache).free < NEEDED_BYTES:
        raise DiskFull("the core's build", cache, NEEDED_BYTES)


@contextmanager
def _disk_errors(cache: Path) -> Iterator[None]:
    import errno  # noqa: PLC0415 - a build alone needs it

    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull("the core's build", cache, NEEDED_BYTES) from error
        raise CacheReadOnly(cache, error) from error
