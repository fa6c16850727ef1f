"""What the lanes over the core share: a rendered app, and test programs built against its native/ folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from handheld.catalog import load_catalog
from handheld.copying import link
from handheld.facts import gather_facts, gather_host
from handheld.host import find_toolchain
from handheld.libraries import fetch_libraries
from handheld.models import fetch_models
from handheld.plan import make_plan
from handheld.progress import Progress, SilentProgress
from handheld.render import RenderedApp, render_app
from handheld.resources import root
from handheld.spec import Request, read_spec
from handheld.tools import Tools

SOURCES = Path(__file__).resolve().parents[2] / "native" / "tests"
"""The CMake project of the test programs."""
RUNTIMES = SOURCES.parent / "runtimes"
SANITIZED = (
    "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
    "-DGGML_NATIVE=OFF",
    # Most of a lane's time is the compiler's: code that runs for seconds need not be the fastest.
    *(f"-DCMAKE_{language}_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG -g1" for language in ("C", "CXX")),
)
"""What every build with sanitizers is given."""
RESULT = re.compile(r"^\w+: (\d+) checks, (\d+) failures$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checks:
    """What a test program counted, and all that it printed."""

    done: int
    failed: int
    output: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How a shape is tested: the task whose apps are rendered, and the function of tiny_model.py that gives a model."""

    task: str
    function: str


SHAPES = {
    "generate": Shape("chat", "tiny_model"),
    "tensors": Shape("tensors", "tiny_tensors"),
    "embed": Shape("tensors", "tiny_embed"),
}


def runtimes(shape: str = "generate") -> tuple[str, ...]:
    """Every runtime that has the shape and brings a model for tests of it."""
    having = [name for name, runtime in load_catalog(root()).runtimes.items() if shape in runtime.shapes]
    found = tuple(name for name in having if hasattr(tiny_model(name), SHAPES[shape].function))
    assert len(found) > 1
    return found


def tiny_file(runtime: str, shape: str, folder: Path) -> str:
    """What `--model` takes: a small model of this shape, made in `folder` or of the catalogue."""
    made: str = getattr(tiny_model(runtime), SHAPES[shape].function)(folder)
    return made


def tiny_model(runtime: str) -> ModuleType:
    """A runtime's tiny_model.py; `tiny_model(folder)`, `tiny_tensors` and `tiny_embed` give what `--model` takes."""
    spec = spec_from_file_location(f"tiny_model_of_{runtime}", RUNTIMES / runtime / "tiny_model.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def render(
    directory: Path,
    runtime: str,
    model: str,
    tools: Tools,
    *,
    task: str = "chat",
    platform: str = "android",
    progress: Progress | None = None,
) -> RenderedApp:
    """Render an app as `handheld new` does; its sources come from the cache of `tools`, or from the index."""
    return render_tasks(directory, runtime, {task: model}, tools, platform=platform, progress=progress)


def render_tasks(
    directory: Path,
    runtime: str,
    models: Mapping[str, str],
    tools: Tools,
    *,
    platform: str = "android",
    progress: Progress | None = None,
) -> RenderedApp:
    """The same with several tasks, each with its model."""
    catalog = load_catalog(root())
    request = Request(
        "Lab",
        tasks=tuple(models),
        runtimes=tuple(f"{task}={runtime}" for task in models),
        models=tuple(f"{task}={model}" for task, model in models.items()),
        platforms=(platform,),
        directory=directory,
        force=True,
    )
    spec = read_spec(request, catalog)
    plan = make_plan(spec, catalog, gather_facts(spec, catalog))
    return render_app(plan, fetch_models(plan, tools, progress or SilentProgress()))


def manifest(app: RenderedApp) -> Path:
    """The app's task.json."""
    return app.directory / app.lock.tasks[0].manifest


def weights(app: RenderedApp) -> Path:
    """The app's model file."""
    name = json.loads(manifest(app).read_text(encoding="utf-8"))["files"]["weights"]
    return manifest(app).with_name(name)


def build(
    app: RenderedApp,
    folder: Path,
    targets: Sequence[str],
    tools: Tools,
    *,
    arguments: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Build test programs against the app's core; gives the folder that holds them."""
    toolchain = find_toolchain(Tools(tools.cache, {**tools.environ, **(environ or {})}))
    configure: list[str | Path] = [
        toolchain.cmake, "-S", SOURCES, "-B", folder, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={toolchain.ninja}",
        f"-DCMAKE_C_COMPILER={toolchain.cc}", f"-DCMAKE_CXX_COMPILER={toolchain.cxx}",
        f"-DHH_APP={app.directory / 'native'}", *arguments,
    ]  # fmt: skip
    tools.run(configure)
    tools.run([toolchain.cmake, "--build", folder, "--target", *targets])
    machine = gather_host(folder)
    # What the core opens lies beside the core: a library, or a part of a program.
    for path in (folder / "lib").glob("*.so"):
        (folder / path.name).unlink(missing_ok=True)
        link(path, folder / path.name)
    for name, path in fetch_libraries(app.lock.libraries, machine.os, machine.arch, tools, SilentProgress()).items():
        for place in (folder, folder / "lib"):
            if place.is_dir():
                link(path, place / name)
    return folder


def run_checks(
    program: Path, arguments: Sequence[str | Path], tools: Tools, env: Mapping[str, str] | None = None
) -> Checks:
    """Run a test program to its end. A program that does not report its count has failed, whatever its exit code."""
    done = tools.run([program, *arguments], env=env, timeout=900, check=False)
    output = done.stdout + done.stderr
    counted = RESULT.search(done.stdout)
    if counted is None or done.returncode not in (0, 1):
        return Checks(0, 1, f"{output}\nended with exit code {done.returncode}")
    failed = int(counted[2])
    return Checks(int(counted[1]), max(failed, done.returncode), output)
