"""ggml's builds for different processors: python tests/native/variants.py [--write].

An Android app holds ggml's arithmetic several times and loads the one that fits the phone. This lane builds an app's
native/ folder that way, with the same CMake files, for this machine and for 64-bit ARM (Debian's GCC), and runs a tiny
quantized model on processors of several kinds, emulated by QEMU: which build is chosen, that nothing ends in an illegal
instruction, that all give the same answer, what happens when one is missing. --write keeps the libraries' sizes in
docs/generated/sizes.md.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from handheld.build import build_app
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.status import Status
from handheld.tools import Tools, open_tools
from native.support import build, manifest, render, tiny_model, weights

ARM = "aarch64-linux-gnu"
NEEDED = {f"{ARM}-g++": f"g++-{ARM}", "qemu-aarch64": "qemu-user", "qemu-x86_64": "qemu-user"}
"""The programs of this lane, and Debian's packages that bring them."""
PHONES = {
    "cortex-a53": "baseline",
    "cortex-a72": "baseline",
    "cortex-a76": "dotprod",
    "neoverse-n1": "dotprod",
    "max": "i8mm",
}
"""Processors that QEMU knows, and the build that fits each."""
INTEL = {"Nehalem": "baseline", "max": "avx2"}
MARKS = {"baseline": (), "dotprod": ("sdot",), "i8mm": ("sdot", "smmla")}
"""Instructions that each ARM build must have; it must have none of the others'."""
SIZES = Path("docs/generated/sizes.md")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program `answer` printed: report and text, or the status and sentence of a failure."""

    code: int
    report: dict[str, object]
    text: str

    @property
    def variant(self) -> object:
        """The build that computed."""
        return self.report.get("device")

    @property
    def note(self) -> str:
        """Why it is not a better one."""
        return str(self.report.get("accelerator_note", ""))


@dataclass(frozen=True, slots=True)
class Built:
    """An app's core with all variants, and the program over it."""

    programs: Path
    task: Path
    model: Path
    tools: Tools
    root: str = ""
    """Where QEMU finds the other machine's C library; empty for this machine's own."""

    @property
    def libraries(self) -> Path:
        """The folder of libhandheld and the variants."""
        return self.programs / "lib"

    def ask(self, cpu: str = "", *, variant: str = "", model: Path | None = None, threads: int = 2) -> Answer:
        """Run the program, on an emulated processor if one is named."""
        machine = f"qemu-{'aarch64' if self.root else 'x86_64'}"
        argv: list[str | Path] = [machine, "-cpu", cpu] if cpu else []
        if cpu and self.root:
            argv += ["-L", self.root]
        argv += [self.programs / "answer", self.task, model or self.model, str(threads), "Tell me about parrots."]
        done = self.tools.run(argv, env={"HANDHELD_CPU_VARIANT": variant}, timeout=120, check=False)
        first, _, rest = done.stdout.partition("\n")
        if done.returncode != 0:
            return Answer(done.returncode, {}, first)
        return Answer(0, json.loads(first), rest)

    @contextmanager
    def without(self, *variants: str) -> Iterator[None]:
        """As if these libraries had not been packed."""
        paths = [self.libraries / f"libggml-cpu-{name}.so" for name in variants]
        for path in paths:
            path.rename(path.with_suffix(".away"))
        try:
            yield
        finally:
            for path in paths:
                path.with_suffix(".away").rename(path)


def fits_here() -> str:
    """The variant for this machine's processor, by what the kernel says of it."""
    words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    if platform.machine() == "x86_64":
        return "avx2" if {"avx2", "fma", "f16c", "bmi2"} <= set(words) else "baseline"
    return "i8mm" if "i8mm" in words else "dotprod" if {"asimddp", "asimdhp"} <= set(words) else "baseline"


def refused(answer: Answer, status: Status, part: str) -> bool:
    """Whether the program ended with this status and a sentence that says `part`."""
    return answer.code == 3 and answer.text.startswith(f"{status.value} ") and part in answer.text


Check = tuple[str, Callable[[], bool]]


