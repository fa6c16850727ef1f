"""One run in a process of its own: python probe.py <core> <task.json> <weights> <accelerator> <port> <text>.

Prints one line of JSON: the core's report, and every output's numbers, or the log-probability of each of the text's
tokens; or the status and sentence of a failure. It is a process of its own because a device is found, or not, once in
a process.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.status import DType, Kind

SCORES = "prompt_logprobs"
ASKED: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "example": ({}, {"repeats": 1}),
    "text": ({}, {}),
    "user": ({"trace": True, SCORES: True}, {"max_tokens": 1}),
}
"""Port -> options and settings."""
VERSIONS = ("onnxruntime", "litert", "llama_cpp")
"""The runtimes' names, by which each tells its version."""
FORMATS = {DType.F32: "f", DType.U8: "B", DType.I64: "q"}


def numbers(value: Value) -> list[float]:
    """A tensor's elements."""
    code = FORMATS[value.dtype]
    return list(struct.unpack(f"<{len(value.data) // struct.calcsize(code)}{code}", value.data))


def main(library: str, manifest: str, weights: str, accelerator: str, port: str, text: str) -> int:
    """Load, run once, print."""
    more, settings = ASKED[port]
    options = {"threads": 1, "accelerator": accelerator, **more}
    files = [File("weights", path=Path(weights))]
    try:
        with Task(Path(library), Path(manifest), files=files, options=options) as task:
            task.load()
            task.configure(settings)
            values = list(task.stream([Value.of(text, port=port)]))
            values = [value for value in task.trace() if value.port == SCORES] if SCORES in more else values
            outputs = {value.port: numbers(value) for value in values if value.kind is Kind.TENSOR}
            loaded: Any = task.info()["loaded"]
            version = next((loaded[name] for name in VERSIONS if name in loaded), "")
            print(json.dumps({"report": task.report(), "outputs": outputs, "version": version}))
    except CoreError as error:
        print(json.dumps({"status": error.status, "message": error.what}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
