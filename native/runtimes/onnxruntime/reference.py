"""What the runtime's own Python gives: reference.py MODEL INPUT OUTPUT, the elements of its one input and output."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime

model, source, target = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
(given,) = session.get_inputs()
values = np.frombuffer(Path(source).read_bytes(), dtype=np.float32).reshape(given.shape)
Path(target).write_bytes(session.run(None, {given.name: values})[0].tobytes())
