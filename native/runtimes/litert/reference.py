"""What the runtime's own Python gives: reference.py MODEL INPUT OUTPUT, the elements of its one input and output."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

model, source, target = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=1)
interpreter.allocate_tensors()
(given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
values = np.frombuffer(Path(source).read_bytes(), dtype=given["dtype"]).reshape(given["shape"])
interpreter.set_tensor(given["index"], values)
interpreter.invoke()
Path(target).write_bytes(interpreter.get_tensor(result["index"]).tobytes())
