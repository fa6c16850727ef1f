"""What the runtime's own Python gives: reference.py MODEL INPUT OUTPUT, the elements of its one input and output."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from executorch.runtime import Runtime

model, source, target = sys.argv[1:]
torch.set_num_threads(1)
method = Runtime.get().load_program(model).load_method("forward")
info = method.metadata.input_tensor_meta(0)
given = torch.frombuffer(bytearray(Path(source).read_bytes()), dtype=torch.float32).reshape(info.sizes())
Path(target).write_bytes(method.execute([given])[0].numpy().tobytes())
