"""The model that tests give to the runtime `echo`."""

from __future__ import annotations

from pathlib import Path

TENSORS = """echo
input x f32 n 2
input step f32 1 2
input sum f32 1 2
input pixels u8 4 scale=0.5 zero_point=128
output y = 2 x
output total = 1 step + 1 sum
output copy = 1 pixels
"""


def tiny_model(folder: Path) -> str:
    """What `--model` takes: a path, or a name of the catalogue. The model may be made in `folder`."""
    path = folder / "tiny.echo"
    path.write_text("echo\n", encoding="utf-8")
    return str(path)


def tiny_tensors(folder: Path) -> str:
    """The model that native/tests/tensors.cpp knows: what `--model` takes."""
    path = folder / "tensors.echo"
    path.write_text(TENSORS, encoding="utf-8")
    return str(path)


def tiny_embed(folder: Path) -> str:
    """What `--model` takes: a name of the catalogue, as the format alone does not say that texts are embedded."""
    del folder
    return "echo-embed"