def choice(built: Built, cpu: str, best: str) -> list[Check]:
    """Choice, hook and fall-back on one processor; `cpu` "" is this machine's, and `best` the variant that fits it."""
    names = sorted(path.stem.removeprefix("libggml-cpu-") for path in built.libraries.glob("libggml-cpu-*.so"))
    usual = built.ask(cpu)

    def falls_back() -> bool:
        with built.without(best):
            answer = built.ask(cpu)
        return (
            answer.variant not in {None, best} and f"libggml-cpu-{best}.so" in answer.note and answer.text == usual.text
        )

    def none_is_there() -> bool:
        with built.without(*names):
            return refused(built.ask(cpu), Status.RUNTIME_MISSING, "libggml-cpu-baseline.so")

    def same(name: str) -> bool:
        answers = [built.ask(cpu, variant=name) for _ in range(2)]
        return all(a.variant == name and a.text == usual.text and a.text != "" for a in answers)

    def unknown_is_refused() -> bool:
        return refused(built.ask(cpu, variant="x"), Status.INVALID_ARGUMENT, "unknown")

    where = cpu or "this machine"
    return [
        (f"{where} gets {best}, without a remark", lambda: usual.variant == best and usual.note == ""),
        *((f"{where}: {name}, asked for, gives the same answer", partial(same, name)) for name in names),
        (f"{where}: without {best} the next one is used, and the report says so", falls_back),
        (f"{where}: without any the load fails with a sentence", none_is_there),
        (f"{where}: an unknown one is refused", unknown_is_refused),
    ]


def on_processors(built: Built, processors: dict[str, str], answers: set[str]) -> list[Check]:
    """The choice on each emulated processor; collects the answers."""

    def chosen(cpu: str, variant: str) -> bool:
        answer = built.ask(cpu)
        answers.add(answer.text)
        return answer.code == 0 and answer.variant == variant and answer.note == ""

    return [(f"{cpu} gets {variant}", partial(chosen, cpu, variant)) for cpu, variant in processors.items()]


def of_arm(built: Built, odd: Path) -> list[Check]:
    """What holds on 64-bit ARM besides the choice. `odd` is a model that fails a check of ggml's arithmetic."""
    baseline = built.libraries / "libggml-cpu-baseline.so"

    def illegal_instruction_would_be_seen() -> bool:
        with built.without("baseline"):
            shutil.copy2(built.libraries / "libggml-cpu-dotprod.so", baseline)
            code = built.ask("cortex-a53").code
            baseline.unlink()
        return code in {-signal.SIGILL, 128 + signal.SIGILL}

    def has_its_instructions(variant: str) -> bool:
        library = built.libraries / f"libggml-cpu-{variant}.so"
        code = built.tools.run([f"{ARM}-objdump", "-d", "--no-show-raw-insn", library]).stdout
        found = {mark for mark in ("sdot", "smmla") if f"\t{mark}\t" in code}
        return found == set(MARKS[variant])

    def refuses_what_cannot_run() -> bool:
        return refused(built.ask("cortex-a53", variant="dotprod"), Status.INVALID_ARGUMENT, "cannot run")

    def failed_check_is_a_status() -> bool:
        return refused(built.ask("cortex-a76", model=odd), Status.RUNTIME_FAILED, "internal check")

    return [
        ("one beyond the processor is refused", refuses_what_cannot_run),
        ("a wrong library would be seen: it ends by SIGILL", illegal_instruction_would_be_seen),
        *((f"{name} has its instructions and no others'", partial(has_its_instructions, name)) for name in MARKS),
        ("a failed check inside a variant is a status", failed_check_is_a_status),
    ]


def stripped(libraries: Sequence[Path], strip: str, tools: Tools, folder: Path) -> list[tuple[str, int]]:
    """Names and bytes of the libraries without symbols."""
    sizes = []
    for library in sorted(libraries):
        out = folder / "stripped.so"
        tools.run([tools.require(strip), "-o", out, library])
        sizes.append((library.name, out.stat().st_size))
    return sizes


