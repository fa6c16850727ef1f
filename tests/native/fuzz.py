"""libFuzzer over the core's doors: python tests/native/fuzz.py [SECONDS].

Three targets, each for SECONDS (20): task.json, model files up to their weights, and sequences of calls. A finding is
kept in build/fuzz/ and printed with the command that repeats it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from core.tiny_model import write_tiny_model
from handheld.tools import Tools, open_tools
from native.support import build, manifest, render

FINDINGS = Path("build/fuzz")
TARGETS = ("fuzz_manifest", "fuzz_model", "fuzz_calls")


def main(seconds: int) -> int:
    """Build the targets with clang, fuzz each, print what was found and the closing line."""
    tools = open_tools()
    clang = tools.require("clang++", "sudo apt install clang")
    FINDINGS.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = write_tiny_model(folder / "tiny.gguf")
        echo = render(folder / "echo", "echo", "echo", tools)
        llama = render(folder / "llama", "llama_cpp", str(tiny), tools)
        arguments = [
            "-DHH_FUZZ=ON", "-DHH_SANITIZE=address,undefined", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DGGML_NATIVE=OFF",
            # Half of a lane's time is the compiler's: code that runs for seconds need not be the fastest.
            *(f"-DCMAKE_{language}_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG -gline-tables-only" for language in ("C", "CXX")),
        ]  # fmt: skip
        compilers = {"CC": str(clang.with_name("clang")), "CXX": str(clang)}
        echo_programs = build(
            echo, folder / "b-echo", ["fuzz_manifest", "fuzz_calls"], tools, arguments=arguments, environ=compilers
        )
        llama_programs = build(llama, folder / "b-llama", ["fuzz_model"], tools, arguments=arguments, environ=compilers)
        seeds = {
            "fuzz_manifest": [manifest(echo).read_bytes()],
            "fuzz_model": [tiny.read_bytes(), tiny.read_bytes()[:9000]],
            "fuzz_calls": [bytes([0, 1, 4, 5, 6, 11, 12]), bytes([0, 33, 4, 5, 8, 6, 9, 1, 4, 6, 15, 0, 1, 4, 6])],
        }
        for target in TARGETS:
            programs, app = (llama_programs, llama) if target == "fuzz_model" else (echo_programs, echo)
            corpus = folder / target
            corpus.mkdir()
            for number, seed in enumerate(seeds[target]):
                (corpus / f"seed-{number}").write_bytes(seed)
            failed += not fuzz(programs / target, corpus, manifest(app), seconds, tools)
    print(f"{len(TARGETS) - failed} passed, {failed} failed")
    return 1 if failed else 0


def fuzz(program: Path, corpus: Path, task: Path, seconds: int, tools: Tools) -> bool:
    """Run one target; True when it found nothing and really ran."""
    argv: list[str | Path] = [
        program, corpus, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=500000",
        f"-artifact_prefix={FINDINGS.resolve()}/{program.name}-", "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    done = tools.run(argv, env={"HH_MANIFEST": str(task)}, timeout=seconds + 300, check=False)
    runs = [line for line in done.stderr.splitlines() if line.startswith("stat::number_of_executed_units:")]
    count = int(runs[-1].rpartition(":")[2]) if runs else 0
    print(f"{program.name}: {count} inputs in {seconds} s, {'nothing found' if done.returncode == 0 else 'FOUND:'}")
    if done.returncode != 0:
        print(done.stderr[-4000:])
        print(f"repeat: HH_MANIFEST={task} {program} {FINDINGS}/{program.name}-*")
    return done.returncode == 0 and count > 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
