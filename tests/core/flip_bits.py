"""Damages a model's header bit by bit and uses it: python flip_bits.py LIBRARY MANIFEST MODEL FIRST LAST STEP.

Runs in a process of its own, because a fault of the core would end it. Prints each bit before it is tried, so that the
test can name the last one, and at the end how many damaged models were refused or used.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.status import Status


def use(library: Path, manifest: Path, model: bytes) -> str:
    """What comes of one damaged model: "used", or the name of the status that refused it."""
    try:
        with Task(
            library, manifest, files=[File("weights", data=model)], options={"threads": 1, "context": 64}
        ) as task:
            task.load()
            task.configure({"max_tokens": 2, "temperature": 0})
            for _ in task.stream([Value.of("hi", port="user")]):
                pass
        return "used"
    except CoreError as error:
        return Status(error.status).name


def main(library: str, manifest: str, model: str, first: str, last: str, step: str) -> None:
    """Try every STEPth bit from FIRST to LAST."""
    whole = Path(model).read_bytes()
    outcomes: Counter[str] = Counter()
    for bit in range(int(first), int(last), int(step)):
        print(f"bit {bit}", flush=True)
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        outcomes[use(Path(library), Path(manifest), bytes(damaged))] += 1
    print("outcomes:", dict(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