def sizes_page(groups: Sequence[tuple[str, list[tuple[str, int]]]]) -> str:
    """sizes.md: a table for each kind of build."""
    lines = [
        "# Sizes of the native libraries",
        "",
        "Written by `nox -s variants -- --write`; do not edit. An app with llama.cpp and its Jinja engine, stripped.",
        "No NDK was at hand: what stands for an APK's libraries is built by the same CMake files with Debian's GCC,",
        "its C++ library inside, as there. The NDK's Clang and libc++ give figures of the same kind, not the same.",
    ]
    for title, sizes in groups:
        lines += ["", f"## {title}", "", "| library | bytes | MB |", "|---|---|---|"]
        lines += [f"| {name} | {size:,} | {size / 1e6:.2f} |" for name, size in sizes]
        if len(sizes) > 1:
            total = sum(size for _, size in sizes)
            lines.append(f"| all of them | {total:,} | {total / 1e6:.2f} |")
    return "\n".join(lines) + "\n"


def build_variants(app: RenderedApp, folder: Path, tools: Tools, *, arm: bool) -> Built:
    """Build the core, all its variants, where its runtime has some, and the program `answer`."""
    inside = "-static-libstdc++ -static-libgcc"  # as on Android: each library has its own
    arguments = [
        "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=OFF", "-DHH_CPU_VARIANTS=ON", "-DHH_TEST_SHARED=ON",
        f"-DCMAKE_SHARED_LINKER_FLAGS={inside}",
    ]  # fmt: skip
    environ = {}
    if arm:
        arguments += ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"]
        environ = {"CC": f"{ARM}-gcc", "CXX": f"{ARM}-g++"}
    names = ("baseline", "dotprod", "i8mm") if arm or platform.machine() != "x86_64" else ("baseline", "avx2")
    has_variants = any((app.directory / "native" / "runtimes").glob("*/cpu_variants.cmake"))
    targets = ["answer", *(f"ggml-cpu-{name}" for name in names if has_variants)]
    where = build(app, folder, targets, tools, arguments=arguments, environ=environ)
    return Built(where, manifest(app), weights(app), tools, f"/usr/{ARM}" if arm else "")


def main(arguments: Sequence[str]) -> int:
    """Build, run every check, print the closing line."""
    tools = open_tools()
    missing = sorted({package for program, package in NEEDED.items() if tools.find(program) is None})
    if missing:
        print(f"needs {', '.join(NEEDED)}: sudo apt install {' '.join(missing)}")
        return 1 if os.environ.get("CI", "").lower() == "true" else 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write = tiny_model("llama_cpp").write_tiny_model
        model = write(folder / "tiny.gguf", quantization="Q4_0")
        odd = write(folder / "odd.gguf", norm_type="I32")
        app = render(folder / "app", "llama_cpp", str(model), tools)
        here = build_variants(app, folder / "here", tools, arm=False)
        arm = build_variants(app, folder / "arm", tools, arm=True)
        answers: set[str] = set()
        checks = choice(here, "", fits_here()) + choice(arm, "max", "i8mm")
        checks += on_processors(arm, PHONES, answers) + of_arm(arm, odd)
        if platform.machine() == "x86_64":
            checks += on_processors(here, INTEL, set())
        checks.append(("every ARM processor gives the same answer", lambda: len(answers) == 1 and "" not in answers))
        failed = 0
        for title, check in checks:
            good = check()
            failed += not good
            print(f"{'passed' if good else 'FAILED'}  {title}", flush=True)
        intel = platform.machine() == "x86_64"
        alone = f"One library for this machine ({'x86-64' if intel else '64-bit ARM'}, with its own instructions)"
        groups = [
            (alone, stripped([build_app(app, tools, SilentProgress()).library], "strip", tools, folder)),
            ("arm64-v8a, as in an APK", stripped([*arm.libraries.glob("*.so")], f"{ARM}-strip", tools, folder)),
        ]
        if intel:
            groups += [("x86_64, as in an APK", stripped([*here.libraries.glob("*.so")], "strip", tools, folder))]
        page = sizes_page(groups)
    print(page)
    if "--write" in arguments:
        SIZES.write_text(page, encoding="utf-8")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
