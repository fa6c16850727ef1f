"""One request where memory is scarce: python starved.py <core> <task.json> <port> <rows> <megabytes>.

A first task brings everything in that is opened once. Then the limit is set, and a second one is opened, loaded and
asked. Prints the status, "ok" for none, and the sentence.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

from handheld.app_errors import CoreError
from handheld.binding import Task, Value
from handheld.status import DType, Kind

TEXTS = {"user": "hello", "text": "the parrot talks"}
SETTINGS = {"user": {"max_tokens": 4}}
BYTES = {DType.F32: 4, DType.U8: 1}


def request(task: Task, port: str, rows: int) -> list[Value]:
    """What is sent: a text, or arrays for all inputs of the model, whose free sizes are `rows`."""
    if port in TEXTS:
        return [Value.of(TEXTS[port], port)]
    loaded: Any = task.info()["loaded"]
    values = []
    for given in loaded["inputs"]:
        dtype = DType[given["type"].upper()]
        shape = tuple(size if isinstance(size, int) and size > 0 else rows for size in given["shape"])
        zeros = bytes(BYTES[dtype] * math.prod(shape))
        values.append(Value(Kind.TENSOR, zeros, given["name"], dtype=dtype, shape=shape))
    return values


def main(library: str, manifest: str, port: str, rows: str, megabytes: str) -> int:
    """Run twice, the second time in a corner."""

    def opened() -> Task:
        return Task(Path(library), Path(manifest), options={"threads": 1})

    with opened() as task:
        task.load()
        task.configure(SETTINGS.get(port, {}))
        values = request(task, port, int(rows))
        for _ in task.stream(values if port in TEXTS else [Value.of("1", "example")]):
            pass
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + int(megabytes) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        with opened() as task:
            task.load()
            task.configure(SETTINGS.get(port, {}))
            for _ in task.stream(values):
                pass
        print(json.dumps(["ok", ""]))
    except CoreError as error:
        print(json.dumps([error.name, error.what]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
