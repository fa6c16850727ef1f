"""libFuzzer over the core's doors: python tests/native/fuzz.py [SECONDS].

Each for SECONDS (20): task.json, sequences of calls and pictures, on the runtime `echo`; model files up to their
weights, on every other runtime that brings a tiny model. A finding is kept in build/fuzz/ and printed with the command
that repeats it.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

from handheld.tools import Tools, open_tools
from native.support import SANITIZED, build, manifest, render, runtimes, tiny_model, weights

FINDINGS = Path("build/fuzz")
SMALL = "echo"
"""The runtime of the targets that look at the core alone."""
SEEDS = {
    "fuzz_manifest": [],
    "fuzz_calls": [bytes([0, 1, 4, 5, 6, 11, 12]), bytes([0, 33, 4, 5, 8, 6, 9, 1, 4, 6, 15, 0, 1, 4, 6])],
    "fuzz_image": [
        struct.pack("<10i4H4f2B2x", *numbers, *fractions, kind, kind) + bytes(range(200))
        for kind, (numbers, fractions) in enumerate(
            [
                ((6, 5, 90, 0, 24, 0, 0, 4, 0, 0, 9, 3, 0, 0), (0.0, 0.0, 5.0, 6.0)),
                ((6, 5, 180, 1, 6, 6, 6, 1, 2, 2, 4, 14, 30, 31), (0.9, 0.0, 0.0, 0.0)),
            ]
        )
    ],
}


def main(seconds: int) -> int:
    """Build the targets with clang, fuzz each, print what was found and the closing line."""
    tools = open_tools()
    clang = tools.require("clang++", "sudo apt install clang")
    FINDINGS.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[Path, Path, list[bytes]]] = []
    with tempfile.TemporaryDirectory() as name:
        arguments = ["-DHH_FUZZ=ON", "-DHH_SANITIZE=address,undefined", *SANITIZED]
        compilers = {"CC": str(clang.with_name("clang")), "CXX": str(clang)}
        for runtime in runtimes():
            folder = Path(name) / runtime
            folder.mkdir()
            app = render(folder / "app", runtime, tiny_model(runtime).tiny_model(folder), tools)
            targets = list(SEEDS) if runtime == SMALL else ["fuzz_model"]
            programs = build(app, folder / "build", targets, tools, arguments=arguments, environ=compilers)
            model = weights(app).read_bytes()
            seeds = SEEDS | {"fuzz_manifest": [manifest(app).read_bytes()], "fuzz_model": [model, model[:9000]]}
            jobs += [(programs / target, manifest(app), seeds[target]) for target in targets]
        failed = sum(not fuzz(*job, seconds, tools) for job in jobs)
    print(f"{len(jobs) - failed} passed, {failed} failed")
    return 1 if failed else 0


def fuzz(program: Path, task: Path, seeds: list[bytes], seconds: int, tools: Tools) -> bool:
    """Run one target; True when it found nothing and really ran."""
    corpus = program.parent / f"corpus-{program.name}"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
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
