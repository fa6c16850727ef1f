"""The core under the sanitizers: python tests/native/sanitize.py [echo|llama_cpp ...].

Address and undefined-behaviour sanitizers run the scenario and the threads; the thread sanitizer runs the threads. With
`llama_cpp` all of llama.cpp is built that way too, and a tiny model made here is used.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from core.tiny_model import write_tiny_model
from handheld.tools import open_tools
from native.support import build, manifest, render, run_checks, weights

FLAVOURS = {"address,undefined": ("scenario", "threads"), "thread": ("threads", "scenario")}
"""Sanitizers, and the programs that run under them."""
STRICT = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}


def main(runtimes: list[str]) -> int:
    """Run every flavour for every runtime; prints one line each and the closing line."""
    tools = open_tools()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        for runtime in runtimes:
            folder = Path(name) / runtime
            model = "echo" if runtime == "echo" else str(write_tiny_model(Path(name) / "tiny.gguf"))
            app = render(folder / "app", runtime, model, tools)
            for flavour, programs in FLAVOURS.items():
                arguments = ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DHH_SANITIZE={flavour}", "-DGGML_NATIVE=OFF"]
                where = build(app, folder / flavour.partition(",")[0], programs, tools, arguments=arguments)
                for program in programs:
                    inputs: list[str | Path] = (
                        [manifest(app), weights(app)] if program == "scenario" else [manifest(app), "60"]
                    )
                    checks = run_checks(where / program, inputs, tools, STRICT)
                    good = checks.done > 0 and checks.failed == 0
                    passed, failed = passed + good, failed + (not good)
                    print(f"{runtime}, {flavour}, {program}: {checks.done} checks, {checks.failed} failures")
                    if not good:
                        print(checks.output)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["echo"]))
