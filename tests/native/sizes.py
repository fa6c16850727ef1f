"""What each runtime adds to an app, in bytes: python -m native.sizes [RUNTIME ...].

The host's libraries grow by a runtime that is compiled into them; one that is opened lies beside them. In an APK the
first is built by the same CMake files with Debian's GCC for 64-bit ARM, as `nox -s variants` does; the second is in an
Android package that Gradle brings, which is not measured. Writes docs/generated/runtime_sizes.json.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from handheld.build import build_app
from handheld.catalog import Runtime, load_catalog
from handheld.facts import HostFacts, gather_host
from handheld.libraries import fetch_libraries
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.resources import root
from handheld.sizes import RuntimeSize, record_sizes
from handheld.tools import Tools, open_tools
from native.support import SHAPES, render, tiny_file, tiny_model
from native.variants import ARM, build_variants, stripped

BASE = "echo"
"""The example runtime, which adds next to nothing: what the others are measured against."""


def main(arguments: Sequence[str]) -> int:
    """Measure the runtimes named, or all; print and keep the figures."""
    tools = open_tools()
    catalog = load_catalog(root())
    host = gather_host(root())
    here = {name: runtime for name, runtime in catalog.runtimes.items() if name != BASE and runtime.runs_here(host.os)}
    chosen = [runtime for name, runtime in here.items() if not arguments or name in arguments]
    commit = tools.run(["git", "rev-parse", "--short", "HEAD"]).stdout.strip()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    measured: dict[str, RuntimeSize] = {}
    for runtime in chosen:
        with tempfile.TemporaryDirectory() as name:
            core = grown(runtime, Path(name), tools, arm=False)
            android = None if runtime.libraries else grown(runtime, Path(name), tools, arm=True)
            opened = opened_bytes(runtime, host, tools, Path(name))
        size = RuntimeSize(core, opened, android, f"{host.os} {host.arch}", today, commit)
        print(f"{runtime.name}: {size}", flush=True)
        measured[runtime.name] = size
    record_sizes(root(), measured)
    print(f"{len(measured)} runtimes measured")
    return 0 if measured else 1


def grown(runtime: Runtime, folder: Path, tools: Tools, *, arm: bool) -> int | None:
    """By how much an app's own libraries grow when the runtime takes the place of the example."""
    made = tiny_model(runtime.name)
    shape = next((shape for shape in runtime.shapes if hasattr(made, SHAPES[shape].function)), None)
    if shape is None or (arm and tools.find(f"{ARM}-g++") is None):
        return None
    sizes = []
    for name in (runtime.name, BASE):
        place = folder / f"{name}-{'arm' if arm else 'host'}"
        place.mkdir()
        app = render(place / "app", name, tiny_file(name, shape, place), tools, task=SHAPES[shape].task)
        sizes.append(sum(size for _, size in libraries(app, place, tools, arm=arm)))
    return sizes[0] - sizes[1]


def libraries(app: RenderedApp, folder: Path, tools: Tools, *, arm: bool) -> list[tuple[str, int]]:
    """The app's own libraries for this machine, or as in an APK, without symbols."""
    if arm:
        built = build_variants(app, folder / "programs", tools, arm=True)
        return stripped([*built.libraries.glob("*.so")], f"{ARM}-strip", tools, folder)
    library = build_app(app, tools, SilentProgress()).library
    opened = {item.name for item in app.lock.libraries}
    own = [path for path in library.parent.glob(f"*{library.suffix}") if path.name not in opened]
    return stripped(own, "strip", tools, folder)


def opened_bytes(runtime: Runtime, host: HostFacts, tools: Tools, folder: Path) -> int | None:
    """The libraries that it opens on this machine, without symbols."""
    paths = fetch_libraries(runtime.libraries, host.os, host.arch, tools, SilentProgress())
    return sum(size for _, size in stripped([*paths.values()], "strip", tools, folder)) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
